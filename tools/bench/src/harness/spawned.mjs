// Programs started in images: whether they really are where they should be.
import { readFileSync, rmSync } from 'node:fs';
import { timed } from './alternate.mjs';
import { ended, program } from './machine.mjs';

/** Links of /proc/self/ns that a program sees which `start(command, args)` starts. */
export async function namespaces(start, types) {
  const file = `/run/bench-${process.pid}`;
  const script = `for t in ${types.join(' ')}; do readlink /proc/self/ns/$t; done > ${file}`;
  try {
    await ended(start(program('sh'), ['-c', script]));
    return readFileSync(file, 'utf8').trim().split('\n');
  } finally {
    rmSync(file, { force: true });
  }
}

/** Throws unless what `start` starts is in other namespaces of these types than we are. */
export async function checkInside(start, types, own) {
  const inside = await namespaces(start, types);
  types.forEach((type, i) => {
    if (inside[i] === undefined || inside[i] === '' || inside[i] === own[i]) throw new Error(`started in our own ${type} namespace: ${inside.join(' ')}`);
  });
}

/** Nanoseconds from starting a program to hearing that it has ended well. */
export function spawnTime(start) {
  return timed(() => ended(start()));
}
