import { VimageError, type EntryStep, type Pair } from '@vimage/core';
import { denySteps, type Denied } from './deny.ts';
import type { Frozen } from './freeze.ts';
import type { Look } from './look.ts';
import { after, isIn, join, namesOf } from './path.ts';
import { Trees, type Tree } from './tree.ts';
import type { Wanted } from './wanted.ts';

/** Something that is mounted, and as what. */
interface Part {
  readonly to: string;
  readonly steps: (make: readonly Pair[]) => readonly EntryStep[];
  /** What has to be where it is mounted. */
  readonly place: 'dir' | 'file';
}

/**
 * How the file system of an image is made, as steps of a plan (docs/plan-format.md). Pure: the host is only looked at, through `look`.
 * ENOENT: a mount point is missing in a directory of the host's, where none is ever made. E2BIG, EINVAL, ELOOP, EOPNOTSUPP.
 */
export function fsPlan(wanted: Wanted, look: Look): readonly EntryStep[] {
  const { values } = wanted;
  const trees = treesOf(wanted, look);
  const denied = denySteps(trees, values.deny ?? [], values.overlay !== undefined && values.overlay !== 'throw-away');
  const parts = [...givenParts(wanted, denied, look), ...placeholders(wanted, trees), ...taken(denied)].sort((a, b) => namesOf(a.to).length - namesOf(b.to).length);
  const steps = [
    ...rootSteps(wanted, denied),
    ...parts.flatMap((part) => part.steps(makeFor(part, trees, parts))),
    ...[...new Set([...(values.mask ?? []), ...denied.masks])].map((to): EntryStep => step('mask', ['to', to])),
    ...hiddenIn(trees, wanted.hidden).map((to): EntryStep => step('cover', ['to', to])),
    ...(values.umask === undefined ? [] : [step('umask', ['mask', values.umask.toString(8)])]),
    ...(values.cwd === undefined ? [] : [step('cwd', ['to', values.cwd])]),
  ];
  return steps;
}

/** Links were resolved when it was looked at; who owns a directory on the way may not put another there. */
const nofollow: Pair = ['nofollow', 'yes'];

/** Whether nothing is at `to`, and it would be made in the view itself, not on the host. */
export function canMake(wanted: Wanted, look: Look, to: string): boolean {
  const { tree, kind } = treesOf(wanted, look).walk(to);
  return kind === undefined && tree?.kind !== 'host';
}

/** Acting on an image is done with the tools of where one stands: its files only where they are asked for. */
function step(verb: string, ...args: readonly Pair[]): EntryStep {
  return { verb, args, ask: true };
}

function treesOf({ values, root }: Wanted, look: Look): Trees {
  const over = values.overlay !== undefined;
  const rootTree: Tree = root.kind === 'empty' ? { to: '/', kind: 'own', ro: false, from: undefined }
    : { to: '/', kind: over ? 'over' : root.kind === 'unpacked' ? 'own' : 'host', ro: root.kind === 'host' && root.ro, from: root.from, quiet: root.kind === 'unpacked' };
  const memory = (to: string): Tree => ({ to, kind: 'own', ro: false, from: undefined });
  return new Trees([
    rootTree,
    ...(values.bind ?? []).map(({ to, from }): Tree => ({ to, kind: 'host', ro: false, from })),
    ...(values.ro ?? []).map(({ to, from }): Tree => ({ to, kind: 'host', ro: true, from })),
    ...(values.tmpfs ?? []).filter(({ to }) => to !== '/').map(({ to }) => memory(to)),
  ], look);
}

function flagsOf({ values }: Wanted, ro: boolean): Pair {
  return ['flags', [...(ro ? ['ro'] : []), ...(values.suid === true ? [] : ['nosuid']), 'nodev'].join(',')];
}

function rootSteps(wanted: Wanted, denied: Denied): readonly EntryStep[] {
  const { root, values } = wanted;
  if (root.kind === 'empty') {
    const size = values.tmpfs?.find(({ to }) => to === '/')?.size ?? 64 * 1024 ** 2;
    return [step('root', ['fs', 'tmpfs'], ['data', `mode=0755,size=${size}`], flagsOf(wanted, false))];
  }
  if (values.overlay !== undefined) {
    const size = values['overlay.size'];
    const where: readonly Pair[] = values.overlay === 'throw-away' ? (size === undefined ? [] : [['size', String(size)]])
      : [['upper', `${values.overlay}/upper`], ['work', `${values.overlay}/work`]];
    return [step('overlay', ['lower', root.from], ['to', '/'], ...where, flagsOf(wanted, false), nofollow)];
  }
  const frozen = denied.frozen.get('/');
  const ro = root.kind === 'host' && root.ro;
  if (frozen === undefined) return [step('root', ['from', root.from], flagsOf(wanted, ro), nofollow)];
  const [first, ...rest] = frozen;
  if (first?.kind !== 'dir') throw new VimageError('EINVAL', `${root.from} is no directory`, { subject: root.from });
  return [step('root', ['fs', 'tmpfs'], ['data', memoryOf(first.entries)], flagsOf(wanted, false)), ...rest.flatMap((each) => frozenStep(each, wanted, ro, []))];
}

function givenParts(wanted: Wanted, denied: Denied, look: Look): readonly Part[] {
  const { values, map } = wanted;
  const given = (ro: boolean) => ({ to, from }: { readonly to: string; readonly from: string }): Part => {
    const frozen = denied.frozen.get(to);
    return {
      to,
      place: look.kind(from) === 'file' ? 'file' : 'dir',
      steps: (make) => (frozen !== undefined ? frozen.flatMap((each) => frozenStep(each, wanted, ro, each.to === to ? make : []))
        : [step('bind', ['from', from], ['to', to], flagsOf(wanted, ro), nofollow, ...(map === undefined ? [] : [['map', map] satisfies Pair]), ...make)]),
    };
  };
  const memory = (to: string, size: number | undefined): Part => ({
    to,
    place: 'dir',
    steps: (make) => [step('mount', ['fs', 'tmpfs'], ['to', to], ['flags', 'nosuid,nodev'], ['data', `mode=1777${size === undefined ? '' : `,size=${size}`}`], ...make)],
  });
  return [
    ...(values.bind ?? []).map(given(false)),
    ...(values.ro ?? []).map(given(true)),
    ...(values.tmpfs ?? []).filter(({ to }) => to !== '/').map(({ to, size }) => memory(to, size)),
  ];
}

/** As many inodes as it has entries: nothing can be made there. */
function memoryOf(entries: number): string {
  return `mode=0755,size=4k,nr_inodes=${entries + 1}`;
}

function frozenStep(each: Frozen, wanted: Wanted, ro: boolean, make: readonly Pair[]): readonly EntryStep[] {
  const { map } = wanted;
  switch (each.kind) {
    case 'dir': return [step('mount', ['fs', 'tmpfs'], ['to', each.to], ['flags', 'nosuid,nodev,noexec'], ['data', memoryOf(each.entries)], ...(make.length > 0 ? make : [['make', 'dir'] satisfies Pair]))];
    case 'link': return [step('link', ['to', each.to], ['target', each.target])];
    case 'bind': return [step('bind', ['from', each.from], ['to', each.to], flagsOf(wanted, ro), nofollow, ['make', 'yes'], ['optional', 'yes'], ...(map === undefined ? [] : [['map', map] satisfies Pair]))];
  }
}

/** /dev, /proc and /sys, and the places of what the other components mount, where they can be made. */
function placeholders(wanted: Wanted, trees: Trees): readonly Part[] {
  const { values } = wanted;
  /** Where something of the view's own can be made because nothing is there: what links lead to. */
  const vacant = (to: string): readonly string[] => {
    const { path, tree, kind } = trees.walk(to);
    return kind === undefined && tree?.kind !== 'host' ? [path] : [];
  };
  const led = (to: string): string => trees.walk(to).path;
  const mount = (fs: string, to: string, flags: string, data?: string): Part => ({
    to, place: 'dir', steps: (make) => [step('mount', ['fs', fs], ['to', to], ['flags', flags], ...(data === undefined ? [] : [['data', data] satisfies Pair]), ...make)],
  });
  const isOurs = (to: string): boolean => trees.all.some((tree) => tree.to === to);
  const own = trees.of('/')?.kind !== 'host';
  const dev = values.dev ?? (own || trees.walk('/dev').kind === 'dir');
  const empty = (to: string): Part => mount('tmpfs', to, 'ro,nosuid,nodev,noexec', 'mode=0555,size=4k');
  const file = (to: string): Part => ({
    // Who shares what a maker made that is gone by now does without.
    to, place: 'file', steps: (make) => [step('bind', ['from', wanted.emptyFile], ['to', to], ['flags', 'ro,nosuid,nodev,noexec'], ...make, ['optional', 'yes'])],
  });
  const parts: Part[] = [];
  if (dev && !isOurs('/dev')) parts.push({ to: led('/dev'), place: 'dir', steps: (make) => [step('dev', ['to', led('/dev')], ...make)] });
  if (values.proc === true) parts.push(mount('proc', led('/proc'), 'nosuid,nodev,noexec'));
  else parts.push(...vacant('/proc').map(empty));
  if (values.sys === true) parts.push(mount('sysfs', led('/sys'), 'ro,nosuid,nodev,noexec'));
  else parts.push(...vacant('/sys').map(empty));
  return [...parts, ...['/etc/resolv.conf', '/etc/hosts', ...(wanted.places ?? [])].flatMap(vacant).map(file)];
}

function taken(denied: Denied): readonly Part[] {
  return denied.taken.map((to) => ({ to, place: 'dir', steps: (make) => [step('mount', ['fs', 'tmpfs'], ['to', to], ['flags', 'ro,nosuid,nodev,noexec'], ['data', 'mode=0555,size=4k'], ...make)] }));
}

/** What lets a mount point be made, where the view’s own file system is; in the host’s it has to be there. ENOENT, ENOTDIR. */
function makeFor({ to, place }: Part, trees: Trees, parts: readonly Part[]): readonly Pair[] {
  const under = new Trees(trees.all.filter((tree) => tree.to !== to), trees.look);
  if (parts.some((other) => other.to === to && other.place !== place)) throw new VimageError('EINVAL', `${to} is given twice`, { subject: to });
  const { tree, kind, path } = under.walk(to);
  if (tree?.kind !== 'host') return [['make', place]];
  if (kind === undefined) {
    throw new VimageError('ENOENT', `${to}: there is no such ${place === 'dir' ? 'directory' : 'file'} in ${tree.from ?? ''}, and none is made on the host`, {
      subject: to, hint: `make ${under.host(path) ?? to}, or put an overlay over it`,
    });
  }
  if ((kind === 'dir') !== (place === 'dir')) {
    throw new VimageError('ENOTDIR', `${to}: a ${place === 'dir' ? 'directory' : 'file'} cannot be mounted over a ${kind === 'dir' ? 'directory' : 'file'}`, { subject: to });
  }
  return [];
}

/** Where directories of ours would be seen. */
function hiddenIn(trees: Trees, hidden: readonly string[]): readonly string[] {
  return hidden.flatMap((dir) => trees.all.flatMap((tree) => {
    if (tree.from === undefined || tree.quiet === true || !isIn(dir, tree.from)) return [];
    const to = join(tree.to, ...namesOf(after(dir, tree.from)));
    return trees.of(to) === tree ? [to] : [];
  }));
}
