// npm run site: writes the site to tools/site/dist (or --out DIR); --serve then shows it on the loopback address.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { faults } from './check.mjs';
import { withContents } from './contents.mjs';
import { render } from './markdown.mjs';
import { groups, pages } from './pages.mjs';
import { parts } from './search.mjs';
import { serve } from './serve.mjs';
import { root } from './sources.mjs';
import { relative, template } from './template.mjs';

const { values } = parseArgs({ options: { out: { type: 'string' }, serve: { type: 'boolean' }, port: { type: 'string', default: '8080' } } });
const here = path.join(root, 'tools/site');
const out = path.resolve(values.out ?? path.join(here, 'dist'));

const all = await pages();
// The first of a file is the page of it; others show parts.
const at = new Map([...all].reverse().map(({ from, file }) => [from, file]));
const broken = [];

/** Where a link of a page's text leads to on the site. */
function hrefOf(page) {
  return (link) => {
    if (/^[a-z]+:|^#/.test(link)) return link;
    const [target, id] = link.split('#');
    const source = path.posix.normalize(path.posix.join(path.posix.dirname(page.from), decodeURI(target)));
    const other = at.get(source);
    if (other !== undefined) return `${relative(page.file, other)}${id === undefined ? '' : `#${id}`}`;
    // A file of the sources that is no page: its name says where it is.
    if (!existsSync(path.join(root, source))) broken.push(`${page.from}: ${link}: there is no ${source}`);
    return undefined;
  };
}

// What is told of a component stands together: the page with examples, then its parameters.
const subject = ({ group, file }) => (group === 'Components' ? path.posix.basename(file) : '');
const menu = groups.map((group) => [group, all.filter((page) => page.group === group).sort((a, b) => (subject(a) < subject(b) ? -1 : subject(a) > subject(b) ? 1 : 0)).map(({ file, label }) => [file, label])]).filter(([, list]) => list.length > 0);
const files = new Map();
const index = [];
for (const page of all) {
  const { html, headings } = render(page.text, hrefOf(page));
  files.set(page.file, template({ file: page.file, title: headings[0]?.text ?? page.label, html: withContents(html, headings, page), menu }));
  index.push(...parts(page, html));
}
for (const name of readdirSync(path.join(here, 'static'))) files.set(name, readFileSync(path.join(here, 'static', name), 'utf8'));
files.set('minisearch.js', readFileSync(path.join(path.dirname(createRequire(import.meta.url).resolve('minisearch')), '../umd/index.js'), 'utf8').replace(/^\/\/# sourceMappingURL.*$/m, ''));
files.set('search-index.js', `globalThis.vimageIndex = ${JSON.stringify(index)};\n`);

broken.push(...faults(files));
if (broken.length > 0) {
  console.error(broken.join('\n'));
  process.exit(1);
}
rmSync(out, { recursive: true, force: true });
for (const [name, text] of files) {
  mkdirSync(path.dirname(path.join(out, name)), { recursive: true });
  writeFileSync(path.join(out, name), text);
}
console.log(`${all.length} pages in ${path.relative(process.cwd(), out) || '.'}`);
if (values.serve === true) serve(out, Number(values.port));
