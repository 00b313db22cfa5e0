import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { door } from '../door.ts';
import { imgexecPath } from '../imgexec.ts';
import { imgprobePath } from '../imgprobe.ts';
import type { Said } from './inner.ts';
import { only } from './leaks.ts';
import type { OuterContext, OuterProbe } from './probe.ts';

/** Milliseconds that are watched. */
const watched = 700;

async function enterOnce({ image }: OuterContext, args: readonly string[]): Promise<void> {
  const program = openSync(imgprobePath, 'r');
  try {
    const which = image.serial === undefined ? [] : ['--serial', String(image.serial)];
    const child = door('spawn', () => spawn(imgexecPath(), ['-T', ...which, ...image.options ?? [], ...args], { stdio: ['ignore', 'ignore', 'ignore', program] }));
    await once(child, 'exit');
  } finally {
    closeSync(program);
  }
}

/** Somebody in the image watches those who enter, and tries each of them. */
async function watching(cx: OuterContext, name: string, args: readonly string[]): Promise<Said> {
  let over = false;
  const watch = only(cx, name, [`watch=${watched}`]).finally(() => { over = true; });
  const enter = async (): Promise<void> => {
    while (!over) await enterOnce(cx, args);
  };
  const [said] = await Promise.all([watch, enter(), enter()]);
  return said;
}

export const joiningProbes: readonly OuterProbe[] = [
  {
    name: 'joining', lines: [3], walls: ['caps', 'users'], tries: 'to get at imgexec (memory, descriptors, directories) while programs enter',
    run: (cx) => watching(cx, 'joining', ['--exec-fd', '3', cx.image.name, '--', 'imgprobe', 'session']),
  },
  {
    // The name that an image may give its programs: CVE-2019-5736.
    name: 'exe-of-joining', lines: [2], walls: ['files', 'users'], tries: 'to overwrite imgexec when it executes /proc/self/exe',
    run: (cx) => watching(cx, 'exe-of-joining', [cx.image.name, '--', '/proc/self/exe', '--version']),
  },
];
