import { decodePairs, encodePairs } from '@vimage/core';
import type { Pairs } from '@vimage/core';
import type { CgroupAt } from '../cgroup.ts';
import { readOwn } from '../sys/file.ts';
import { cgroupAt, valuesOf } from './entry.ts';

/** What an image's lock says of it, for whoever finds it free and nothing else to go by. */
export interface Note {
  readonly image: string | undefined;
  readonly serial: bigint | undefined;
  readonly cgroup: CgroupAt | undefined;
}

export function encodeNote(image: string, serial: bigint, cgroup: CgroupAt | undefined): Uint8Array {
  const pairs: Pairs = [
    ['image', image],
    ['serial', String(serial)],
    ...(cgroup === undefined ? [] : [['cgroup', cgroup.path], ['cgroup.kind', cgroup.kind]] as const),
    ...(cgroup?.limits ?? []).map((limit) => ['cgroup.limit', limit] as const),
  ];
  return encodePairs(pairs);
}

/** Reads what {@link encodeNote} wrote; nothing is known where that is not there, or damaged. */
export function readNote(path: string): Note {
  const pairs = pairsOf(path);
  const values = new Map(pairs);
  const serial = values.get('serial');
  const cgroup = values.get('cgroup');
  return {
    image: values.get('image'),
    serial: serial !== undefined && /^\d{1,20}$/.test(serial) ? BigInt(serial) : undefined,
    cgroup: cgroup === undefined ? undefined : cgroupAt(cgroup, values.get('cgroup.kind'), valuesOf(pairs, 'cgroup.limit')),
  };
}

function pairsOf(path: string): Pairs {
  try {
    return decodePairs(readOwn(path));
  } catch {
    return [];
  }
}
