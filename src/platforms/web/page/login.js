import { openSession } from './api-client.js';

// Whoever follows a link from another site comes without the SameSite=Strict cookies and lands
// here although they are logged in: this page's own request carries them.
openSession().then(
  () => location.replace('/'),
  (error) => {
    if (error.status !== 401) throw error;
  },
);
