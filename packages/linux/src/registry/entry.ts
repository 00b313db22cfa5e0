import { crc32 } from 'node:zlib';
import { VimageError, decodePairs, encodePairs } from '@vimage/core';
import type { ImageAddress, ImageState, Pair, Pairs, PlanStep, StoredImage } from '@vimage/core';
import { isNsType, type NsType } from '../abi/ns.ts';
import { procsDir, type CgroupAt } from '../cgroup.ts';

/** What an image's plan says, beside its steps. */
export interface Entry {
  readonly image: Omit<StoredImage, 'pairs' | 'state'>;
  /** crc32 of the pairs that go with this plan. */
  readonly pairs: number;
  /** The stage that wrote it; files named `NAME.~EDIT` beside it belong to it and take the place of NAME. */
  readonly edit: bigint;
  readonly cgroup: CgroupAt | undefined;
  /** How many processes it may have, by who says so: the smallest holds. */
  readonly most: ReadonlyMap<string, number>;
  /** Pins of other images' use: the instances outlive the image. */
  readonly shared: boolean;
  readonly joins: readonly Join[];
  /** What else a process that enters is put under, so that only imgexec can start it: filters, limits, capabilities. */
  readonly bounds: readonly Bound[];
  /** Who gives it a root directory of its own. */
  readonly roots: readonly Bound[];
  /** Files of its own that stand in the place of others. */
  readonly files: readonly OwnFile[];
  /** crc32 of the steps that make its mount view. */
  readonly view: number;
  /** How many steps there are. */
  readonly steps: number;
}

/** When a step applies, and for whom. */
export interface Bound {
  readonly component: string;
  /** Only when living in the image, or only when acting on it. */
  readonly mode: string | undefined;
  /** Acted on only where the component is asked for by name. */
  readonly ask: boolean;
}

/** Which steps are for who acts on an image; `only`: the components that are acted on, undefined: all but those that must be asked for. */
export function actingOn(only: readonly string[] | undefined): (step: Bound) => boolean {
  return ({ mode, component, ask }) => mode !== 'live' && (only === undefined ? !ask : only.includes(component));
}

/** A file that is bound over another. */
export interface OwnFile extends Bound {
  readonly from: string;
  readonly to: string;
}

/** A namespace that the plan enters. */
export interface Join extends Bound {
  readonly type: NsType;
  readonly pin: string;
  readonly ino: bigint;
  readonly id: bigint | undefined;
}

/** The address as `hi:lo/prefix`, hexadecimal and decimal. */
function addressText({ hi, lo, prefix }: ImageAddress): string {
  return `${hi.toString(16)}:${lo.toString(16)}/${prefix}`;
}

/** The plan of an image (docs/plan-format.md): what imgexec reads, and in keys `x-` what we read. */
export function encodePlan(image: StoredImage, steps: readonly PlanStep[], extra: Pick<Entry, 'edit' | 'cgroup' | 'most'>): Uint8Array {
  const pairs: Pair[] = [['vimage-plan', '1'], ['image', image.name], ['serial', String(image.serial)]];
  if (extra.cgroup !== undefined) pairs.push(['cgroup', `${extra.cgroup.path}/${procsDir}`], ['cgroup.kind', extra.cgroup.kind]);
  for (const limit of extra.cgroup?.limits ?? []) pairs.push(['cgroup.limit', limit]);
  pairs.push(
    ['x-address', addressText(image.address)],
    ['x-persist', image.persist ? 'yes' : 'no'],
    ['x-pairs', String(crc32(encodePairs(image.pairs)))],
    ['x-edit', String(extra.edit)],
  );
  for (const [who, most] of extra.most) pairs.push([`x-most.${who}`, String(most)]);
  for (const [component, saved] of image.saved) pairs.push([`x-saved.${component}`, JSON.stringify(saved)]);
  return encodePairs([...pairs, ...stepPairs(steps)]);
}

/** The plan of an image that is in no registry, as words. */
export function oncePlan(steps: readonly PlanStep[]): readonly string[] {
  return [['vimage-plan', '1'], ['image', 'once'], ['serial', '0'], ...stepPairs(steps)].flat();
}

/** A plan that lost its end would be one that isolates less: how many pairs there are comes first. */
function stepPairs(steps: readonly PlanStep[]): Pairs {
  const pairs = steps.flatMap(({ verb, component, mode, ask, args }): Pair[] => [
    ['step', verb], ['for', component], ...(mode === undefined ? [] : [['mode', mode] satisfies Pair]), ...(ask === true ? [['ask', 'yes'] satisfies Pair] : []), ...args,
  ]);
  return [['steps', String(pairs.length)], ...pairs];
}

/** The plan with `x-shared` as said. */
export function markShared(plan: Uint8Array, shared: boolean): Uint8Array {
  const pairs = decodePairs(plan).filter(([key]) => key !== 'x-shared');
  const at = pairs.findIndex(([key]) => key === 'step');
  pairs.splice(at < 0 ? pairs.length : at, 0, ...(shared ? [['x-shared', 'yes'] as const] : []));
  return encodePairs(pairs);
}

function pairsOf(bytes: Uint8Array, path: string): Pairs {
  try {
    return decodePairs(bytes);
  } catch (error) {
    throw error instanceof VimageError ? bad(path, error.message, error) : error;
  }
}

function bad(path: string, why: string, cause?: unknown): VimageError {
  return new VimageError('EBADMSG', `${path}: ${why}`, { subject: path, cause, hint: 'was it written by another version of vimage, or by hand? Nothing of it was touched' });
}

/** Reads a plan. EBADMSG: anything that {@link encodePlan} did not write. */
export function decodePlan(bytes: Uint8Array, path: string): Entry {
  if (bytes.length === 0) throw bad(path, 'the file is empty');
  const pairs = pairsOf(bytes, path);
  const [version] = pairs;
  if (version?.[0] !== 'vimage-plan') throw bad(path, 'not a plan');
  if (version[1] !== '1') throw bad(path, `a plan of version ${JSON.stringify(version[1].slice(0, 20))}, expected 1`);
  const firstStep = pairs.findIndex(([key]) => key === 'step');
  const heading = firstStep < 0 ? pairs : pairs.slice(0, firstStep);
  const head = new Map(heading);
  const need = (key: string, form: RegExp): RegExpExecArray => {
    const found = form.exec(head.get(key) ?? '');
    if (found === null) throw bad(path, `${key} is missing or damaged`);
    return found;
  };
  const rest = firstStep < 0 ? 0 : pairs.length - firstStep;
  const steps = firstStep < 0 ? [] : stepsOf(pairs.slice(firstStep));
  const args = steps.map((step) => new Map(step));
  if (need('steps', /^\d{1,4}$/)[0] !== String(rest)) throw bad(path, 'the end is missing');
  const [, hi = '', lo = '', prefix = ''] = need('x-address', /^([0-9a-f]{1,8}):([0-9a-f]{1,8})\/(\d{1,2})$/);
  const cgroup = head.get('cgroup');
  if (cgroup !== undefined && !cgroup.endsWith(`/${procsDir}`)) throw bad(path, 'cgroup is damaged');
  return {
    image: {
      name: need('image', /^[\w.-]{1,255}$/)[0],
      serial: BigInt(need('serial', /^\d{1,20}$/)[0]),
      address: { hi: parseInt(hi, 16), lo: parseInt(lo, 16), prefix: Number(prefix) },
      persist: need('x-persist', /^(yes|no)$/)[0] === 'yes',
      saved: savedOf(head, path),
    },
    pairs: Number(need('x-pairs', /^\d{1,10}$/)[0]),
    edit: BigInt(need('x-edit', /^\d{1,20}$/)[0]),
    cgroup: cgroup === undefined ? undefined : cgroupAt(cgroup.slice(0, -procsDir.length - 1), need('cgroup.kind', /^v[12]$/)[0], valuesOf(heading, 'cgroup.limit')),
    most: mostOf(head, path),
    shared: head.get('x-shared') === 'yes',
    joins: args.flatMap(joinOf),
    bounds: args.filter((step) => step.get('step') !== 'join' && !isView(step.get('step'))).map(boundOf),
    roots: args.filter((step) => step.get('step') === 'root').map(boundOf),
    files: args.flatMap(fileOf),
    view: steps.length === 0 ? 0 : viewOf(steps),
    steps: steps.length,
  };
}

/** A cgroup as a plan or a lock's note says it. */
export function cgroupAt(path: string, kind: string | undefined, limits: readonly string[]): CgroupAt {
  return { path, kind: kind === 'v1' ? 'v1' : 'v2', limits };
}

/** The values of a key that may be repeated. */
export function valuesOf(pairs: Pairs, key: string): readonly string[] {
  return pairs.flatMap(([each, value]) => (each === key ? [value] : []));
}

function mostOf(head: ReadonlyMap<string, string>, path: string): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const [key, value] of head) {
    if (!key.startsWith('x-most.')) continue;
    if (!/^\d{1,7}$/.test(value)) throw bad(path, `${key} is damaged`);
    most.set(key.slice('x-most.'.length), Number(value));
  }
  return most;
}

function savedOf(head: ReadonlyMap<string, string>, path: string): ReadonlyMap<string, Pairs> {
  const saved = new Map<string, Pairs>();
  for (const [key, value] of head) {
    if (!key.startsWith('x-saved.')) continue;
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch (cause) {
      throw new VimageError('EBADMSG', `${path}: ${key} is damaged`, { subject: path, cause });
    }
    if (!isPairs(parsed)) throw bad(path, `${key} is damaged`);
    saved.set(key.slice('x-saved.'.length), parsed);
  }
  return saved;
}

function isPairs(value: unknown): value is Pairs {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === 'string'));
}

function joinOf(args: ReadonlyMap<string, string>): readonly Join[] {
  const [type, pin, ino, id] = ['type', 'pin', 'ino', 'id'].map((key) => args.get(key));
  if (args.get('step') !== 'join' || ino === undefined || pin === undefined || !isNsType(type) || !/^\d+$/.test(ino)) return [];
  return [{ ...boundOf(args), type, pin, ino: BigInt(ino), id: id !== undefined && /^\d+$/.test(id) ? BigInt(id) : undefined }];
}

function fileOf(args: ReadonlyMap<string, string>): readonly OwnFile[] {
  const [from, to] = [args.get('from'), args.get('to')];
  return args.get('step') !== 'bind' || from === undefined || to === undefined ? [] : [{ ...boundOf(args), from, to }];
}

function boundOf(args: ReadonlyMap<string, string>): Bound {
  return { component: args.get('for') ?? '', mode: args.get('mode'), ask: args.get('ask') === 'yes' };
}

const viewVerbs: ReadonlySet<string> = new Set(['root', 'mount', 'bind', 'overlay', 'dev', 'link', 'mask', 'cover']);

/** Whether a step of this verb makes the mount view. */
export function isView(verb: string | undefined): boolean {
  return verb !== undefined && viewVerbs.has(verb);
}

/** Steps, one after the other, each with its arguments. */
function stepsOf(pairs: Pairs): readonly Pairs[] {
  const steps: Pair[][] = [];
  for (const pair of pairs) {
    if (pair[0] === 'step') steps.push([]);
    steps.at(-1)?.push(pair);
  }
  return steps;
}

function viewOf(steps: readonly Pairs[]): number {
  const view = steps.filter((step) => isView(step[0]?.[1]) && !step.some(([key, value]) => key === 'mode' && value === 'effective'));
  return crc32(encodePairs(view.flat()));
}

/** A plan and its pairs as one stored image; EBADMSG when they do not belong together. */
export function storedImage(entry: Entry, pairs: Uint8Array, state: ImageState, path: string): StoredImage {
  if (crc32(pairs) !== entry.pairs) throw bad(path, 'the pairs are not those of the plan');
  return { ...entry.image, pairs: pairsOf(pairs, path), state };
}
