import { decodePairs, type Pairs } from '@vimage/core';
import { readOwn } from '../sys/file.ts';

/** A defence that an image has or has not, as its plan says. `entry`: how imgexec starts programs, which every image has. */
export type Wall = 'entry' | 'filter' | 'caps' | 'processes' | 'network' | 'files' | 'users';

/** Which section of an image brings a wall. */
const sections: Readonly<Record<Wall, string>> = {
  entry: 'an image', filter: 'vir priv', caps: 'vir priv', processes: 'vir proc', network: 'vir net', files: 'vir fs', users: 'vir user',
};

/** What would bring one of these walls, for the reader. */
export function bringing(walls: readonly Wall[]): string {
  return [...new Set(walls.map((wall) => sections[wall]))].join(' or ');
}

/** A step of a plan: its verb, and its arguments; those that repeat are there with their last value. */
interface Step {
  readonly verb: string;
  readonly args: ReadonlyMap<string, string>;
}

/** What an image's plan says of who lives in it. */
export interface Defences {
  readonly walls: ReadonlySet<Wall>;
  /** What probes compare with, as imgprobe takes it. */
  readonly facts: readonly string[];
}

/** Reads the plan in an image's directory. EBADMSG, ENOENT. */
export function defencesOf(dir: string, registry: string): Defences {
  return defences(decodePairs(readOwn(`${dir}/plan`)), registry);
}

/** What the pairs of a plan say. `registry`: where it is outside. */
export function defences(plan: Pairs, registry: string): Defences {
  const live = stepsOf(plan).filter(({ args }) => args.get('mode') !== 'effective');
  const joined = new Map(live.filter(({ verb }) => verb === 'join').map(({ args }) => [args.get('type') ?? '', args.get('ino') ?? '']));
  const has = (verb: string): boolean => live.some((step) => step.verb === verb);
  const keep = live.filter(({ verb }) => verb === 'caps').reduce((mask, { args }) => mask & BigInt(`0x${args.get('keep') ?? '0'}`), (1n << 64n) - 1n);
  const found: readonly (readonly [Wall, boolean])[] = [
    ['entry', true], ['filter', has('seccomp')], ['caps', has('caps')], ['processes', joined.has('pid')], ['network', joined.has('net')],
    ['files', has('root')], ['users', joined.has('user')],
  ];
  return {
    walls: new Set(found.flatMap(([wall, there]) => (there ? [wall] : []))),
    facts: [
      `registry=${registry}`,
      ...[...joined].map(([type, ino]) => `ns.${type}=${ino}`),
      ...(has('caps') ? [`caps=${keep.toString(16)}`] : []),
      ...live.filter(({ verb }) => verb === 'mask' || verb === 'cover').map(({ verb, args }) => `${verb}=${args.get('to') ?? ''}`),
    ],
  };
}

function stepsOf(plan: Pairs): readonly Step[] {
  const steps: { verb: string; args: Map<string, string> }[] = [];
  for (const [key, value] of plan) {
    if (key === 'step') steps.push({ verb: value, args: new Map() });
    else steps.at(-1)?.args.set(key, value);
  }
  return steps;
}
