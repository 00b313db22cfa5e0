/* global document, MiniSearch */
// Looks for words in the pages; what is searched is loaded when somebody begins to.
(() => {
  const base = document.documentElement.dataset.root;
  const input = document.getElementById('search');
  const results = document.getElementById('results');
  let engine;

  function load() {
    if (engine !== undefined) return;
    engine = null;
    const script = document.createElement('script');
    script.src = `${base}search-index.js`;
    script.onload = () => {
      engine = new MiniSearch({ fields: ['heading', 'page', 'text'], storeFields: ['to', 'page', 'heading'], searchOptions: { prefix: true, fuzzy: 0.1, combineWith: 'AND', boost: { heading: 4, page: 2 } } });
      engine.addAll(globalThis.vimageIndex.map(([to, page, heading, text], id) => ({ id, to, page, heading, text })));
      show();
    };
    document.head.append(script);
  }

  function show() {
    const words = input.value.trim();
    results.hidden = words === '';
    if (words === '' || !engine) return;
    const found = engine.search(words).slice(0, 12);
    results.replaceChildren(...found.map(({ to, page, heading }) => {
      const link = document.createElement('a');
      link.href = base + to;
      const where = document.createElement('small');
      where.textContent = page;
      link.append(heading, ' ', where);
      return link;
    }));
    if (found.length === 0) results.textContent = 'Nothing found';
  }

  input.addEventListener('focus', load);
  input.addEventListener('input', show);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== input && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      input.focus();
    } else if (event.key === 'Escape') results.hidden = true;
  });
  document.addEventListener('click', (event) => {
    if (!event.target.closest('.search')) results.hidden = true;
  });
})();
