import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { ifThere } from '../sys/file.ts';
import { processStat } from './info.ts';
import type { Membership } from './membership.ts';

/** One who is written down in an image's `members/`: what descends from it lives in the image. */
interface Root {
  readonly pid: number;
  /** `keeper`: of one command. `view`, `init`: the image's two pid 1s. */
  readonly mark: string;
  readonly image: string;
}

/** Who lives in an image that has no cgroup: those who descend from a process of ours that its directory names. */
export function descentMembership(root: string, dir: string): Membership {
  const look = (all: boolean): readonly number[] => {
    const roots = rootsBelow(`${root}/img`).concat(rootsBelow(`${root}/dying`));
    const dirs = new Set(all ? roots.map(({ image }) => image).filter((image) => image === dir || image.startsWith(`${dir}/img/`)) : [dir]);
    const mine = roots.filter(({ image }) => dirs.has(image));
    // What was started in another image from within this one lives there.
    const others = new Set(roots.filter(({ image }) => !dirs.has(image)).map(({ pid }) => pid));
    const found = descendants(mine.map(({ pid }) => pid), others);
    const first = new Set(mine.filter(({ mark }) => mark !== 'keeper').map(({ pid }) => pid));
    return all ? [...new Set([...found, ...first])] : found.filter((pid) => !first.has(pid) && !mine.some((each) => each.pid === pid));
  };
  return {
    pids: look,
    own: () => rootsOf(dir).map(({ pid }) => pid),
    kill: () => false,
    thaw: () => undefined,
  };
}

/** The directory of the image in which a process lives that no cgroup tells of; undefined: in none. */
export function imageByDescent(root: string, pid: number): string | undefined {
  const keepers = new Map(rootsBelow(`${root}/img`).map(({ pid: of, image }) => [of, image]));
  if (keepers.size === 0) return undefined;
  const parents = parentsOfAll();
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = parents.get(at)) {
    const image = keepers.get(at);
    if (image !== undefined) return image;
  }
  return undefined;
}

/** Image directories below one, with those who are written down there and still are who they were. */
function rootsBelow(children: string): readonly Root[] {
  const names = existsSync(children) ? readdirSync(children) : [];
  return names.flatMap((name) => [...rootsOf(`${children}/${name}`), ...rootsBelow(`${children}/${name}/img`)]);
}

function rootsOf(dir: string): readonly Root[] {
  const names = ifThere(() => readdirSync(`${dir}/members`)) ?? [];
  return names.flatMap((name) => {
    const [start, mark = ''] = (ifThere(() => readFileSync(`${dir}/members/${name}`, 'latin1')) ?? '').trimEnd().split(' ');
    const pid = Number(name);
    return Number.isInteger(pid) && pid > 0 && processStat(pid)?.start === start ? [{ pid, mark, image: dir }] : [];
  });
}

function descendants(roots: readonly number[], stop: ReadonlySet<number>): readonly number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parentsOfAll()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found = new Set<number>();
  const queue = [...roots];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const child of children.get(at) ?? []) {
      if (found.has(child) || stop.has(child)) continue;
      found.add(child);
      queue.push(child);
    }
  }
  return [...found];
}

function parentsOfAll(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? processStat(pid)?.parent : undefined;
    if (parent !== undefined) parents.set(pid, parent);
  }
  return parents;
}
