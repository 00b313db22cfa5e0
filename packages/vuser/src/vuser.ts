import type { Pairs } from '@vimage/core';
import { Users, type Namespace, type RootOutside } from '@vimage/linux';
import { mapText, readMap, rootOf, type IdMap } from './map.ts';

/** Files with the names of an image's own users. */
export const accounts = ['passwd', 'group'] as const;

/** What stands in the slot of `user`: a user namespace with its maps. img0's is the one that we are in. */
export class Vuser extends Users {
  readonly uid: IdMap;
  readonly gid: IdMap;

  constructor(ns: Namespace | undefined, serial: bigint | undefined, uid: IdMap, gid: IdMap, named = false) {
    super(ns, serial, ns === undefined ? undefined : rootOutside(uid, gid), named ? accounts.map((name) => `/etc/${name}`) : []);
    this.uid = uid;
    this.gid = gid;
  }
}

/** Who root of users with these maps is to those outside. */
export function rootOutside(uid: IdMap, gid: IdMap): RootOutside | undefined {
  const [user, group] = [rootOf(uid), rootOf(gid)];
  return user === undefined || group === undefined ? undefined : { uid: user.outside, gid: group.outside };
}

export function savedPairs({ ns, uid, gid, places }: Vuser): Pairs {
  return [['ino', String(ns?.ino ?? '')], ['uid', mapText(uid)], ['gid', mapText(gid)], ...(places.length === 0 ? [] : [['names', 'yes'] as const])];
}

/** The maps that {@link savedPairs} wrote. */
export function savedMaps(saved: Pairs): { readonly uid: IdMap; readonly gid: IdMap } {
  const values = new Map(saved);
  return { uid: readMap(values.get('uid') ?? ''), gid: readMap(values.get('gid') ?? '') };
}
