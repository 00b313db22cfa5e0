import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VimageError } from '../../src/errors.ts';
import { parseFile, parseText } from '../../src/file/parse.ts';
import { printFile, printWord } from '../../src/file/print.ts';
import { fileError, renderError } from '../../src/file/render.ts';
import { includePath } from '../../src/file/path.ts';
import { parseImage } from '../../src/pairs/parse.ts';
import { tables } from '../pairs/fixture.ts';
import type { FileImage, PlainImage } from '../../src/file/ast.ts';
import type { Pair } from '../../src/pairs/pairs.ts';

const plain = ({ name, pairs, children }: PlainImage): PlainImage => ({ name, pairs, children: children.map(plain) });
const read = (source: string): PlainImage[] => parseText(source).map(plain);
const errorOf = (source: string, file?: string): VimageError => {
  try {
    parseText(source, file);
  } catch (error) {
    if (error instanceof VimageError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('', 'a b', '//', '/*', '#', '$x', '${x}', '"', '\'', '\\', '\ud800', '\0', 'é\u00a0', 'image', '\ufeff', 'a\nb'));
const name = text.filter((each) => each !== '');
const key = fc.oneof(fc.constantFrom('image', 'include', '$a', 'a.b', '__proto__'), name).filter((each) => !['vir', 'name', 'parent'].includes(each));
const virPair = text.map((component): Pair => ['vir', component]);
const pairs = fc.tuple(fc.array(fc.tuple(key, text), { maxLength: 3 }), fc.array(fc.tuple(virPair, fc.array(fc.tuple(fc.oneof(key, fc.constantFrom('name', 'parent')), text), { maxLength: 3 })), { maxLength: 3 }))
  .map(([own, parts]): Pair[] => [...own, ...parts.flatMap(([vir, section]) => [vir, ...section])]);
const siblings = (image: fc.Arbitrary<PlainImage>): fc.Arbitrary<PlainImage[]> => fc.uniqueArray(image, { maxLength: 2, selector: (each) => each.name });
const tree = (depth: number): fc.Arbitrary<PlainImage> => fc.record({ name, pairs, children: depth === 0 ? fc.constant([]) : siblings(tree(depth - 1)) });
const trees = siblings(tree(3));

test('parse(print(t)) is t', () => {
  fc.assert(fc.property(trees, (given) => {
    expect(read(printFile(given))).toEqual(given.map(plain));
  }), { numRuns: 300 });
});

test('every pair has a place', () => {
  fc.assert(fc.property(trees, (given) => {
    const check = (image: FileImage): void => {
      expect(image.places).toHaveLength(image.pairs.length);
      for (const place of image.places) expect(place.line).toBeGreaterThan(0);
      image.children.forEach(check);
    };
    parseText(printFile(given)).forEach(check);
  }));
});

const scrap = fc.constantFrom('image', 'vir', 'include', 'web', '{', '}', ';', ' ', '\n', '"', '\'', '\\', '$', '${', '$a', '=', '$a=1;', '${a}', '/*', '*/', '//', '#', '\0', '\u00a0', '\ud800', '\\u{110000}', '\\u{41}', 'image x {', 'vir y {', 'k v;', '\r\n', '\ufeff');

test('any text is read, or refused with a code and a place that can be shown', async () => {
  const sources = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.array(scrap, { maxLength: 30 }).map((parts) => parts.join('')));
  await fc.assert(fc.asyncProperty(sources, async (source) => {
    try {
      const images = await parseFile(source, { file: 'a.rc', read: () => 'k v;' });
      expect(read(printFile(images))).toEqual(images.map(plain));
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      expect(error.place?.line).toBeGreaterThan(0);
      expect(renderError(source, error)).toContain(error.message);
    }
  }), { numRuns: 3000 });
});

test('any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      parseText(new TextDecoder().decode(bytes));
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
    }
  }));
});

test('long input takes linear time', () => {
  const hard: ((n: number) => string)[] = [
    (n) => `image x{${'k v;'.repeat(n)}}`, (n) => '{'.repeat(n), (n) => `"${'a'.repeat(n)}`, (n) => '/*\n'.repeat(n), (n) => 'image a{'.repeat(n), (n) => '$a='.repeat(n),
    (n) => 'x '.repeat(n), (n) => `$a="${'x'.repeat(4000)}";image x{${'vir ${a};'.repeat(n)}}`, (n) => '"a"'.repeat(n), (n) => `image x{${'image y;'.repeat(n)}}`, (n) => '${'.repeat(n), (n) => '\\u{'.repeat(n),
    (n) => '$a="x";'.repeat(n), (n) => `${Array.from({ length: Math.min(n, 9999) }, (_, i) => `$v${i}="";`).join('')}image x { \${v0z} y; }`,
  ];
  for (const make of hard) {
    const started = performance.now();
    for (const n of [1000, 100_000]) {
      try {
        parseText(make(n));
      } catch (error) {
        if (!(error instanceof VimageError)) throw error;
      }
    }
    expect(performance.now() - started).toBeLessThan(5000);
  }
});

describe('what is wrong, where, and what to do', () => {
  test.each<[string, string, number, number, RegExp, RegExp]>([
    ['name web;', 'EINVAL', 1, 1, /expected "image NAME \{"/, /inside/],
    ['imgae web {}', 'EINVAL', 1, 1, /"imgae"/, /did you mean "image"/],
    ['image a {\n  k\n}', 'EINVAL', 2, 3, /expected ";" before "\}"/, /";"/],
    ['image a {\n  k=v;\n}', 'EINVAL', 2, 3, /no value/, /write: k v;/],
    ['image a {\n  vir net {\n', 'EINVAL', 2, 11, /not closed/, /"\}"/],
    ['image a { } }', 'EINVAL', 1, 13, /closes nothing/, /^$/],
    ['image a { k "v; }\n', 'EINVAL', 1, 13, /quote/, /close it/],
    ['/* x', 'EINVAL', 1, 1, /comment/, /\*\//],
    ['$host = 1; image a { k ${hots}; }', 'EINVAL', 1, 24, /not defined/, /did you mean "host"/],
    ['image a { k $host; }', 'EINVAL', 1, 13, /variable/, /\$\{host\}/],
    ['image a { ${k} v; }', 'EINVAL', 1, 11, /key/, /^$/],
    ['image a { vir net { vir proc; } }', 'EINVAL', 1, 21, /within/, /close/],
    ['image a { vir net { image b { } } }', 'EINVAL', 1, 21, /block/, /close/],
    ['image a { net { if x; } }', 'EINVAL', 1, 11, /block/, /vir net \{/],
    ['image a { name b; }', 'EINVAL', 1, 11, /after "image"/, /image NAME/],
    ['image a { } image a { }', 'EEXIST', 1, 19, /twice/, /one block/],
    ['image a { k\u00a0v; }', 'EINVAL', 1, 12, /U\+00A0/, /ordinary/],
    ['image { }', 'EINVAL', 1, 1, /one name/, /image NAME/],
    ['image a b { }', 'EINVAL', 1, 9, /one name/, /image NAME/],
    ['include "x";', 'EOPNOTSUPP', 1, 9, /included/, /^$/],
    ['image a { k \'a\\n\'; }', 'EINVAL', 1, 15, /single quotes/, /\\\\/],
    [`image a { k ${'x'.repeat(4097)}; }`, 'E2BIG', 1, 13, /4096/, /^$/],
    ['image a { '.repeat(65), 'EINVAL', 1, 649, /64 deep/, /^$/],
  ])('%s', (source, code, line, column, message, hint) => {
    const error = errorOf(source, 'a.rc');
    expect(error.message).toMatch(message);
    expect(error.hint ?? '').toMatch(hint);
    expect([error.code, error.place]).toEqual([code, { file: 'a.rc', line, column }]);
  });

  test('the caret stands under the place, tabs and long lines too', () => {
    expect(renderError('image a {\n\tk ${x};\n}', errorOf('image a {\n\tk ${x};\n}', 'a.rc')).split('\n')).toEqual([
      'a.rc:2:4: the variable "${x}" is not defined here', '2 | \tk ${x};', '  | \t  ^', 'hint: define it above: $x = value;',
    ]);
    const long = `image a { ${'k v; '.repeat(200)} \${x} y; }`;
    const lines = renderError(long, errorOf(long)).split('\n');
    const at = lines[2]?.indexOf('^') ?? 0;
    expect(lines[1]?.slice(at, at + 4)).toBe('${x}');
    expect(lines[1]?.length).toBeLessThan(120);
  });

  test('an error about pairs is told of the file', () => {
    const source = 'image web {\n  vir wire {\n    if eth0;\n    mut eth0=1;\n  }\n}';
    const [image] = parseText(source, 'a.rc');
    if (image === undefined) throw new Error('no image');
    try {
      parseImage([['name', image.name], ...image.pairs], tables, { access: 'create' });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      expect(renderError(source, fileError(error, image, 1)).split('\n')).toEqual([
        'a.rc:4:5: "vir wire" has no parameter "mut"', '4 |     mut eth0=1;', '  |     ^', 'hint: did you mean "mtu"?',
      ]);
    }
  });
});

describe('include', () => {
  const open = (files: Record<string, string>, start = 'main.rc'): Promise<readonly FileImage[]> =>
    parseFile(files[start] ?? '', { file: start, read: (path) => {
      const found = files[path];
      if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return found;
    } });

  test('stands for what it holds, relative to its own file', async () => {
    const images = await open({
      'main.rc': 'include "lib/vars.rc"; image web { vir net { include "lib/net.rc"; addr ${ip}; } include "lib/child.rc"; }',
      'lib/vars.rc': '$ip = 10.0.0.2;', 'lib/net.rc': 'include "../if.rc";', 'if.rc': 'if eth0;', 'lib/child.rc': 'persist true; image db;',
    });
    expect(images.map(plain)).toEqual([{ name: 'web', pairs: [['persist', 'true'], ['vir', 'net'], ['if', 'eth0'], ['addr', '10.0.0.2']], children: [{ name: 'db', pairs: [], children: [] }] }]);
    expect(images[0]?.places[2]).toEqual({ file: 'if.rc', line: 1, column: 1 });
  });

  test('circles, missing files, too many', async () => {
    await expect(open({ 'main.rc': 'include "a.rc";', 'a.rc': '\n include "./x/../main.rc";' })).rejects.toMatchObject({
      code: 'ELOOP', message: 'files include each other in a circle: main.rc → a.rc → main.rc', place: { file: 'a.rc', line: 2, column: 10 },
    });
    await expect(open({ 'main.rc': 'include "b.rc";' })).rejects.toMatchObject({ code: 'ENOENT', subject: 'b.rc', place: { file: 'main.rc' } });
    const chain = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.rc`, `include "${i + 1}.rc";`]));
    await expect(open(chain, '0.rc')).rejects.toMatchObject({ code: 'ELOOP' });
    const fan = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`${i}.rc`, i === 16 ? '' : `include "${i + 1}.rc";`.repeat(2)]));
    await expect(open(fan, '0.rc')).rejects.toMatchObject({ code: 'E2BIG' });
    await expect(open({ 'main.rc': 'include "b.rc"; include "b.rc";', 'b.rc': `#${'x'.repeat(3 * 1024 * 1024)}` })).rejects.toMatchObject({ code: 'E2BIG' });
    await expect(open({ 'main.rc': 'image a { include "b.rc"; }', 'b.rc': '} image c {' })).rejects.toMatchObject({ code: 'EINVAL', place: { file: 'b.rc', line: 1, column: 1 } });
  });

  test('paths', () => {
    expect(includePath('a/b.rc', '../c.rc')).toBe('c.rc');
    expect(includePath('/etc/v/b.rc', '../../../../c.rc')).toBe('/c.rc');
    expect(includePath('b.rc', '../../c.rc')).toBe('../../c.rc');
    expect(includePath(undefined, './c//d.rc')).toBe('c/d.rc');
    expect(includePath('a/b.rc', '/c.rc')).toBe('/c.rc');
  });
});

test('variables end with their block, and take what was defined when they were', () => {
  expect(read('$a = 1; $b = "${a}x"; $a = 2; image x { $a = 3; k ${a}${b}; } image y { k "${a}" \'${a}\'; }').map((image) => image.pairs)).toEqual([
    [['k', '31x']], [['k', '2'], ['k', '${a}']],
  ]);
});

test('words', () => {
  expect(read('image a { k "a b"\'c\'d "\\u{41}\\$\\n" http://x/*y a#b; "image" c; }')[0]?.pairs).toEqual([['k', 'a bcd'], ['k', 'A$\n'], ['k', 'http://x/*y'], ['k', 'a#b'], ['image', 'c']]);
  expect(printWord('10.0.0.2/24')).toBe('10.0.0.2/24');
  expect(printWord('//x')).toBe('"//x"');
});

test('the examples of docs/grammar.md are read', async () => {
  const page = readFileSync(new URL('../../../../docs/grammar.md', import.meta.url), 'utf8');
  // Those that include others are run where those are.
  const examples = [...page.matchAll(/```rc\n(.*?)```/gs)].map((match) => match[1] ?? '');
  expect(examples.length).toBeGreaterThanOrEqual(2);
  for (const example of examples) {
    const images = await parseFile(example, { file: 'lab.rc', read: () => '' });
    expect(read(printFile(images))).toEqual(images.map(plain));
  }
  expect(read(examples[0] ?? '')[0]?.children.map((child) => child.name)).toEqual(['web', 'db']);
});

test('an error shows the line, and what to do', () => {
  const source = '$host = 2;\nimage a {\n    vir net {\n        addr eth0=10.0.0.${hots}/24;\n    }\n}';
  expect(renderError(source, errorOf(source, 'lab.rc'))).toBe([
    'lab.rc:4:26: the variable "${hots}" is not defined here', '4 |         addr eth0=10.0.0.${hots}/24;', '  |                          ^', 'hint: did you mean "host"?',
  ].join('\n'));
});
