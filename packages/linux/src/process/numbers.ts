import { closeSync, fstatSync, openSync } from 'node:fs';
import type { ProcessInfo } from '@vimage/core';
import { codeOf } from '@vimage/core';
import { nsParent } from '../sys/ns.ts';
import { close } from '../sys/libc.ts';

/**
 * The numbers of a process down to the pid namespace that its image has (`own`, an inode), without those in namespaces that it, or
 * who started it, made further in. None where the image has none.
 */
export function numbersWithin({ pid, inner }: ProcessInfo, own: bigint | undefined): readonly number[] {
  if (own === undefined || inner.length === 0) return [];
  let fd: number;
  let shut = closeSync;
  try {
    fd = openSync(`/proc/${pid}/ns/pid`, 'r');
  } catch {
    return inner;
  }
  try {
    for (let depth = inner.length; depth > 0; depth--) {
      if (fstatSync(fd, { bigint: true }).ino === own) return inner.slice(0, depth);
      const around = nsParent(fd);
      shut(fd);
      fd = around;
      shut = close;
    }
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error;
  } finally {
    shut(fd);
  }
  return [];
}
