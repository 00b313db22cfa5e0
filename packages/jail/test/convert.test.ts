import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VimageError, parseImage, type ForeignFile } from '@vimage/core';
import { readJailFile } from '../src/convert/file.ts';
import { fates, mountKind, passed } from '../src/convert/table.ts';
import { addressText, fstabPair, prefixOf, quoted } from '../src/convert/values.ts';
import { jailParams } from '../src/params.ts';

const files: Readonly<Record<string, string>> = { '/etc/fstab.www': '# none\n/usr/ports /j/www/usr/ports nullfs ro 0 0\ntmpfs /j/www/tmp tmpfs rw,size=1m\ndevfs /j/www/dev devfs rw\n' };

function read(text: string): ForeignFile {
  return readJailFile(text, { file: 'jail.conf', read: (pattern) => {
    const found = files[pattern];
    if (found === undefined) throw new VimageError('ENOENT', `no ${pattern}`);
    return [{ file: pattern, text: found }];
  } });
}

const shown = (text: string): readonly string[] => {
  const walk = (images: ForeignFile['images'], prefix: string): readonly string[] => images.flatMap((image) => [
    `${prefix}${image.name}: ${image.pairs.map(([key, value]) => `${key} ${value}`).join('; ')}`, ...walk(image.children, `${prefix}${image.name}.`),
  ]);
  return walk(read(text).images, '');
};

describe('jail.conf as images', () => {
  it('has every parameter where it belongs, with its place', () => {
    const { images, notes } = read('www {\n  path = /j/www;\n  children.max = 3;\n  exec.start = "a, b", c;\n  exec.timeout = 10;\n  allow.raw_sockets; allow.nochflags;\n  vimage.proc.max = 5;\n  securelevel = 1;\n}\n');
    expect(images).toHaveLength(1);
    expect(images[0]?.pairs).toEqual([
      ['children.max', '3'], ['vir', 'jail'], ['path', '/j/www'], ['exec.start', 'a, b'], ['exec.start', 'c'], ['exec.timeout', '10s'], ['allow.raw_sockets', 'true'], ['allow.chflags', 'false'],
      ['securelevel', '1'], ['vir', 'proc'], ['max', '5'],
    ]);
    expect(images[0]?.places).toHaveLength(images[0]?.pairs.length ?? 0);
    expect(images[0]?.places[0]).toMatchObject({ line: 3 });
    expect(notes.map(({ key, fate }) => `${key} ${fate}`)).toEqual([
      'path kept', 'children.max kept', 'exec.start kept', 'exec.timeout kept', 'allow.raw_sockets kept', 'allow.chflags kept', 'vimage.proc.max kept', 'securelevel different',
    ]);
  });

  it('makes those first that others depend on, and jails inside others', () => {
    expect(shown('a { depend = b; } b { depend = "c.d"; } c { } c.d { path = /; } e { }').map((line) => line.split(':')[0])).toEqual(['c', 'c.d', 'b', 'a', 'e']);
    expect(shown('c { } c.d { depend = z; } z { }').map((line) => line.split(':')[0])).toEqual(['z', 'c', 'c.d']);
    expect(() => read('a { depend = b; } b { depend = a; }')).toThrow(expect.objectContaining({ code: 'ELOOP', message: expect.stringContaining('a → b → a') }));
    expect(() => read('a { depend = a; }')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
  });

  it('reads fstab(5), its places below the path', () => {
    expect(shown('www { path = /j/www; mount.fstab = /etc/fstab.www; mount = "/x /j/www/y nullfs rw"; }')).toEqual([
      'www: vir jail; path /j/www; mount /usr/ports /usr/ports nullfs ro; mount tmpfs /tmp tmpfs rw,size=1m; mount.devfs true; mount /x /y nullfs rw',
    ]);
    expect(() => read('www { path = /j/www; mount = "/x /j/wwwx nullfs rw"; }')).toThrow(expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining('not below') }));
    expect(() => read('www { path = /j/www; mount.fstab = /nix; }')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(fstabPair('  # only a remark', '/j')).toBeUndefined();
  });

  it('runs exec.prepare first and exec.release last, and makes one command of many words', () => {
    expect(shown('a { exec.prestart = b; exec.prepare = a; exec.release = d; exec.poststop = c; command = echo, "a b"; exec.timeout = 0; }')).toEqual([
      "a: vir jail; exec.prestart a; exec.prestart b; exec.poststop c; command echo 'a b'; exec.timeout 0; exec.poststop d",
    ]);
  });

  it('negates a flag as jail.conf does', () => {
    expect(shown('a { vnet; } b { novnet; ip4 = inherit; allow.noraw_sockets; nopersist; }')).toEqual(['a: vir jail; vnet true', 'b: vir jail; vnet false; ip4 inherit; allow.raw_sockets false']);
  });

  it('leaves out what has no counterpart, and says the same of one flag once', () => {
    expect(shown('a { sysvmsg = new; sysvsem = disable; sysvshm = new; allow.adjtime; allow.settime; host = inherit; persist; jid = 7; devfs_ruleset = 4; enforce_statfs = 2; allow.mount.zfs; exec.fib = 1; stop.timeout = 3; }'))
      .toEqual(['a: vir jail; sysvmsg new; sysvsem disable; sysvshm new; allow.settime true']);
  });

  it.each([
    ['a { bogus = 1; }', 'EINVAL', 1, /no parameter "bogus"/],
    ['a {\n  exec.strat = x;\n}', 'EINVAL', 2, /exec\.strat/],
    ['a { securelevel = 1, 2; }', 'EINVAL', 1, /one value|securelevel/],
    ['a { vnet = maybe; }', 'EINVAL', 1, /true or false/],
    ['a { ip4.addr = "em0|10.0.0.1/24 vhid 1"; }', 'EINVAL', 1, /ifconfig/],
  ])('refuses %j at its place', (text, code, line, message) => {
    try {
      const [image] = read(text).images;
      parseImage(image?.pairs ?? [], { image: {}, components: new Map([['jail', jailParams]]) } as never, { access: 'create' });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
      if (error instanceof VimageError && error.place?.line !== undefined) expect(error.place.line).toBe(line);
    }
  });

  it('reads addresses as ifconfig has them', () => {
    expect(['em0|10.0.0.1/24', '10.0.0.1 netmask 255.255.255.0', 'em0|10.0.0.1/255.255.252.0', '10.0.0.1', 'fd00::1 prefixlen 64', '10.0.0.1/24 alias'].map(addressText))
      .toEqual(['em0|10.0.0.1/24', '10.0.0.1/24', 'em0|10.0.0.1/22', '10.0.0.1', 'fd00::1/64', '10.0.0.1/24']);
    expect(['255.0.255.0', '0.0.0.0', '255.255.255.255', '1.2.3', '256.0.0.0'].map(prefixOf)).toEqual([undefined, 0, 32, undefined, undefined]);
    expect(["it's", 'a', 'a b', ''].map(quoted)).toEqual(["'it'\\''s'", 'a', "'a b'", "''"]);
  });
});

describe('docs/jail.md', () => {
  it('has the table as it is', () => {
    const words = { kept: 'kept', different: 'different', none: 'no counterpart' } as const;
    const rows = [...Object.entries(fates), ['allow.mount.KIND', mountKind] as const, ['vimage.COMPONENT.KEY', passed] as const].map(([key, { fate, text }]) => `| \`${key}\` | ${words[fate]} | ${text} |`);
    const page = readFileSync(new URL('../../../docs/jail.md', import.meta.url), 'utf8').split('\n');
    const start = page.indexOf('| parameter | | on Linux |') + 2;
    expect(page.slice(start, start + rows.length)).toEqual(rows);
  });

  it('every parameter of the component is one of jail(8), and has a line', () => {
    expect(Object.keys(jailParams).filter((key) => !Object.hasOwn(fates, key))).toEqual([]);
  });
});
