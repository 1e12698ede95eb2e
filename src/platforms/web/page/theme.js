// Runs before the first paint, so that the page never flashes in the wrong colours.
(() => {
  const themes = ['auto', 'light', 'dark'];

  function stored() {
    try {
      const theme = localStorage.getItem('parley.theme');
      return themes.includes(theme) ? theme : 'auto';
    } catch {
      // Without storage the system's theme counts.
      return 'auto';
    }
  }

  function apply(theme) {
    document.documentElement.dataset.theme = theme;
    const name = document.querySelector('#theme-name');
    if (name) name.textContent = theme;
  }

  apply(stored());
  addEventListener('storage', () => apply(stored()));
  addEventListener('DOMContentLoaded', () => {
    apply(document.documentElement.dataset.theme);
    document.querySelector('#theme')?.addEventListener('click', () => {
      const shown = themes.indexOf(document.documentElement.dataset.theme);
      const next = themes[(shown + 1) % themes.length];
      apply(next);
      try {
        localStorage.setItem('parley.theme', next);
      } catch {
        // Without storage it lasts until the next reload.
      }
    });
  });
})();
