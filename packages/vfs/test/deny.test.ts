import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VimageError } from '@vimage/core';
import { fsPlan, type Look, type RootAt, type VfsValues } from '../src/index.ts';
import { fake, lines } from './fake.ts';

const same = (path: string): { to: string; from: string } => ({ to: path, from: path });

function plan(values: VfsValues, look: Look, root: RootAt = { kind: 'empty' }): readonly string[] {
  const steps = lines(fsPlan({ values: { dev: false, ...values }, root, emptyFile: '/e', hidden: [] }, look));
  return steps.filter((line) => !/ to=\/(proc|sys|etc\/hosts|etc\/resolv.conf) /.test(line)).slice(1);
}

describe('a denied name', () => {
  const home = fake('/home/ann/.ssh/id', '/home/ann/a.c', '/home/bob/', '/home/link -> ann');

  test('is left out of a copy, in memory, of the directory that it is in, and of those above that', () => {
    expect(plan({ ro: [same('/home')], deny: ['/home/ann/.ssh'] }, home)).toEqual([
      'mount fs=tmpfs to=/home flags=nosuid,nodev,noexec data=mode=0755,size=4k,nr_inodes=4 make=dir',
      'mount fs=tmpfs to=/home/ann flags=nosuid,nodev,noexec data=mode=0755,size=4k,nr_inodes=2 make=dir',
      'bind from=/home/ann/a.c to=/home/ann/a.c flags=ro,nosuid,nodev nofollow=yes make=yes optional=yes',
      'bind from=/home/bob to=/home/bob flags=ro,nosuid,nodev nofollow=yes make=yes optional=yes',
      'link to=/home/link target=ann',
    ]);
  });

  test('need not be there', () => {
    expect(plan({ bind: [same('/home')], deny: ['/home/later'] }, home).filter((line) => line.includes('later'))).toEqual([]);
    expect(plan({ bind: [same('/home')], deny: ['/home/later'] }, home)[0]).toContain('to=/home flags=nosuid,nodev,noexec data=mode=0755,size=4k,nr_inodes=4');
  });

  test('of another tree changes nothing', () => {
    expect(plan({ ro: [same('/home')], deny: ['/project/.env'] }, home)).toEqual(['bind from=/home to=/home flags=ro,nosuid,nodev nofollow=yes make=dir']);
  });

  test('inside of what is given leaves what is around that as it is, unless a link leads there', () => {
    const both = { ro: [same('/home')], bind: [same('/home/ann')] };
    expect(plan({ ...both, deny: ['/home/ann/*.pem', '/home/ann/.ssh/**'] }, home)[0]).toBe('bind from=/home to=/home flags=ro,nosuid,nodev nofollow=yes make=dir');
    expect(plan({ ...both, deny: ['/home/*/.ssh'] }, home)[0]).toContain('mount fs=tmpfs to=/home ');
    expect(plan({ ro: [same('/home')], bind: [{ to: '/home/link/x', from: '/home/bob' }], deny: ['/home/link/x/*.pem'] }, fake('/home/ann/x/', '/home/bob/', '/home/link -> ann'))[0]).toContain('mount fs=tmpfs to=/home ');
  });

  test('that is given is a contradiction', () => {
    expect(() => plan({ ro: [same('/home')], deny: ['/home'] }, home)).toThrow(expect.objectContaining({ code: 'EINVAL', subject: '/home' }));
    expect(() => plan({ ro: [same('/home/ann')], deny: ['/ho*'] }, home)).toThrow(expect.objectContaining({ code: 'EINVAL', subject: '/ho*' }));
  });

  test('that is a link is denied with what it leads to', () => {
    const linked = fake('/w/secret -> real/key', '/w/real/key', '/w/real/other');
    expect(plan({ ro: [same('/w')], deny: ['/w/secret'] }, linked).filter((line) => /key|secret/.test(line))).toEqual([]);
  });

  test('behind a link is denied where it is', () => {
    const linked = fake('/w/l -> real', '/w/real/key', '/w/real/other');
    expect(plan({ ro: [same('/w')], deny: ['/w/l/key'] }, linked).filter((line) => line.includes('key'))).toEqual([]);
    expect(plan({ ro: [same('/w')], deny: ['/w/l/key'] }, linked)).toContain('bind from=/w/real/other to=/w/real/other flags=ro,nosuid,nodev nofollow=yes make=yes optional=yes');
  });

  test('is denied in every tree that has the same thing', () => {
    const steps = plan({ ro: [same('/home'), { to: '/again', from: '/home/ann' }], deny: ['/home/ann/.ssh'] }, home);
    expect(steps.filter((line) => line.includes('to=/again'))).toEqual([
      'mount fs=tmpfs to=/again flags=nosuid,nodev,noexec data=mode=0755,size=4k,nr_inodes=2 make=dir',
      'bind from=/home/ann/a.c to=/again/a.c flags=ro,nosuid,nodev nofollow=yes make=yes optional=yes',
    ]);
  });

  test('through ** leaves out links by which it could be reached after all', () => {
    const linked = fake('/w/a/k.pem', '/w/a/f', '/w/away -> /etc', '/w/in -> a', '/etc/x.pem');
    const steps = plan({ ro: [same('/w'), same('/etc')], deny: ['/w/**/*.pem'] }, linked);
    expect(steps.filter((line) => line.startsWith('link'))).toEqual(['link to=/w/in target=a']);
  });

  test('in an overlay is covered, or its place taken', () => {
    const root: RootAt = { kind: 'host', from: '/home', ro: false };
    expect(plan({ overlay: 'throw-away', deny: ['/ann/.ssh', '/ann/later'] }, home, root)).toEqual([
      'mount fs=tmpfs to=/ann/later flags=ro,nosuid,nodev,noexec data=mode=0555,size=4k make=dir', 'mask to=/ann/.ssh',
    ]);
    expect(() => plan({ overlay: 'throw-away', deny: ['/ann/*.pem'] }, home, root)).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP', subject: '/ann/*.pem' }));
    expect(() => plan({ overlay: '/kept', deny: ['/ann/later'] }, home, root)).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP', subject: '/ann/later' }));
  });

  test('in what was unpacked is covered, behind links too', () => {
    const rootfs = fake('/r/a/k.pem', '/r/b -> a', '/r/c/l -> ../a/k.pem', '/r/a/f');
    expect(plan({ deny: ['/b/*.pem'] }, rootfs, { kind: 'unpacked', from: '/r' })).toEqual(['mask to=/a/k.pem']);
    expect(plan({ deny: ['/c/l'] }, rootfs, { kind: 'unpacked', from: '/r' })).toEqual(['mask to=/a/k.pem', 'mask to=/c/l']);
  });

  test('among more names than a plan can hold is refused', () => {
    const many = fake(...Array.from({ length: 500 }, (_, i) => `/w/${i}`));
    expect(() => plan({ ro: [same('/w')], deny: ['/w/*.pem'] }, many)).toThrow(expect.objectContaining({ code: 'E2BIG', subject: 'deny' }));
  });
});

/** What can be opened in the view, by every path without links: those of binds and what is below them. */
function visible(steps: readonly string[], look: Look): ReadonlySet<string> {
  const seen = new Set<string>();
  const add = (host: string, to: string): void => {
    seen.add(to);
    if (look.kind(host) === 'dir') for (const name of look.list(host)) add(`${host}/${name}`, `${to}/${name}`);
  };
  for (const line of steps) {
    const [, from, to] = /^bind from=(\S+) to=(\S+)/.exec(line) ?? [];
    if (from !== undefined && to !== undefined) add(from, to);
    const [, link] = /^link to=(\S+)/.exec(line) ?? [];
    if (link !== undefined) seen.add(link);
  }
  return seen;
}

describe('whatever there is and is denied', () => {
  const name = fc.constantFrom('a', 'b', 'k.pem', 'x.pem');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/w/${names.join('/')}`);
  const file = path.filter((each) => !/pem\//.test(each));
  const segment = fc.oneof(name, fc.constantFrom('*', '**', '*.pem', '?', '[ab]'));
  const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((names) => `/w/${names.join('/')}`);

  /** The pattern, said otherwise. */
  const meaning = (text: string): RegExp => new RegExp(`^${text.replace(/\./g, '\\.').replace(/\/\*\*$/, '/@@/*').replaceAll('/**', '/@@').replace(/(?<!@)\*/g, '[^/]*').replace(/\?/g, '[^/]').replaceAll('/@@', '(?:/[^/]+)*')}(/.*)?$`);

  test('nothing that a pattern means is visible, and everything else is', () => {
    fc.assert(fc.property(fc.uniqueArray(file, { minLength: 1, maxLength: 8 }), fc.array(pattern, { minLength: 1, maxLength: 3 }), (paths, deny) => {
      const files = paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`)));
      const look = fake(...files);
      const patterns = deny.map(meaning);
      const seen = visible(plan({ ro: [same('/w')], deny }, look), look);
      for (const each of files) expect([each, seen.has(each)]).toEqual([each, !patterns.some((one) => one.test(each))]);
    }), { numRuns: 400 });
  });

  test('nor can it be reached through links', () => {
    const link = fc.tuple(path, fc.oneof(path, fc.constantFrom('..', '../a', 'b', '.', '/w', '/else')));
    fc.assert(fc.property(fc.uniqueArray(file, { minLength: 1, maxLength: 5 }), fc.array(link, { maxLength: 3 }), fc.array(pattern, { minLength: 1, maxLength: 2 }), (paths, links, deny) => {
      const files = paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`)));
      const good = links.filter(([at], i) => !files.some((each) => each === at || each.startsWith(`${at}/`) || at.startsWith(`${each}/`)) && !links.some(([other], j) => j !== i && (other === at || other.startsWith(`${at}/`) || at.startsWith(`${other}/`))));
      const look = fake(...files, ...good.map(([at, target]) => `${at} -> ${target}`));
      let steps: readonly string[];
      try {
        steps = plan({ ro: [same('/w')], deny }, look);
      } catch (error) {
        // Refused: a link that is denied leads to what is given as a whole.
        expect(['ELOOP', 'EINVAL']).toContain(error instanceof VimageError ? error.code : error);
        return;
      }
      const seen = visible(steps, look);
      const patterns = deny.map(meaning);
      /** Every way to say a path, with up to three links in it. */
      const reach = (at: string, real: string, links: number): void => {
        for (const child of look.kind(real) === 'dir' ? look.list(real) : []) {
          const [said, is] = [`${at}/${child}`, `${real}/${child}`];
          const kind = look.kind(is);
          if (kind === 'file' && patterns.some((one) => one.test(said))) expect([said, is, seen.has(is)]).toEqual([said, is, false]);
          if (kind === 'dir') reach(said, is, links);
          if (kind !== 'link' || !seen.has(is) || links >= 3) continue;
          const target = look.target(is);
          const names: string[] = [];
          for (const part of (target.startsWith('/') ? target : `${real}/${target}`).split('/')) {
            if (part === '..') names.pop();
            else if (part !== '' && part !== '.') names.push(part);
          }
          const to = `/${names.join('/')}`;
          if (look.kind(to) === 'file' && patterns.some((one) => one.test(said))) expect([said, to, seen.has(to)]).toEqual([said, to, false]);
          if (look.kind(to) === 'dir' && to.startsWith('/w')) reach(said, to, links + 1);
        }
      };
      reach('/w', '/w', 0);
    }), { numRuns: 400 });
  });
});
