import { cgroupKill, cgroupPids, cgroupThaw, cgroupTree, initDir, procsDir } from '../cgroup.ts';
import type { CgroupAt, CgroupDir } from '../cgroup.ts';

/** Who lives in an image: told by its cgroup, or, where there is none, by descent. `all`: its pid 1s and what is in its children too. */
export interface Membership {
  pids(all: boolean): readonly number[];
  /** Processes of ours that are part of the image and no one's command: its pid 1s, its keepers. */
  own(): readonly number[];
  /** Ends all at once; false where that is not possible, and each has to be killed. */
  kill(all: boolean): boolean;
  /** Lets those run on that were stopped as a group: they would take no signal. */
  thaw(all: boolean): void;
}

/** Of an image that is no more. */
export const nobody: Membership = { pids: () => [], own: () => [], kill: () => true, thaw: () => undefined };

/** See the layout in {@link procsDir}. */
export function cgroupMembership(image: CgroupAt): Membership {
  const at = (all: boolean): CgroupDir => (all ? image : { path: `${image.path}/${procsDir}`, kind: image.kind });
  return {
    pids: (all) => cgroupTree(at(all).path, all).flatMap(cgroupPids),
    own: () => cgroupTree(`${image.path}/${initDir}`, false).flatMap(cgroupPids),
    kill: (all) => cgroupKill(at(all)),
    thaw: (all) => cgroupThaw(at(all)),
  };
}
