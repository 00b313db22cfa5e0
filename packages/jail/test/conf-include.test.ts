import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { VimageError } from '@vimage/core';
import { diskSource, readJailConf, type ConfJail } from '../src/index.ts';
import { fits } from '../src/conf/glob.ts';
import { got, read, refused } from './conf/fixture.ts';

describe('.include', () => {
  test('stands for what is in the files, in their order', () => {
    expect(got('p = 1; .include "d/*", more; c { p = 4; }', { 'd/1': 'p = 2; a { }', 'd/2': 'b { p = 3; } p = 5;', more: '$x = 6; d { q = $x; }' })).toEqual({
      a: { p: ['5'] }, b: { p: ['5'] }, d: { p: ['5'], q: ['6'] }, c: { p: ['4'] },
    });
  });

  test('a pattern that fits nothing includes nothing; places are those of the included file', () => {
    expect(read('.include "none/*"; .include one;', { one: '\n a { }\n b {\n p; }' }).map(({ name, params }) => [name, params.map(({ place }) => place)])).toEqual([
      ['a', []], ['b', [{ file: 'one', line: 4, column: 2 }]],
    ]);
    expect(refused('.include one;', { one: '\n p = ;' }).place).toEqual({ file: 'one', line: 2, column: 6 });
  });

  test('within a block it stands for parameters of that jail', () => {
    expect(got('a { .include common; } b { }', { common: 'vnet; c { }' })).toEqual({ a: { vnet: ['true'] }, 'a.c': {}, b: {} });
  });

  test('one file may be included twice, but not by itself', () => {
    expect(got('.include x, x; a { }', { x: 'p += 1;' })).toEqual({ a: { p: ['1', '1'] } });
    const error = refused('.include x;', { x: '.include y;', y: '\n.include x;' });
    expect([error.code, error.place, error.message]).toEqual(['ELOOP', { file: 'y', line: 2, column: 10 }, 'y:2:10: files include each other in a circle: x → y → x']);
  });

  test('depth, number and size are bounded', () => {
    const chain = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, `.include f${i + 1};`]));
    expect(refused('.include f0;', chain)).toMatchObject({ code: 'ELOOP', message: expect.stringContaining('32 deep') });
    const doubling = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, `.include f${i + 1}, f${i + 1};`]));
    expect(refused('.include f0;', { ...doubling, f30: '' })).toMatchObject({ code: 'E2BIG', message: expect.stringContaining('1024 files') });
    expect(refused('.include big, big, big, big, big;', { big: `#${' '.repeat(1024 * 1024)}` })).toMatchObject({ code: 'E2BIG', place: { line: 1, column: 25 } });
    const nested = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`n${i}`, `${'a{'.repeat(10)}.include n${i + 1};${'}'.repeat(10)}`]));
    expect(refused('.include n0;', { ...nested, n5: '' })).toMatchObject({ code: 'E2BIG', place: { file: 'n3' } });
  });
});

describe('on disk', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'vimage-conf-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const main = path.join(dir, 'jail.conf');
  mkdirSync(path.join(dir, 'jail.conf.d/deep'), { recursive: true });
  for (const [name, text] of Object.entries({
    'jail.conf.d/b.conf': 'b { }', 'jail.conf.d/a.conf': 'a { .include deep/common; }', 'jail.conf.d/.hidden.conf': 'hidden { }', 'jail.conf.d/c.conf.off': 'off { }', 'jail.conf.d/deep/common': 'vnet;',
  })) writeFileSync(path.join(dir, name), text);
  const names = (text: string): string[] => readJailConf(text, diskSource(main)).map(({ name }: ConfJail) => name);

  test('relative to the file, patterns in the order of names, hidden files only where asked for', () => {
    expect(readJailConf('.include "jail.conf.d/*.conf";', diskSource(main)).map(({ name, params }) => [name, params.map(({ place }) => place.file)])).toEqual([
      ['a', [path.join(dir, 'jail.conf.d/deep/common')]], ['b', []],
    ]);
    expect(names(`.include "${dir}/jail.conf.[a-d]/.*.conf", "jail.conf.d/../*/?.conf";`)).toEqual(['hidden', 'a', 'b']);
    expect(names('.include "none/*.conf", "jail.conf.d/b.conf/*";')).toEqual([]);
  });

  test('a plain name must be there, and be a file', () => {
    for (const [name, code] of [['none.conf', 'ENOENT'], ['jail.conf.d', 'EISDIR']] as const) {
      expect(() => names(`.include "${name}";`)).toThrow(expect.objectContaining({ code, place: { file: main, line: 1, column: 10 } }));
      expect(() => names(`.include "${name}";`)).toThrow(VimageError);
    }
  });

  test('a circle of links ends', () => {
    symlinkSync('.', path.join(dir, 'loop'));
    writeFileSync(path.join(dir, 'self.conf'), '.include "loop/self.conf";');
    expect(() => names('.include "self.conf";')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  });

  test.each<[string, string, boolean]>([
    ['a.conf', '*.conf', true], ['a.conf', '*', true], ['', '*', true], ['.a', '*', false], ['.a', '.*', true], ['abc', 'a?c', true], ['ac', 'a?c', false], ['abc', 'a[b-d]c', true],
    ['abc', 'a[!b]c', false], ['axc', 'a[^b]c', true], ['a]c', 'a[]]c', true], ['a[c', 'a[c', true], ['a-c', 'a[x-]c', true], ['abcabd', '*ab?', true], ['abcabd', '*abc', false], ['jail.conf', 'jail[.]conf', true],
  ])('%s fits %s: %s', (name, pattern, expected) => {
    expect(fits(name, pattern)).toBe(expected);
  });

  test('no pattern takes long', () => {
    const started = performance.now();
    expect(fits('a'.repeat(255), `${'*a'.repeat(120)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
