import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VimageError } from '@vimage/core';
import { readJailConf } from '../src/index.ts';
import { got, source } from './conf/fixture.ts';

type Params = readonly (readonly [name: string, values: readonly string[]])[];

/** A text as jail.conf(5) can write it, in one of its ways. */
const written = (text: string, way: number): string => {
  if (way % 3 === 0 && /^[A-Za-z0-9_!%&()\-.:<>?@[\]^`|~]+$/.test(text)) return text;
  if (way % 3 === 1) return `'${text.replace(/['\\]/g, '\\$&')}'`;
  return `"${[...text].map((c) => /[A-Za-z]/.test(c) && way > 50 ? `\\x${(c.codePointAt(0) ?? 0).toString(16)}` : c.replace(/["\\$]/, '\\$&').replace('\n', way % 2 === 0 ? '\\n' : '\n')).join('')}"`;
};

const space = fc.constantFrom('', ' ', '\n', '\t\r\n', ' # x { ; \' "\n', '//\n', '/* } ; " */', '/***/');
const way = fc.nat(100);
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('$x', '${y}', '//', '#', '/*', '\'', '"', '\\', 'a\nb', 'ÿé😀', 'false', '; }', '')).filter((each) => !/[\0\p{Surrogate}]/u.test(each));
const part = fc.stringMatching(/^[A-Za-mo-z0-9_-][A-Za-z0-9_-]{0,5}$/);
const dotted = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')).filter((name) => !['name', 'jid'].includes(name) && !/^\d+$/.test(name));
const params: fc.Arbitrary<Params> = fc.uniqueArray(fc.tuple(dotted, fc.array(text, { minLength: 1, maxLength: 3 })), { selector: ([name]) => name, maxLength: 5 });
const conf = fc.uniqueArray(fc.tuple(dotted, params), { selector: ([name]) => name, maxLength: 4 });

test('what is written is read: names, values, in any quotes, with any space and comments, in one statement or several', () => {
  fc.assert(fc.property(conf, fc.infiniteStream(space), fc.infiniteStream(way), (jails, spaces, ways) => {
    const gap = (): string => spaces.next().value;
    const string = (value: string): string => written(value, ways.next().value);
    const statement = ([name, values]: Params[number]): string => {
      if (ways.next().value % 2 === 0) return `${string(name)}${gap()}=${gap()}${values.map(string).join(`${gap()},${gap()}`)}${gap()};`;
      return values.map((value, i) => `${string(name)}${gap()}${i === 0 ? '=' : '+='}${gap()}${string(value)}${gap()};`).join('');
    };
    const printed = jails.map(([name, own]) => `${gap()}${string(name)}${gap()}{${gap()}${own.map(statement).join(gap())}${gap()}}${gap()}`).join('');
    expect(readJailConf(printed, source()).map((jail) => [jail.name, jail.params.map(({ name, values }) => [name, values])])).toEqual(jails);
  }), { numRuns: 500 });
});

test('what is said of all is the same, said in each jail, above or below it', () => {
  fc.assert(fc.property(params, params, params, fc.uniqueArray(part.filter((name) => !/^\d+$/.test(name)), { maxLength: 3 }), (above, own, below, names) => {
    const print = (list: Params): string => list.map(([name, values]) => `${name} = ${values.map((value) => written(value, 1)).join(',')};`).join('');
    const globally = `${print(above)}${names.map((name) => `${name}{${print(own)}}`).join('')}*{${print(below)}}`;
    const each = names.map((name) => `${name}{${print(above)}${print(own)}${print(below)}}`).join('');
    expect(got(globally)).toEqual(got(each));
  }));
});

const scrap = fc.constantFrom('a', 'b.c', '*', 'a.*', '{', '}', ';', ',', '=', '+=', ' ', '\n', '"', '\'', '\\', '$', '${', '$a', '${a}', '$a=', '$a=$a,$a;', '/*', '*/', '//', '#', '\0', '\u00a0', '\ud800', '\\x', '\\777', '\\xff', '.include x;', 'a{', 'allow.nox;', 'name=', '\ufeff', '\r\n', 'é');

test('any text is read, or refused with a code and its place', () => {
  const included = 'b { $a = 1; c = $a; }';
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.array(scrap, { maxLength: 30 }).map((parts) => parts.join(''))), (whole) => {
    try {
      readJailConf(whole, source({ x: included }));
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      const { place } = error;
      expect(['EINVAL', 'E2BIG', 'ELOOP', 'ENOENT']).toContain(error.code);
      expect(error.message).toContain(`${place?.file}:${place?.line}:${place?.column}: `);
      const text = place?.file === 'x' ? included : whole;
      expect(text.split('\n')[(place?.line ?? 0) - 1]?.length).toBeGreaterThanOrEqual((place?.column ?? 0) - 1);
    }
  }), { numRuns: 3000 });
});

describe('hostile input', () => {
  const vary = (n: number, make: (i: number) => string): string => Array.from({ length: n }, (_, i) => make(i)).join('');
  const expected = expect.objectContaining({ code: expect.stringMatching(/^(EINVAL|E2BIG|ELOOP)$/) });
  test.each<[string, (n: number) => string, boolean]>([
    ['a variable that doubles another', () => `a{$v0=xxxxxxxxxxxxxxxx;${vary(60, (i) => `$v${i + 1}="$v${i}$v${i}";`)}}`, true],
    ['a list that doubles another', () => `a{$v0=x;${vary(60, (i) => `$v${i + 1}=$v${i},$v${i};`)}}`, true],
    ['a long chain of variables, each read', (n) => `a{$v0=x;${vary(n / 10, (i) => `$v${i + 1}=$v${i};p${i}=$v${i + 1};`)}}`, false],
    ['a chain read from its end', (n) => `a{p=$v0;${vary(n / 10, (i) => `$v${i}=$v${i + 1};`)}}`, true],
    ['many jails, much for all', (n) => `*{${vary(n / 100, (i) => `p${i}=1;`)}}${vary(n / 100, (i) => `j${i}{}`)}`, true],
    ['many wildcards, many jails', (n) => `${vary(n / 100, () => '*{p;}a.*{p;}')}${vary(n / 100, (i) => `j${i}{}`)}`, true],
    ['long values for many jails', (n) => `p="${'x'.repeat(n)}";q=$p;${vary(1000, (i) => `j${i}{}`)}`, true],
    ['blocks of one jail', (n) => 'a{}'.repeat(n), false],
    ['more jails than there may be', () => vary(70_000, (i) => `j${i}{}`), true],
    ['nesting', (n) => 'a{'.repeat(n), true],
    ['statements', (n) => `a{${'p;'.repeat(n * 10)}}`, true],
    ['a list', (n) => `a{p=${'x,'.repeat(n * 10)}x;}`, true],
    ['empty statements', (n) => ';'.repeat(n * 20), false],
    ['references', (n) => `a{p="${'$a'.repeat(n)}";}`, true],
    ['escapes', (n) => `a{p="${'\\a'.repeat(n)}${'\\x41'.repeat(n)}";}`, false],
    ['pieces', (n) => `a{p=${'\'\'""'.repeat(n)};}`, false],
    ['open comments', (n) => '/*\n'.repeat(n), true],
    ['comments', (n) => '/**/#\n'.repeat(n), false],
    ['open quotes', (n) => `a{p="${'"\''.repeat(n)}`, true],
    ['open variables', (n) => '${'.repeat(n), true],
    ['dots', (n) => `${'a.'.repeat(n)}b{}*.${'a.'.repeat(n)}*{}`, true],
    ['a long name with much inside', (n) => `${'a'.repeat(n)}{${'b{}'.repeat(n)}}`, true],
    ['a long name of a parameter', (n) => `${'a'.repeat(n * 10)}=1;${vary(n / 10, (i) => `j${i}{}`)}`, true],
    ['a long name of a variable', (n) => `p=$${'a'.repeat(n * 10)};${vary(n / 10, (i) => `j${i}{}`)}`, true],
    ['a long list appended', (n) => `a{p=1;p+=${'x,'.repeat(n * 2)}x;}`, false],
    ['a long list for many jails', (n) => `p=${'x,'.repeat(n * 2)}x;${vary(1000, (i) => `j${i}{}`)}`, true],
    ['many empty variables for many jails', (n) => `$a='';p="${'$a'.repeat(16_000)}";${vary(n / 10, (i) => `j${i}{}`)}`, true],
    ['pluses', (n) => `a{p=1;${'p+=1;'.repeat(n)}}`, false],
    ['too long', (n) => ' '.repeat(n * 50), true],
    ['an unknown variable among many', (n) => `a{${vary(n / 10, (i) => `$variable_${i}=1;`)}p=$variable;}`, true],
  ])('%s', (_, make, refuse) => {
    const started = performance.now();
    const run = (): unknown => readJailConf(make(100_000), source());
    if (refuse) expect(run).toThrow(expected);
    else run();
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
