import { describe, expect, test } from 'vitest';
import type { Restriction } from '@vimage/core';
import { linux } from '@vimage/linux';
import { fsPlan, vfs, vfsParams, type Look, type RootAt, type VfsValues } from '../src/index.ts';
import { checkValues } from '../src/plan/wanted.ts';
import { fake, lines } from './fake.ts';

const host = fake('/usr/bin/sh', '/etc/passwd', '/etc/ssl/cert', '/project/src/a.c', '/project/.env', '/project/out/', '/dev/', '/proc/', '/sys/', '/run/vimage/img/');

function plan(values: VfsValues, root: RootAt = { kind: 'empty' }, look: Look = host): readonly string[] {
  return lines(fsPlan({ values, root, emptyFile: '/run/vimage/img/web/fs/empty', hidden: ['/run/vimage'] }, look));
}

const same = (path: string): { to: string; from: string } => ({ to: path, from: path });
const bare: VfsValues = { dev: false };
const frame = [
  'mount fs=tmpfs to=/proc flags=ro,nosuid,nodev,noexec data=mode=0555,size=4k make=dir',
  'mount fs=tmpfs to=/sys flags=ro,nosuid,nodev,noexec data=mode=0555,size=4k make=dir',
  'bind from=/run/vimage/img/web/fs/empty to=/etc/resolv.conf flags=ro,nosuid,nodev,noexec make=file optional=yes',
  'bind from=/run/vimage/img/web/fs/empty to=/etc/hosts flags=ro,nosuid,nodev,noexec make=file optional=yes',
];
const emptyRoot = 'root fs=tmpfs data=mode=0755,size=67108864 flags=nosuid,nodev';

describe('the plan', () => {
  test('of nothing is an empty root', () => {
    expect(plan(bare)).toEqual([emptyRoot, ...frame]);
  });

  test('mounts parents before what is in them, and makes mount points in memory only', () => {
    expect(plan({ ...bare, bind: [{ to: '/project/out', from: '/project/out' }], ro: [same('/project'), same('/usr')], tmpfs: [{ to: '/tmp', size: 4096 }] })).toEqual([
      emptyRoot,
      'bind from=/project to=/project flags=ro,nosuid,nodev nofollow=yes make=dir',
      'bind from=/usr to=/usr flags=ro,nosuid,nodev nofollow=yes make=dir',
      'mount fs=tmpfs to=/tmp flags=nosuid,nodev data=mode=1777,size=4096 make=dir',
      ...frame.slice(0, 2),
      'bind from=/project/out to=/project/out flags=nosuid,nodev nofollow=yes',
      ...frame.slice(2),
    ]);
  });

  test('makes no mount point in a directory of the host’s, by whatever name', () => {
    expect(() => plan({ ...bare, ro: [same('/project')], tmpfs: [{ to: '/project/cache' }] })).toThrow(expect.objectContaining({ code: 'ENOENT', subject: '/project/cache', hint: expect.stringContaining('make /project/cache') }));
    const linked = fake('/rootfs/tmp -> /project', '/project/', '/rootfs/project/', '/rootfs/proc/', '/rootfs/sys/', '/rootfs/etc/hosts', '/rootfs/etc/resolv.conf');
    expect(() => plan({ ...bare, bind: [same('/project')], tmpfs: [{ to: '/tmp/x' }] }, { kind: 'unpacked', from: '/rootfs' }, linked)).toThrow(expect.objectContaining({ code: 'ENOENT', subject: '/tmp/x' }));
    expect(() => plan({ ...bare, ro: [same('/project')], bind: [{ to: '/project/.env', from: '/etc/ssl' }] })).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
  });

  test('makes the places of other components’ files where links of the root lead', () => {
    const rootfs = fake('/r/etc/resolv.conf -> ../run/resolve/stub.conf', '/r/etc/hosts', '/r/proc -> /etc/fake', '/r/sys/');
    expect(plan(bare, { kind: 'unpacked', from: '/r' }, rootfs).slice(1)).toEqual([
      'mount fs=tmpfs to=/etc/fake flags=ro,nosuid,nodev,noexec data=mode=0555,size=4k make=dir',
      'bind from=/run/vimage/img/web/fs/empty to=/run/resolve/stub.conf flags=ro,nosuid,nodev,noexec make=file optional=yes',
    ]);
    const away = fake('/r/etc/resolv.conf -> /w/file', '/r/etc/hosts', '/r/proc/', '/r/sys/', '/r/w/', '/w/');
    expect(plan({ ...bare, bind: [{ to: '/w', from: '/w' }] }, { kind: 'unpacked', from: '/r' }, away).filter((line) => line.includes('make=file'))).toEqual([]);
  });

  test('of the host is read-only, with a /dev of its own and the registry covered', () => {
    expect(plan({}, { kind: 'host', from: '/', ro: true })).toEqual(['root from=/ flags=ro,nosuid,nodev nofollow=yes', 'dev to=/dev', 'cover to=/run/vimage']);
  });

  test('covers the registry wherever it would be seen', () => {
    expect(plan({ ...bare, ro: [{ to: '/r', from: '/run' }, same('/usr')] }).filter((line) => line.startsWith('cover'))).toEqual(['cover to=/r/vimage']);
  });

  test('of an overlay', () => {
    const root: RootAt = { kind: 'host', from: '/project', ro: false };
    expect(plan({ ...bare, overlay: 'throw-away', 'overlay.size': 65536 }, root)[0]).toBe('overlay lower=/project to=/ size=65536 flags=nosuid,nodev nofollow=yes');
    expect(plan({ ...bare, overlay: '/kept' }, root)[0]).toBe('overlay lower=/project to=/ upper=/kept/upper work=/kept/work flags=nosuid,nodev nofollow=yes');
  });

  test('lets set-user-ID files work only where that was asked, and devices never', () => {
    const flags = (values: VfsValues): readonly string[] => plan({ ...values, ro: [same('/usr')] }, { kind: 'host', from: '/project', ro: false }, fake('/project/usr/', '/usr/')).map((line) => /flags=(\S+)/.exec(line)?.[1] ?? '');
    expect(flags(bare)).toEqual(['nosuid,nodev', 'ro,nosuid,nodev']);
    expect(flags({ ...bare, suid: true })).toEqual(['nodev', 'ro,nodev']);
    expect(vfsParams.suid.order).toBe('and');
  });

  test('masks, cwd and umask come after what is mounted', () => {
    expect(plan({ ...bare, mask: ['/etc/hosts'], cwd: '/tmp', umask: 0o27 }).slice(-3)).toEqual(['mask to=/etc/hosts', 'umask mask=27', 'cwd to=/tmp']);
  });

  test('is for those who live in the image, and acted on only where asked', () => {
    expect(fsPlan({ values: {}, root: { kind: 'empty' }, emptyFile: '/e', hidden: [] }, host).every(({ ask, mode }) => ask === true && mode === undefined)).toBe(true);
  });
});

describe('what an image gets', () => {
  const made = {
    serial: 7n, image: 'web', unpacked: undefined, registry: [],
    steps: fsPlan({ values: { ...bare, suid: true, ro: [same('/usr')] }, root: { kind: 'empty' }, emptyFile: 'fs/empty', hidden: [] }, host),
  };
  const entry = (held: Restriction | undefined): readonly string[] =>
    lines(vfs.entry(made, { image: { name: 'web', serial: 7n, persist: true }, home: '/run/vimage/img/web', delegated: false, held: () => held }));

  test('has no set-user-ID programs where one around it forbids them', () => {
    expect(entry({ order: 'and', value: true }).filter((line) => / (from|to)=\/usr /.test(line) && !line.includes('nosuid'))).toHaveLength(1);
    expect(entry({ order: 'and', value: false }).filter((line) => line.includes('flags=') && !line.includes('nosuid'))).toEqual([]);
  });

  test('names files of its own where they are', () => {
    expect(entry(undefined)).toContain('bind from=/run/vimage/img/web/fs/empty to=/etc/hosts flags=ro,nosuid,nodev,noexec make=file optional=yes');
  });

  test('is found again by another process', () => {
    expect(vfs.restore(vfs.save({ ...made, unpacked: '/var/lib/vimage/7-0' }), { image: { name: 'web', serial: 7n, persist: true }, substrate: linux() })).toEqual({ ...made, unpacked: '/var/lib/vimage/7-0' });
  });
});

describe('what is refused before anything is made', () => {
  test.each<[string, VfsValues, object]>([
    ['an overlay over nothing', { overlay: 'throw-away' }, { code: 'EINVAL', subject: 'overlay' }],
    ['a size of what is kept', { root: { kind: 'host' }, overlay: '/kept', 'overlay.size': 65536 }, { code: 'EINVAL', subject: 'overlay.size' }],
    ['a place given twice', { bind: [same('/project')], tmpfs: [{ to: '/project' }] }, { code: 'EINVAL', subject: '/project' }],
    ['two roots', { root: { kind: 'host' }, tmpfs: [{ to: '/' }] }, { code: 'EINVAL', subject: 'tmpfs' }],
    ['all mounts shown', { enforce_statfs: 0 }, { code: 'EOPNOTSUPP', subject: 'enforce_statfs' }],
    ['only the root shown', { enforce_statfs: 2 }, { code: 'EOPNOTSUPP', subject: 'enforce_statfs' }],
  ])('%s', (_what, values, error) => {
    expect(() => { checkValues(values); }).toThrow(expect.objectContaining(error));
  });

  test.each([
    ['root', 'rel'], ['root', 'tar:rel'], ['root', 'oci:'], ['root', '/a/../b'], ['bind', 'a=/b'], ['bind', '/'], ['bind', '/=/a'], ['tmpfs', '/a=big'], ['mask', '/'],
    ['deny', '/'], ['deny', '/a/**b'], ['deny', '/a/[b'], ['deny', '/a/[z-a]'], ['deny', '/a/../b'], ['umask', '8'], ['umask', '1777'], ['overlay', 'kept'],
  ] as const)('%s %s', (key, text) => {
    expect(() => vfsParams[key].type.parse(text)).toThrow(expect.objectContaining({ name: 'VimageError' }));
  });

  test.each([
    ['root', 'empty'], ['root', 'host'], ['root', '/srv'], ['root', 'tar:/a.tar'], ['root', 'oci:/a'], ['root', 'oci:/a:v1.2'], ['bind', '/a'], ['bind', '/a=/b'], ['bind', '/a=/b=c'],
    ['tmpfs', '/a=64m'], ['deny', '/a/**/*.pem'], ['umask', '027'], ['overlay', 'throw-away'],
  ] as const)('%s %s is read and written', (key, text) => {
    const { type } = vfsParams[key];
    const print = (value: unknown): string => (type.is(value) ? (type.print as (v: unknown) => string)(value) : '');
    expect(print(type.parse(text))).toBe(text);
  });
});
