import type { Namespace } from './ns.ts';

/** Who an image's root is to those outside; undefined where it has no number there. */
export interface RootOutside {
  readonly uid: number;
  readonly gid: number;
}

/** What stands in the slot of whatever gives an image users of its own, for components whose namespaces and files are to be theirs. */
export class Users {
  /** The user namespace; undefined: the machine's own. */
  readonly ns: Namespace | undefined;
  /** Serial of the image that made it: pinned as `SERIAL/user`. Undefined for the machine's. */
  readonly serial: bigint | undefined;
  readonly root: RootOutside | undefined;
  /** Files that it mounts in the image's own: there has to be a place for each. */
  readonly places: readonly string[];

  constructor(ns: Namespace | undefined, serial: bigint | undefined, root: RootOutside | undefined, places: readonly string[] = []) {
    this.ns = ns;
    this.serial = serial;
    this.root = root;
    this.places = places;
  }
}

/** The users of an instance from a slot; undefined where they are the machine's, or the slot is of something else. */
export function usersOf(instance: unknown): (Users & { readonly ns: Namespace }) | undefined {
  return instance instanceof Users && hasNs(instance) ? instance : undefined;
}

function hasNs(users: Users): users is Users & { readonly ns: Namespace } {
  return users.ns !== undefined;
}
