import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faults } from '../src/check.mjs';
import { components, documents, entries, load } from '../src/sources.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const out = mkdtempSync(path.join(tmpdir(), 'vimage-site-'));
const files = new Map<string, string>();
const page = (name: string): string => {
  const text = files.get(name);
  if (text === undefined) throw new Error(`there is no page ${name}`);
  return text;
};

beforeAll(() => {
  const done = spawnSync(process.execPath, ['tools/site/src/main.mjs', '--out', out], { cwd: root, encoding: 'utf8' });
  expect([done.status, done.stderr]).toEqual([0, '']);
  for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
    if (statSync(path.join(out, name)).isFile()) files.set(name, readFileSync(path.join(out, name), 'utf8'));
  }
});
afterAll(() => rmSync(out, { recursive: true }));

test('no link leads nowhere, and nothing is fetched from another machine', () => {
  expect(faults(files)).toEqual([]);
  expect([...files].filter(([name, text]) => /\.(?:css|js)$/.test(name) && /(?:url\(|@import|fetch\(|import\()/.test(text) && !['search-index.js', 'minisearch.js'].includes(name)).map(([name]) => name)).toEqual([]);
});

test('a link to a file of the sources leads to its page', () => {
  expect(page('packages/vitest/README.html')).toContain('<a href="../../docs/');
  expect(page('components/net.html')).toContain('<a href="../docs/net.html">');
  const readme = [...files].filter(([name, html]) => !name.startsWith('api/') && /<main[^]*<a href="[^"]*index\.html(?:#[^"]*)?"[^]*<\/main>/.test(html));
  const asked = documents().filter((file) => /\]\((?:\.\.\/)*README\.md/.test(readFileSync(path.join(root, file), 'utf8')));
  expect(readme.map(([name]) => name)).toEqual(expect.arrayContaining(asked.map((file) => file.replace(/\.md$/, '.html'))));
});

test('a link to no page, to no heading, and an image of elsewhere are told', () => {
  const wrong = new Map([['a.html', '<h1 id="there"></h1><a href="#there"></a><a href="b.html"></a><a href="#gone"></a><img src="https://example.org/x.png"><a href="https://example.org/"></a>']]);
  expect(faults(wrong)).toEqual(['a.html: b.html: there is no b.html', 'a.html: #gone: a.html has no #gone', 'a.html: <img> is fetched from https://example.org/x.png']);
});

test('every page is in the navigation of every page', () => {
  const pages = [...files.keys()].filter((name) => name.endsWith('.html'));
  for (const from of pages) {
    const nav = page(from).split('<nav')[1] ?? '';
    const led = new Set([...nav.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => path.posix.join(path.posix.dirname(from), href)));
    expect(pages.filter((name) => !led.has(name)), from).toEqual([]);
  }
  for (const document of documents()) expect(pages).toContain(document === 'README.md' ? 'index.html' : document.replace(/\.md$/, '.html'));
});

test('each component has its page, with each of its parameters', async () => {
  const found = await components();
  expect(found.length).toBeGreaterThan(6);
  const core = await load('packages/core');
  const tables = [['image', core.imageParams], ...found.map(({ component }) => [component.name, component.params])];
  for (const [name, table] of tables) {
    const html = page(`components/${name}.html`);
    for (const row of core.paramInfo(name, table)) {
      expect(html, `${name}.${row.key}`).toContain(`>${row.key}</h2>`);
      expect(html.replaceAll('&quot;', '"').replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&')).toContain(row.expected);
    }
  }
});

test('each name that a package exports is in its page', () => {
  const sources = entries();
  const program = ts.createProgram(sources.map(({ source }) => path.join(root, source)), { module: ts.ModuleKind.NodeNext, allowImportingTsExtensions: true, noEmit: true, customConditions: ['vimage-source'], skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2023 });
  const checker = program.getTypeChecker();
  for (const { name, source } of sources) {
    const file = program.getSourceFile(path.join(root, source));
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    const html = page(`api/${name}.html`);
    for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) expect(html, `${name}: ${symbol.name}`).toMatch(new RegExp(`<h\\d id="[^"]*">[^\\n]*\\b${symbol.name}\\b`));
  }
});

test('what is measured is what the README has', () => {
  const figures = [...readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/\| (\d+\.\d+ ×[^|]*?) \|/g)].map(([, figure]) => figure);
  expect(figures.length).toBeGreaterThan(20);
  for (const figure of figures) expect(page('compare.html')).toContain(figure);
});

test('a page of the API begins with what the package is, and leads to each name', () => {
  for (const { name } of entries()) {
    const html = page(`api/${name}.html`);
    const [top = '', rest = ''] = html.split('<main')[1]?.split('<h2') ?? [];
    expect(top, name).toMatch(/<p>[^<]{10,}.*An example/);
    const below = [...html.matchAll(/<h3 id="([^"]+)"/g)].map(([, id]) => id);
    expect([...top.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id), name).toEqual(expect.arrayContaining(below));
    expect(rest).not.toBe('');
  }
});

test('each component has a page with examples; the guide begins as the README does', async () => {
  for (const { component } of await components()) expect(page(`components/${component.name}.html`), component.name).toContain('What it does, with examples');
  const guide = (page('index.html').split('<h2>Guide</h2>')[1] ?? '').split('</ul>')[0] ?? '';
  expect([...guide.matchAll(/href="([^"]+)"/g)].map(([, file]) => file)[0]).toBe('docs/imgctl.html');
});
