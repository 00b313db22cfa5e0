import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFile } from '@vimage/core';
import { readConsole, shows } from './lib/console.ts';
import { readPage } from './lib/doc.ts';
import { pages } from './lib/pages.ts';
import { workspace } from './lib/world.ts';

const blocks = pages.flatMap((page) => readPage(page));
const notRun = blocks.filter((block) => block.notRun !== undefined);

describe('the pages', () => {
  it(`${notRun.length} of ${blocks.length} blocks are not run: ${notRun.map(({ page, line, notRun: reason }) => `${page}:${line} (${reason})`).join(', ')}`, () => {
    // One word here for each: what is not run is not kept true.
    expect(notRun.map(({ page, language }) => `${page} ${language}`)).toEqual(['CONTRIBUTING.md sh', 'CONTRIBUTING.md sh', 'README.md sh', 'docs/bench.md sh', 'docs/inside.md sh', 'docs/rootless.md sh', 'packages/imgctl/README.md sh', 'packages/vimage/README.md ts']);
  });

  it.each(blocks.filter(({ language, file }) => language === 'rc' && file === undefined).map(({ page, line, text }) => [`${page}:${line}`, text] as const))('%s parses', async (_at, text) => {
    await parseFile(text, { read: () => '' });
  });

  it.each(pages)('%s: begins with words', (page) => {
    const [title = '', first = ''] = readFileSync(path.join(workspace, page), 'utf8').split(/\n+/);
    expect(title).toMatch(/^# \S/);
    // Neither an example nor a table, a list or a heading: whoever comes here does not know yet what it is about.
    expect(first).toMatch(/^(?:\w|\*\w|`(?!``))/);
  });

  it.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s: the sources that it names are there', (page) => {
    const names = [...readFileSync(path.join(workspace, page), 'utf8').matchAll(/`([\w@./-]*?([\w-]+\.(?:ts|mjs|c)))`/g)].map((match) => [match[1] ?? '', match[2] ?? ''] as const);
    const sources = readdirSync(workspace, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(?:ts|mjs|c)$/.test(file) && !/node_modules|dist\//.test(file));
    const known = new Set(sources.map((file) => path.basename(file)));
    expect(names.length).toBeGreaterThan(10);
    // x.ts stands for any.
    expect(names.filter(([, base]) => !/^x[.-]/.test(base) && !known.has(base)).map(([name]) => name)).toEqual([]);
  });

  it.each(pages)('%s: what it links to is there', (page) => {
    const text = readFileSync(path.join(workspace, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].map((match) => match[1] ?? '');
    const missing = links.filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(path.join(workspace, target))) return true;
      return anchor !== undefined && !anchors(target).includes(anchor);
    });
    expect(missing).toEqual([]);
  });
});

/** Headings as GitHub makes them into anchors. */
function anchors(page: string): readonly string[] {
  const headings = [...readFileSync(path.join(workspace, page), 'utf8').matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
}

describe('the reader of pages', () => {
  const page = ['# A page', '```console', '# one \\', '  more   # a remark', 'out', '', '# two', '$ echo $?', '1', '```', '```rc file=a.rc not run: it is torn', 'x', '```'].join('\n');

  it('finds blocks, and what their info strings say', () => {
    expect(readPage('p.md', page)).toMatchObject([
      { line: 3, language: 'console', file: undefined, output: false, notRun: undefined },
      { line: 12, language: 'rc', file: 'a.rc', notRun: 'it is torn', text: 'x\n' },
    ]);
  });

  it.each([
    ['no language', '```\nx\n```'],
    ['an unknown word', '```ts later\nx\n```'],
    ['a reason that is missing', '```ts not run:\nx\n```'],
    ['no end', '```ts\nx\n'],
    ['an indented fence', '- a\n  ```ts\n  x\n  ```'],
    ['another fence', '~~~ts\nx\n~~~'],
  ])('refuses %s', (_what, text) => {
    expect(() => readPage('p.md', text)).toThrow('p.md:');
  });

  it('finds commands, and what they print', () => {
    const [block] = readPage('p.md', page);
    expect(block === undefined ? [] : readConsole(block)).toEqual([
      { line: 3, command: 'one \\\n  more   # a remark', output: ['out', ''], mayFail: false },
      { line: 7, command: 'two', output: [], mayFail: true },
      { line: 8, command: 'echo $?', output: ['1'], mayFail: false },
    ]);
  });

  it.each([
    [['a b'], ['a    b'], true],
    [['a b'], ['a b', 'c'], false],
    [['a b'], [], false],
    [['a'], ['ab'], false],
    [['pid ... of web'], ['pid 17 of web'], true],
    [['pid ... of web'], ['pid of web'], false],
    [['(x)*'], ['(x)*'], true],
    [['a', '...', 'd'], ['a', 'b', 'c', 'd'], true],
    [['a', '...', 'd'], ['a', 'd'], true],
    [['a', '...'], ['a'], true],
    [['...', 'd'], ['a', 'd', 'e'], false],
    [[''], [''], true],
  ])('%j shows %j: %s', (expected, actual, is) => {
    expect(shows(expected, actual)).toBe(is);
  });
});
