import type { PlanStep } from '@vimage/core';
import { registryPin } from '../registry/paths.ts';
import type { RootOutside } from '../users.ts';

/** Whose the registry is that those who live in an image will see as theirs, as a step of its plan says; undefined where none does. */
export function givenRegistry(plan: readonly PlanStep[], serial: bigint): RootOutside | undefined {
  for (const { verb, args } of plan) {
    const values = new Map(args);
    const [uid, gid] = [values.get('uid'), values.get('gid')];
    if (verb === 'cover' && values.get('pin') === registryPin(serial) && uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
