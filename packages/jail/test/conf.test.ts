import { describe, expect, test } from 'vitest';
import { readJailConf } from '../src/index.ts';
import { diskSource } from '../src/conf/disk.ts';
import { got, read } from './conf/fixture.ts';

describe('jail.conf(5), by its sections', () => {
  test('parameters: lists, +=, booleans with and without a value', () => {
    expect(got('a { ip4.addr = 10.1.1.1, 10.1.1.2; ip4.addr += 10.1.1.3; allow.mount; allow.nochflags; persist = "true"; mount.nodevfs; }')).toEqual({
      a: { 'ip4.addr': ['10.1.1.1', '10.1.1.2', '10.1.1.3'], 'allow.mount': ['true'], 'allow.chflags': ['false'], persist: ['true'], 'mount.devfs': ['false'] },
    });
  });

  test('the same boolean, with "no" and without: the later one counts', () => {
    expect(got('a { allow.mount; allow.nomount; } b { allow.nomount; allow.mount = 0; allow.nosysvipc = false; allow.noquotas = 1; }')).toEqual({
      a: { 'allow.mount': ['false'] }, b: { 'allow.mount': ['0'], 'allow.sysvipc': ['true'], 'allow.quotas': ['false'] },
    });
  });

  test('a flag that jail(8) does not know as boolean is told as it was written', () => {
    expect(read('a { vnet; nohost; notify; }')[0]?.params.map(({ name, values, bare }) => [name, values, bare])).toEqual([
      ['vnet', ['true'], true], ['nohost', ['true'], true], ['notify', ['true'], true],
    ]);
    expect(got('a { vnet = new; novnet; }')).toEqual({ a: { novnet: ['true'] } });
  });

  test('strings: tokens, both quotes, pieces that stand together, C escapes, lines that go on', () => {
    expect(got(String.raw`a { a = x'y'"z"; b = 'it\'s $name'; c = "a\tb\n\x41\101\$x"; d = a\ b\;c; e = ''; f = "\xc3\xa9"; g = /; h = 50%; i = a+b; j = "$"; }`)['a']).toEqual({
      a: ['xyz'], b: ['it\'s $name'], c: ['a\tb\nAA$x'], d: ['a b;c'], e: [''], f: ['é'], g: ['/'], h: ['50%'], i: ['a+b'], j: ['$'],
    });
    expect(got('a { a = "one \\\ntwo"; b = "one\ntwo"; c = x\\\r\ny; }')['a']).toEqual({ a: ['one two'], b: ['one\ntwo'], c: ['xy'] });
  });

  test('variables: of the jail, of parameters, of the name; in tokens and double quotes, not in single quotes', () => {
    expect(got('$parentdir = "/var/jail"; path = "$parentdir/$name"; a { host.hostname = $name.example; exec.start = "echo ${host.hostname}", \'$name\'; }')).toEqual({
      a: { path: ['/var/jail/a'], 'host.hostname': ['a.example'], 'exec.start': ['echo a.example', '$name'] },
    });
  });

  test('a variable may be defined after its use, by jail, and be a list', () => {
    expect(got('* { ip4.addr = $addrs; path = /j/$n; } a { $n = one; $addrs = 10.0.0.1, 10.0.0.2; } b { $n = two; $addrs = 10.0.0.3; ip4.addr += $more; $more = x, y; }')).toEqual({
      a: { 'ip4.addr': ['10.0.0.1', '10.0.0.2'], path: ['/j/one'] }, b: { 'ip4.addr': ['10.0.0.3', 'x', 'y'], path: ['/j/two'] },
    });
  });

  test('wildcards: later ones win, those above are defaults, partial ones cover what is inside', () => {
    expect(got('a = 1; * { b = 1; } foo { a = 2; } foo.bar { } foo.bar.baz { } other { b = 3; } foo.* { c = 1; } * { b = 2; }')).toEqual({
      foo: { a: ['2'], b: ['2'] }, 'foo.bar': { a: ['1'], b: ['2'], c: ['1'] }, 'foo.bar.baz': { a: ['1'], b: ['2'], c: ['1'] }, other: { a: ['1'], b: ['2'] },
    });
    expect(got('*.x { p; } a.x { } b.y { } a.b.x { } a.*.c { q; } a.b.c { } a.c { }')).toEqual({
      'a.x': { p: ['true'] }, 'b.y': {}, 'a.b.x': {}, 'a.b.c': { q: ['true'] }, 'a.c': {},
    });
  });

  test('wildcards and globals alone make no jail', () => {
    expect(read('persist; $a = 1; * { vnet; } web.* { vnet; }')).toEqual([]);
    expect(read('')).toEqual([]);
    expect(read(';;\ufeff'.slice(0, 2))).toEqual([]);
  });

  test('several blocks of one jail are one, as they stand; blocks within blocks are jails inside', () => {
    expect(got('a { p = 1; q = 1; } * { q = 2; } a { q += 3; }')).toEqual({ a: { p: ['1'], q: ['2', '3'] } });
    expect(got('a { p = 1; b { q = $name; c { } } } "d.e" { }')).toEqual({ a: { p: ['1'] }, 'a.b': { q: ['a.b'] }, 'a.b.c': {}, 'd.e': {} });
  });

  test('comments stand wherever space does', () => {
    expect(got('# one\na { // two\n/* three\n * { */ p = /* four **/ 1; q = /x#five\n; r = "# // /* */"; }/**/')).toEqual({ a: { p: ['1'], q: ['/x'], r: ['# // /* */'] } });
  });

  test('the sign of a parameter may be left out, and lines may end as on other systems', () => {
    expect(got('\ufeffa {\r\n\tpath /jail/a;\r\n\tip4.addr 10.0.0.1, 10.0.0.2;\r\n}\r\n')).toEqual({ a: { path: ['/jail/a'], 'ip4.addr': ['10.0.0.1', '10.0.0.2'] } });
  });

  test('a jail whose name is a number has that as its jid, and may have a name', () => {
    expect(got('7 { name = seven; path = /j/$jid/$name; }')).toEqual({ 7: { name: ['seven'], path: ['/j/7/seven'] } });
    expect(got('7 { path = /j/$name; }')).toEqual({ 7: { path: ['/j/7'] } });
  });

  test('every parameter has the place of the last statement about it', () => {
    expect(read('a = 1;\nx {\n  a += 2;\n  b;\n}\n')[0]?.params.map(({ name, place }) => [name, place])).toEqual([
      ['a', { file: 'jail.conf', line: 3, column: 3 }], ['b', { file: 'jail.conf', line: 4, column: 3 }],
    ]);
  });

  test('names that an object has by itself are names like others', () => {
    expect(read('__proto__ { constructor = $toString; $toString = x; }')[0]?.params.map(({ name, values }) => [name, values])).toEqual([['constructor', ['x']]]);
  });

  test('an included file that has no end, or no writer, is refused and not waited for', () => {
    for (const file of ['/dev/zero', '/proc/self/fd']) {
      expect(() => readJailConf(`.include "${file}";`, diskSource('/tmp/jail.conf'))).toThrow(expect.objectContaining({ code: file === '/dev/zero' ? 'EINVAL' : 'EISDIR', message: expect.stringContaining(file) }));
    }
  });
});
