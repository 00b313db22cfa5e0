import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { VimageError } from '@vimage/core';
import { parseCgroups } from '../cgroup.ts';
import { ownMounts } from '../mountinfo.ts';
import { poke } from '../sys/file.ts';
import { cgroupText } from './info.ts';
import type { Membership } from './membership.ts';
import { Pidfd, allEnded } from './pidfd.ts';
import { wakeParents } from './standing.ts';

const { SIGTERM, SIGKILL } = constants.signals;
/** What a killed process may take to end: longer, and it hangs in the kernel (state D). */
const patience = 30_000;

/**
 * Ends every process that lives in an image: SIGTERM, up to `grace` ms, SIGKILL, until none is left. Returns how many there were.
 * `all`: also its pid 1s, and what is in its children.
 * ETIMEDOUT: one does not end though it was killed.
 */
export async function endAll(image: Membership, grace: number, name: string, all: boolean): Promise<number> {
  const seen = new Map<number, Pidfd>();
  let count = 0;
  const look = (): readonly Pidfd[] => {
    const now: Pidfd[] = [];
    for (const pid of image.pids(all)) {
      const known = seen.get(pid);
      if (known?.alive === true) {
        now.push(known);
        continue;
      }
      const found = Pidfd.open(pid);
      if (found === undefined) continue;
      known?.[Symbol.dispose]();
      seen.set(pid, found);
      if (!found.alive) continue;
      count++;
      now.push(found);
    }
    // A number that was given to another process since the members were read is not there when they are read again.
    const still = new Set(image.pids(all));
    return now.filter((process) => still.has(process.pid) && process.alive);
  };
  try {
    if (grace > 0) await terminate(look, () => image.thaw(all), performance.now() + grace);
    const until = performance.now() + patience;
    for (let left = look(); left.length > 0; left = look()) {
      if (!image.kill(all)) {
        for (const process of left) process.signal(SIGKILL);
        thawV1(left);
      }
      if (!(await allEnded(left, until - performance.now()))) throw hangs(left, name);
    }
    wakeParents(seen.keys());
    return count;
  } finally {
    for (const process of seen.values()) process[Symbol.dispose]();
  }
}

/** SIGTERM to all, to each once, also to those that are started meanwhile. */
async function terminate(look: () => readonly Pidfd[], thaw: () => void, until: number): Promise<void> {
  const told = new Set<Pidfd>();
  thaw();
  for (let left = look(); left.length > 0 && performance.now() < until; left = look()) {
    for (const process of left) {
      if (told.has(process)) continue;
      told.add(process);
      process.signal(SIGTERM);
    }
    await allEnded(left, until - performance.now());
  }
}

/** On v1 a frozen task takes no signal, not even SIGKILL, before it is thawed. */
function thawV1(processes: readonly Pidfd[]): void {
  const freezer = ownMounts().find(({ type, options }) => type === 'cgroup' && options.includes('freezer'));
  if (freezer === undefined) return;
  const done = new Set<string>();
  for (const { pid } of processes) {
    const path = parseCgroups(cgroupText(pid) ?? '').find(({ controllers }) => controllers.includes('freezer'))?.path;
    if (path === undefined || path === '/' || done.has(path)) continue;
    done.add(path);
    const file = `${freezer.at}${path}/freezer.state`;
    if (existsSync(file) && readFileSync(file, 'latin1').trim() !== 'THAWED') poke(file, 'THAWED');
  }
}

function hangs(left: readonly Pidfd[], image: string): VimageError {
  const pids = left.filter((process) => process.alive).map((process) => process.pid);
  return new VimageError('ETIMEDOUT', `processes of "${image}" do not end though they were killed: ${pids.join(', ')}`, {
    subject: image,
    hint: 'they hang in the kernel (state D in ps): see what they wait for (/proc/PID/stack), then destroy the image again',
  });
}
