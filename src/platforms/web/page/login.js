import { openSession } from './api-client.js';

// A link from another site comes without the SameSite=Strict cookies, and shows this page although
// the browser is logged in; this page's own request carries them.
openSession().then(
  () => location.replace('/'),
  (error) => {
    if (error.status !== 401) throw error;
  },
);
