import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VimageError } from '../../src/errors.ts';
import { parseArgs } from '../../src/pairs/args.ts';
import { canonical, diffPairs, mergePairs } from '../../src/pairs/change.ts';
import { nearest } from '../../src/pairs/nearest.ts';
import { parseImage, type PairsAccess } from '../../src/pairs/parse.ts';
import { toPairs, toSugar } from '../../src/pairs/sugar.ts';
import type { Pair, Pairs } from '../../src/pairs/pairs.ts';
import { tables } from './fixture.ts';

const words = (line: string): Pairs => parseArgs(line.split(' ').filter((word) => word !== ''));
const errorOf = (pairs: Pairs, access: PairsAccess = 'create'): VimageError => {
  try {
    parseImage(pairs, tables, { access });
  } catch (error) {
    if (error instanceof VimageError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

test('values, sections, sharing', () => {
  const parsed = parseImage(words('name web children.max 4 vir wire if wi0,eth0 addr=eth0=10.7.0.2/24 if lo1 vir table share lab.db vir bare'), tables, { access: 'create' });
  expect(parsed.image).toEqual({ name: 'web', 'children.max': 4 });
  expect([...parsed.sections.keys()]).toEqual(['wire', 'table', 'bare']);
  expect(parsed.sections.get('wire')?.values).toEqual({
    if: ['wi0', 'eth0', 'lo1'],
    addr: [{ key: 'eth0', value: { family: 4, address: '10.7.0.2', prefix: 24 } }],
  });
  expect(parsed.sections.get('table')?.share).toBe('lab.db');
  expect(parsed.sections.get('bare')?.values).toEqual({});
});

test('an empty list was given, and is not the same as none', () => {
  const given = words('name a vir wire if=');
  expect(parseImage(given, tables, { access: 'create' }).sections.get('wire')?.values).toEqual({ if: [] });
  expect(canonical(given, tables)).toEqual([['name', 'a'], ['vir', 'wire'], ['if', '']]);
});

describe('every refusal names the key, its place and what to do', () => {
  test.each<[string, string, string, number, RegExp]>([
    ['nmae web', 'EINVAL', 'nmae', 0, /did you mean "name"\?/],
    ['name web vir wire mut eth0=1400', 'EINVAL', 'mut', 2, /did you mean "mtu"\?/],
    ['name web vir wir', 'ENOENT', 'wir', 1, /did you mean "wire"\? no component "wir" here; is its package installed\?/],
    ['name web vir qqqqq', 'ENOENT', 'qqqqq', 1, /^no component "qqqqq" here; is its package installed\?/],
    ['name web name lab', 'EEXIST', 'name', 1, /once/],
    ['vir wire vir table vir wire', 'EEXIST', 'wire', 2, /one section/],
    ['vir table oneway perhaps', 'EINVAL', 'oneway', 1, /^$/],
    ['vir table max 0', 'ERANGE', 'max', 1, /^$/],
    ['vir wire state up', 'EROFS', 'state', 1, /^$/],
    ['vir wire share web if lo', 'EINVAL', 'share', 1, /leave out "if"/],
    ['vir wire share web share lab', 'EINVAL', 'share', 1, /leave out/],
    ['vir wire share a..b', 'EINVAL', 'share', 1, /^$/],
    ['vir wire max 5', 'EINVAL', 'max', 1, /belongs to component "table"/],
    ['vir wire persist true', 'EINVAL', 'persist', 1, /before the first "vir"/],
    ['__proto__ x', 'EINVAL', '__proto__', 0, /known: name/],
    ['vir __proto__', 'ENOENT', '__proto__', 0, /no component/],
    ['vir wire constructor x', 'EINVAL', 'constructor', 1, /known: if/],
    ['vir wire if a,,b', 'EINVAL', 'if', 1, /^$/],
  ])('%s', (line, code, subject, pair, hint) => {
    const error = errorOf(words(line));
    expect(error.code).toBe(code);
    expect(error.subject).toBe(subject);
    expect(error.place).toEqual({ pair });
    expect(error.message).toContain(subject);
    expect(error.message).toContain(`(pair ${pair + 1})`);
    expect(error.hint ?? '').toMatch(hint);
  });

  test('bytes and lengths', () => {
    expect(errorOf([['name', 'a\0b']]).code).toBe('EINVAL');
    expect(errorOf([['na\x1bme', 'b']]).code).toBe('EINVAL');
    expect(errorOf([['name', 'x\x9bm']]).message).not.toContain('\x9b');
    expect(errorOf([['name', 'x'.repeat(4097)]]).code).toBe('E2BIG');
    expect(errorOf([['x'.repeat(257), 'a']]).code).toBe('ENAMETOOLONG');
    expect(errorOf([['', 'a']]).code).toBe('EINVAL');
    expect(errorOf(Array.from({ length: 4097 }, (): Pair => ['vir', 'wire'])).code).toBe('E2BIG');
    expect(errorOf(JSON.parse('[["name"]]')).message).toContain('has no value');
    expect(errorOf(JSON.parse('[["name", 5]]')).code).toBe('EINVAL');
    expect(errorOf(JSON.parse('[null]')).code).toBe('EINVAL');
  });
});

test('set takes what may be changed, and a name that says which image', () => {
  expect(parseImage(words('name web persist true vir wire if lo'), tables, { access: 'set' }).image).toEqual({ name: 'web', persist: true });
  expect(errorOf(words('parent lab'), 'set')).toMatchObject({ code: 'EROFS', subject: 'parent' });
  expect(errorOf(words('vir table oneway true'), 'set')).toMatchObject({ code: 'EROFS', subject: 'oneway' });
  expect(errorOf(words('vir table share web'), 'set')).toMatchObject({ code: 'EROFS', subject: 'share' });
  expect(errorOf(words('vir wire state up'), 'set').code).toBe('EROFS');
  expect(parseImage(words('vir wire state up'), tables, { access: 'show' }).sections.get('wire')?.values).toEqual({ state: 'up' });
});

const value = fc.oneof(fc.constantFrom('', 'true', 'web', '5', '64k', 'eth0=10.0.0.1/24', 'eth0=1400', '80:80', 'a,b', 'loose', 'x=1,2'), fc.string({ unit: 'binary', maxLength: 8 }));
const key = fc.oneof(fc.constantFrom('name', 'parent', 'persist', 'children.max', 'vir', 'if', 'addr', 'mtu', 'publish', 'sysctl', 'forward.v4', 'oneway', 'max', 'memory', 'mode', 'share', '__proto__'), fc.string({ maxLength: 4 }));
const anyPairs = fc.array(fc.oneof(fc.tuple(key, value), fc.constantFrom<Pair>(['vir', 'wire'], ['vir', 'table'], ['vir', 'bare'])), { maxLength: 8 });

test('any pairs are read or refused with a code', () => {
  fc.assert(fc.property(anyPairs, (pairs) => {
    try {
      parseImage(pairs, tables, { access: 'create' });
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      expect(error.place?.pair).toBeTypeOf('number');
    }
  }), { numRuns: 2000 });
});

const ifname = fc.constantFrom('eth0', 'wi0', 'lo1', 'br-x');
const section = (name: string, parts: fc.Arbitrary<Pair[]>[]): fc.Arbitrary<Pair[]> =>
  fc.option(fc.oneof(fc.constant<Pair[]>([['share', 'lab.db']]), fc.tuple(...parts).map((each) => each.flat()))).map((own): Pair[] => (own === null ? [] : [['vir', name], ...own]));
const maybe = (name: string, of: fc.Arbitrary<string>): fc.Arbitrary<Pair[]> => fc.option(of).map((text): Pair[] => (text === null ? [] : [[name, text]]));
const many = (name: string, of: fc.Arbitrary<string>): fc.Arbitrary<Pair[]> => fc.array(of, { maxLength: 3 }).map((texts) => texts.map((text): Pair => [name, text]));

const wirePairs = section('wire', [
  maybe('forward.v4', fc.constantFrom('yes', '0', 'true')),
  many('if', fc.array(ifname, { maxLength: 4 }).map((names) => names.join(','))),
  many('addr', fc.tuple(ifname, fc.ipV6()).map(([name, ip]) => `${name}=${ip}/64`)),
  many('sysctl', fc.constantFrom('a=1,2', 'b=', 'c=x y')),
  many('publish', fc.constantFrom('80:80', '127.0.0.1:8080:80/udp,[::1]:5:6')),
]);
const tablePairs = section('table', [maybe('memory', fc.constantFrom('1024', '64k', '1.5g')), maybe('max', fc.constantFrom('1', '500')), maybe('mode', fc.constantFrom('loose'))]);
const image = fc.tuple(maybe('persist', fc.constantFrom('on', 'false')), fc.constant<Pair[]>([['name', 'web']]), maybe('children.max', fc.constantFrom('0', '64')), fc.boolean(), wirePairs, tablePairs)
  .map(([a, b, c, swap, d, e]): Pairs => [...a, ...b, ...c, ...(swap ? [...e, ...d] : [...d, ...e])]);

test('canonical pairs mean the same, are canonical, and know no order', () => {
  fc.assert(fc.property(image, (pairs) => {
    const once = canonical(pairs, tables);
    expect(canonical(once, tables)).toEqual(once);
    expect(diffPairs(pairs, once, tables)).toEqual([]);
    const values = (of: Pairs): unknown => {
      const { image: own, sections } = parseImage(of, tables, { access: 'create' });
      return { own, sections: new Map([...sections].map(([name, { share, values: held }]) => [name, { share, values: held }])) };
    };
    expect(values(once)).toEqual(values(pairs));
  }));
});

test('sugar and back', () => {
  fc.assert(fc.property(image, (pairs) => {
    const sugar: unknown = JSON.parse(JSON.stringify(toSugar(pairs, tables)));
    expect(toPairs(Object(sugar), tables)).toEqual(canonical(pairs, tables));
  }));
});

test('merging a change, and the difference between two images', () => {
  fc.assert(fc.property(image, image, (a, b) => {
    expect(mergePairs(a, [], tables)).toEqual(canonical(a, tables));
    const differences = diffPairs(a, b, tables);
    expect(differences.length === 0).toBe(JSON.stringify(canonical(a, tables)) === JSON.stringify(canonical(b, tables)));
  }));
  const old = words('name web vir wire if eth0 mtu eth0=1400 vir table share db');
  expect(mergePairs(old, words('name web persist yes vir wire if wi0,lo1'), tables)).toEqual(words('name web persist true vir wire if wi0,lo1 mtu eth0=1400 vir table share db'));
  expect(() => mergePairs(old, words('vir table max 5'), tables)).toThrow(/shared with image "db"/);
  expect(diffPairs(old, words('name web vir wire if eth0 vir bare'), tables)).toEqual([
    { component: 'wire', kind: 'changed', keys: [{ key: 'mtu', before: ['eth0=1400'] }] },
    { component: 'table', kind: 'removed', keys: [{ key: 'share', before: ['db'] }] },
    { component: 'bare', kind: 'added', keys: [] },
  ]);
});

test('a list longer than one value takes several', () => {
  const names = Array.from({ length: 2000 }, (_, i) => `e${i}`);
  const pairs = toPairs({ name: 'a', wire: { if: names } }, tables);
  expect(pairs.filter(([name]) => name === 'if').length).toBeGreaterThan(1);
  expect(parseImage(pairs, tables, { access: 'create' }).sections.get('wire')?.values).toEqual({ if: names });
});

test('sugar as people write it', () => {
  expect(toPairs({
    wire: { addr: { eth0: ['10.0.0.2/24', { family: 6, address: 'fd00::1', prefix: 64 }] }, mtu: { eth0: 1400 }, if: 'eth0,wi0', publish: { host: 80, image: 8080, protocol: 'tcp' }, 'forward.v4': true },
    table: { share: 'db' }, bare: true, name: 'web', persist: undefined, 'children.max': 3,
  }, tables)).toEqual(words('name web children.max 3 vir wire if eth0,wi0 addr eth0=10.0.0.2/24,eth0=fd00::1/64 mtu eth0=1400 publish 80:8080/tcp forward.v4 true vir table share db vir bare'));
  for (const bad of [{ wire: { if: ['a,b'] } }, { wire: { if: [5] } }, { table: { max: 0 } }, { table: { max: Number.NaN } }, { table: { memory: {} } }, { wire: 5 }, { wire: { iff: 'x' } }, { wie: true }, { table: { memory: 1e300 } }, { name: null }, JSON.parse('{"__proto__":{}}')]) {
    expect(() => toPairs(bad, tables), JSON.stringify(bad)).toThrow(VimageError);
  }
});

test('near misses', () => {
  expect(nearest('addres', ['route', 'address', 'mtu'])).toBe('address');
  expect(nearest('ifn', ['if', 'in'])).toBe('if');
  expect(nearest('ADDR', ['addr'])).toBe('addr');
  expect(nearest('zzz', ['addr', 'mtu'])).toBeUndefined();
  expect(nearest('x'.repeat(100_000), ['addr'])).toBeUndefined();
});
