import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseArgs, type Pairs } from '@vimage/core';
import { errorLines, told } from '../src/print/error.ts';
import { pairArgs, pairLines } from '../src/print/pairs.ts';
import { table } from '../src/print/table.ts';
import { count, printable, wrap } from '../src/print/text.ts';
import { branches, treeOf } from '../src/print/tree.ts';

const plain = (_style: string, text: string): string => text;

describe('table', () => {
  it('aligns, numbers to the right, the last column as long as it is', () => {
    const rows = [{ n: 7, name: 'a', text: 'x'.repeat(120) }, { n: 1234, name: 'longer', text: '' }];
    expect(table(rows, [{ head: 'N', of: ({ n }) => String(n), right: true }, { head: 'NAME', of: ({ name }) => name }, { head: 'TEXT', of: ({ text }) => text }])).toEqual([
      '   N  NAME    TEXT',
      `   7  a       ${'x'.repeat(120)}`,
      '1234  longer  -',
    ]);
  });

  it('is as wide as the terminal: the last column goes on below, or is cut', () => {
    const rows = [{ n: 'one', text: 'many words that have no room beside it in one line' }];
    const columns = { head: 'N', of: ({ n }: { n: string }) => n };
    const last = { head: 'TEXT', of: ({ text }: { text: string }) => text };
    expect(table(rows, [columns, last], { columns: 30 })).toEqual(['N    TEXT', 'one  many words that have no', '     room beside it in one', '     line']);
    expect(table(rows, [columns, { ...last, cut: 'end' }], { columns: 30 })[1]).toMatch(/^one {2}many words that have no […~]$/);
    expect(table(rows, [columns, { ...last, cut: 'beginning' }], { columns: 12 })[1]).toMatch(/^one {2}[…~]e line$/);
    // No room for words at all.
    expect(table(rows, [columns, last], { columns: 20 })[1]).toBe(`one  ${rows[0]?.text}`);
  });

  it('shows control bytes of others instead of obeying them', () => {
    expect(table([{ text: 'a\u001b[2Jb\nc' }], [{ head: 'T', of: ({ text }) => text }])[1]).toBe('a\\x1b[2Jb\\nc');
    expect(printable('\u202eabc\u0007')).toBe('\\x202eabc\\x07');
  });
});

describe('tree', () => {
  it('draws branches', () => {
    const rows = ['lab', 'lab.db', 'lab.web', 'lab.web.x', 'one'];
    const parent = (name: string): string => name.split('.').slice(0, -1).join('.');
    expect(branches(treeOf(rows, (name) => name, parent)).map(([branch, name]) => branch + name)).toEqual([
      '├─ lab', '│  ├─ lab.db', '│  └─ lab.web', '│     └─ lab.web.x', '└─ one',
    ]);
  });
});

describe('pairs', () => {
  const pairs: Pairs = [['name', 'web'], ['vir', 'x'], ['text', 'it\'s "here" $HOME `a` \\ *'], ['empty', ''], ['map', 'a=b'], ['vir', 'y']];

  it('prints sections indented', () => {
    expect(pairLines(pairs.slice(0, 2))).toEqual(['name=web', 'vir x']);
    expect(pairLines([['vir', 'x'], ['a', 'b c']])).toEqual(['vir x', "  'a=b c'"]);
  });

  it('are the same after a shell has read them', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9._-]{0,8}$/);
    // eslint-disable-next-line no-control-regex
    const value = fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !/[\u0000-\u001f\u007f]/.test(text));
    const through = (words: string): Pairs => {
      const out = execFileSync('sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' });
      return parseArgs(out.split('\0').slice(0, -1));
    };
    expect(through(pairArgs(pairs))).toEqual(pairs);
    fc.assert(fc.property(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }), (some) => {
      expect(through(pairArgs(some))).toEqual(some);
    }), { numRuns: 60 });
  });

  it('are the same after xargs has read them', () => {
    const out = execFileSync('xargs', ['printf', '%s\\0'], { input: pairLines(pairs).join('\n'), encoding: 'utf8' });
    expect(parseArgs(out.split('\0').slice(0, -1))).toEqual(pairs);
  });
});

describe('errors', () => {
  it('point at the pair that is meant', () => {
    const error = { code: 'EINVAL', message: 'no (pair 3)', hint: 'do this', place: { pair: 2 } };
    expect(errorLines(error, plain, { pairs: [['name', 'web'], ['vir', 'x'], ['kye', 'v w']] })).toEqual([
      'imgctl: EINVAL: no (pair 3)',
      '  name web vir x kye \'v w\'',
      '                 ^^^^^^^^^',
      '  do this',
    ]);
  });

  it('point into the file', () => {
    const error = { code: 'EINVAL', message: 'no', hint: 'do this', place: { file: 'lab.rc', line: 2, column: 5 } };
    expect(errorLines(error, plain, { sources: new Map([['lab.rc', 'image a {\n    kye v;\n}\n']]) })).toEqual([
      'imgctl: EINVAL: lab.rc:2:5: no',
      '  2 |     kye v;',
      '    |     ^',
      '  do this',
    ]);
  });

  it('do not obey what stands in a name', () => {
    const placed = { code: 'EINVAL', message: 'jail.conf:1:3: a NUL stands here', place: { file: 'jail.conf', line: 1, column: 3 } };
    expect(errorLines(placed, plain, { sources: new Map([['jail.conf', 'a { }']]) })[0]).toBe('imgctl: EINVAL: jail.conf:1:3: a NUL stands here');
    expect(errorLines(placed, plain)[0]).toBe('imgctl: EINVAL: jail.conf:1:3: a NUL stands here');
    expect(errorLines({ code: 'ESRCH', message: 'no image "\u001b[2J"' }, plain)).toEqual(['imgctl: ESRCH: no image "\\x1b[2J"']);
  });

  it('are known by their shape, bugs are not', () => {
    expect(told(Object.assign(new Error('x'), { code: 'ENOENT', hint: 'h', other: 1 }))).toEqual({ code: 'ENOENT', message: 'x', hint: 'h' });
    expect(told(new TypeError('x'))).toBeUndefined();
    expect(told('x')).toBeUndefined();
    expect(told(Object.assign(new Error('x'), { name: 'InvariantError', code: 'EINVAL' }))).toBeUndefined();
  });
});

describe('words', () => {
  it('counts', () => {
    expect([count(1, 'process'), count(2, 'process'), count(0, 'image')]).toEqual(['1 process', '2 processes', '0 images']);
  });

  it('wraps at spaces, and loses nothing', () => {
    fc.assert(fc.property(fc.array(fc.stringMatching(/^\S{1,12}$/), { minLength: 1 }), fc.integer({ min: 12, max: 40 }), (words, columns) => {
      const lines = wrap(words.join(' '), columns);
      expect(lines.join(' ')).toBe(words.join(' '));
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
    }));
  });
});
