import path from 'node:path';

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Where one file of the site is, seen from another. */
export const relative = (from, to) => path.posix.relative(path.posix.dirname(from), to);

/** A whole page. `menu`: groups of [file, label]. */
export function template({ file, title, html, menu }) {
  const to = (other) => escape(relative(file, other));
  const item = ([other, label]) => `<li><a href="${to(other)}"${other === file ? ' aria-current="page"' : ''}>${escape(label)}</a></li>`;
  const nav = menu.map(([name, list]) => `<h2>${escape(name)}</h2>\n<ul>\n${list.map(item).join('\n')}\n</ul>`).join('\n');
  return `<!doctype html>
<html lang="en" data-root="${to('index.html').replace(/index\.html$/, '')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title === 'vimage' ? title : `${title} · vimage`)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${to('style.css')}">
<script defer src="${to('minisearch.js')}"></script>
<script defer src="${to('search.js')}"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header>
<a class="name" href="${to('index.html')}">vimage</a>
<div class="search" role="search"><input id="search" type="search" placeholder="Search" aria-label="Search" aria-controls="results" autocomplete="off"><div id="results" role="status" hidden></div></div>
<a class="menu" href="#nav">Menu</a>
</header>
<div class="page">
<main id="content" tabindex="-1">
${html}
</main>
<nav id="nav" tabindex="-1" aria-label="Pages">
${nav}
</nav>
</div>
</body>
</html>
`;
}
