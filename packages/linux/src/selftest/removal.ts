import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '@vimage/core';
import { door } from '../door.ts';
import { imgexecPath } from '../imgexec.ts';
import { imgprobePath } from '../imgprobe.ts';
import { boxName } from './box.ts';
import type { Said } from './inner.ts';
import type { Maker, OuterProbe } from './probe.ts';

/** Starts a program that would go on for twenty seconds. */
function linger(name: string, serial?: bigint): ChildProcess {
  const program = openSync(imgprobePath, 'r');
  try {
    const args = ['-T', '--exec-fd', '3', ...(serial === undefined ? [] : ['--serial', String(serial)]), name, '--', 'imgprobe', '--linger'];
    return door('spawn', () => spawn(imgexecPath(), args, { stdio: ['ignore', 'ignore', 'pipe', program] }));
  } finally {
    closeSync(program);
  }
}

async function endOf(child: ChildProcess, patience: number): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const wait = new AbortController();
  const ended = await Promise.race([once(child, 'exit', { signal: wait.signal }).then(() => true, () => false), sleep(patience, false, { signal: wait.signal }).catch(() => false)]);
  wait.abort();
  return ended;
}

/** Programs enter while an image is removed: they are refused, or ended with it, and after it nobody lives on. */
export async function duringRemoval(kernel: Maker): Promise<Said> {
  const { name, serial } = await kernel.create([['name', boxName()], ['persist', 'false']]);
  const full = await kernel.fullName(name);
  const entering = Array.from({ length: 5 }, () => linger(full, serial));
  await sleep(3);
  const removed = kernel.destroy(name, { grace: 0 });
  entering.push(...Array.from({ length: 5 }, () => linger(full, serial)));
  await removed;
  const ended = await Promise.all(entering.map((child) => endOf(child, 3000)));
  const left = entering.filter((_, i) => ended[i] !== true);
  for (const child of left) child.kill('SIGKILL');
  const refused = entering.filter(({ exitCode }) => exitCode === 125).length;
  return left.length > 0
    ? { verdict: 'fail', reason: `${left.length} of ${entering.length} outlived the image` }
    : { verdict: 'pass', reason: `${refused} of ${entering.length} refused, the others ended with it` };
}

/** One who means the first image of a name (and says so, as the library does) must not come into the second. */
export async function sameName(kernel: Maker, says = true): Promise<Said> {
  const name = boxName();
  const first = await kernel.create([['name', name], ['persist', 'false']]);
  await kernel.destroy(name);
  await using second = await kernel.create([['name', name], ['persist', 'false']]);
  const late = linger(await kernel.fullName(name), says ? first.serial : undefined);
  const ended = await endOf(late, 2000);
  late.kill('SIGKILL');
  if (first.serial === second.serial) return { verdict: 'fail', reason: 'the serial was used again' };
  return ended && late.exitCode === 125 ? { verdict: 'pass', reason: 'ESRCH' } : { verdict: 'fail', reason: 'it came into an image that was not meant' };
}

/** A number whose process has ended is nobody, whoever has it by now. */
export async function staleNumber(kernel: Maker): Promise<Said> {
  await using image = await kernel.create([['name', boxName()], ['persist', 'false']]);
  const child = linger(await kernel.fullName(image.name), image.serial);
  for (const until = Date.now() + 5000; (await kernel.processes(image.name)).length === 0 && Date.now() < until;) await sleep(5);
  const [process] = await kernel.processes(image.name);
  if (process === undefined) return { verdict: 'na', reason: 'no process could be started' };
  await kernel.kill(image.name, process.pid, 'KILL');
  await endOf(child, 3000);
  return await refused(() => kernel.kill(image.name, process.pid, 'KILL'), ['ESRCH']);
}

/** What is refused by one of these codes. */
export async function refused(act: () => Promise<unknown>, codes: readonly string[]): Promise<Said> {
  try {
    await act();
    return { verdict: 'fail', reason: 'it was done' };
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    return { verdict: codes.includes(code) ? 'pass' : 'fail', reason: code };
  }
}

export const removalProbes: readonly OuterProbe[] = [
  { name: 'during-removal', lines: [25], walls: ['entry'], tries: 'to enter an image while it is removed, and live on', run: ({ kernel }) => duringRemoval(kernel) },
  { name: 'name-reuse', lines: [26], walls: ['entry'], tries: 'to enter the next image of the name', run: ({ kernel }) => sameName(kernel) },
  { name: 'stale-number', lines: [23], walls: ['entry'], tries: 'to signal whoever has the number of one who ended', run: ({ kernel }) => staleNumber(kernel) },
];
