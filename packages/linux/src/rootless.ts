import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { constants as os } from 'node:os';
import { VimageError } from '@vimage/core';
import { imgexecPath } from './imgexec.ts';
import { Pidfd } from './process/pidfd.ts';
import { processInfo } from './process/info.ts';
import { programPath } from './program.ts';
import { tryFlock } from './sys/flock.ts';
import { unlink } from './sys/file.ts';
import { closeOnExec, execve } from './sys/process.ts';

/** Where imgexec --rootless says which descriptor is the lock of those who are in the user's own namespaces. */
const variable = 'VIMAGE_HOLDER';

/**
 * This process, an ordinary user's, starts anew as root of that user's own namespaces, one user and one mount namespace for all that he does
 * with images (held by an idle imgexec while there are any). Returns for root, and where it already is there.
 */
export function becomeRootless(): void {
  if ((process.geteuid?.() ?? 0) === 0) return;
  execve(imgexecPath(), ['imgexec', '--rootless', '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)], environmentOf());
}

/** This process, in the user's own namespaces already, becomes a program there. EPERM for root of the machine, who has none of his own. ENOENT. */
export function becomeProgram(command: string, args: readonly string[]): never {
  const given = process.env[variable];
  if (given === undefined) {
    throw new VimageError('EPERM', 'root has no namespaces of its own to run it in', { subject: command, hint: 'root makes images as it is: run the program without "imgctl rootless"' });
  }
  const path = programPath(command);
  if (path === undefined) throw new VimageError('ENOENT', `no program "${command}"`, { subject: command, hint: 'give its path, or put its directory into PATH' });
  closeOnExec(Number(given), false);
  return execve(path, [command, ...args], { ...environmentOf(), [variable]: given });
}

function environmentOf(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([key, value]) => (value === undefined || key === variable ? [] : [[key, value]])));
}

let held: number | undefined;

/** Takes over the lock, where there is one, for the registry `root`; what this process starts does not get it. EINVAL. */
export function takeHolder(root: string): void {
  const given = process.env[variable];
  if (given === undefined || held !== undefined) return;
  Reflect.deleteProperty(process.env, variable);
  const [theirs, ours] = [`/proc/self/fd/${given}`, `${root}.holder`].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  if (!/^\d{1,5}$/.test(given) || ours === undefined || theirs?.ino !== ours.ino || theirs.dev !== ours.dev) {
    throw new VimageError('EINVAL', `${variable}=${given} is no descriptor of ${root}.holder`, { subject: variable, hint: 'imgctl rootless -- COMMAND sets it: start the program with that' });
  }
  held = Number(given);
  closeOnExec(held, true);
}

/** Ends the process that holds the user's namespaces, unless somebody else is in there. `root`: the registry that is gone. */
export function endHolder(root: string): void {
  if (held === undefined) return;
  const lock = openSync(root.slice(0, root.lastIndexOf('/')), 'r');
  try {
    // Whoever comes in takes this lock first, and has a shared one on the file when he gives it up.
    if (!tryFlock(lock) || !tryFlock(held)) return;
    const [pid = '', start = ''] = readFileSync(`/proc/self/fd/${held}`, 'latin1').trim().split(' ');
    using holder = Pidfd.open(Number(pid));
    if (holder !== undefined && processInfo(Number(pid))?.start === start && holder.alive) holder.signal(os.signals.SIGKILL);
    unlink(`${root}.holder`);
    closeSync(held);
    held = undefined;
  } finally {
    closeSync(lock);
  }
}
