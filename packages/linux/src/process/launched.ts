import { AsyncResource } from 'node:async_hooks';
import { ChildProcess, spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from '../abi/socket.ts';
import { door } from '../door.ts';
import { imgexecPath } from '../imgexec.ts';
import type { ImgexecCall } from '../imgexec.ts';
import type { Launcher } from '../launcher.ts';
import { socketpair } from '../sys/socket.ts';
import { Pidfd } from './pidfd.ts';
import { close } from '../sys/libc.ts';

/** An entry of a ChildProcess's normalized stdio. */
interface Stdio {
  readonly type: string;
  readonly fd?: number;
  readonly handle?: object;
}

/** The native handle of a ChildProcess, as far as it is used; what it does is replaced, on this one. */
interface Handle {
  onexit(this: Handle, code: number, signal: string): void;
  pid?: number;
}

interface SpawnOptions {
  file: string;
  args: string[];
  envPairs: string[];
  stdio: unknown;
}

/** Starts imgexec, or has the launcher, where there is one and it can, do what that would. */
export function startImgexec({ args, env }: ImgexecCall, stdio: StdioOptions, launcher: Launcher | undefined): ChildProcess {
  return door('spawn', () => (launcher === undefined ? undefined : launchedChild(launcher, args, env, stdio)) ?? spawn(imgexecPath(), [...args], { env, stdio }));
}

/**
 * A ChildProcess whose program is started by the launcher, where it can, else by executing imgexec. What a user sees of it is Node's
 * own: only the native handle's calls are ours. Undefined where this Node's ChildProcess is not what we know.
 */
function launchedChild(launcher: Launcher, args: readonly string[], env: Readonly<Record<string, string>>, stdio: StdioOptions): ChildProcess | undefined {
  const child = new ChildProcess();
  const handle: unknown = Reflect.get(child, '_handle');
  const start: unknown = Reflect.get(child, 'spawn');
  if (!isHandle(handle) || typeof start !== 'function') return undefined;
  const native: unknown = Reflect.get(handle, 'spawn');
  if (typeof native !== 'function') return undefined;
  const envPairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const resource = new AsyncResource('PROCESSWRAP');
  // ChildProcess writes the normalized stdio into it, and hands the native handle the object, or, since Node 24, what is in it.
  const options: SpawnOptions = { file: imgexecPath(), args: ['imgexec', ...args], envPairs, stdio };
  Reflect.set(handle, 'spawn', (...given: readonly unknown[]): unknown => {
    const done = launch(launcher, handle, args, envPairs, options.stdio, resource);
    if (done) return 0;
    Reflect.deleteProperty(handle, 'spawn');
    return Reflect.apply(native, handle, given);
  });
  Reflect.apply(start, child, [options]);
  return child;
}

/** False: the launcher does not do that one. */
function launch(launcher: Launcher, handle: Handle, args: readonly string[], env: readonly string[], stdio: unknown, resource: AsyncResource): boolean {
  const ends = openEnds(stdio);
  if (ends === undefined) return false;
  try {
    const launched = launcher.run(args, env, [ends[0].theirs, ends[1].theirs, ends[2].theirs]);
    if (launched.kind === 'refused') return false;
    const exit = (status: number | undefined): void => resource.runInAsyncScope(() => ended(handle, status));
    if (launched.kind === 'started') followOrEnd(launcher, handle, launched.pid, exit);
    else {
      // Of a process that there never was: the native handle would signal whatever number it holds.
      Object.assign(handle, { kill: () => -constants.errno.ESRCH });
      setImmediate(exit, launched.status);
    }
    for (const end of ends) end.keep();
    return true;
  } finally {
    for (const end of ends) end.close();
  }
}

/** What cannot be watched (no descriptor is left) was not started. Until it has been waited for its number is its own. */
function followOrEnd(launcher: Launcher, handle: Handle, pid: number, exit: (status: number | undefined) => void): void {
  try {
    follow(launcher, handle, pid, exit);
  } catch (error) {
    process.kill(pid, 'SIGKILL');
    launcher.wait(pid);
    throw error;
  }
}

function follow(launcher: Launcher, handle: Handle, pid: number, exit: (status: number | undefined) => void): void {
  const process = Pidfd.open(pid);
  handle.pid = pid;
  if (process === undefined) {
    setImmediate(() => exit(launcher.wait(pid)));
    return;
  }
  const watch = process.watch(() => {
    const status = launcher.wait(pid);
    process[Symbol.dispose]();
    exit(status);
  });
  const calls = {
    kill: (signal: number): number => (process.signal(signal) ? 0 : -constants.errno.ESRCH),
    ref: () => watch.ref(),
    unref: () => watch.unref(),
    hasRef: () => watch.hasRef(),
  };
  Object.assign(handle, calls);
}

function ended(handle: Handle, status: number | undefined): void {
  const signal = status === undefined ? 0 : status & 0x7f;
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? '';
  handle.onexit(status === undefined ? 125 : signal === 0 ? status >> 8 : 0, name);
}

/** One of the descriptors 0-2: the child's end, and what is done with ours. */
interface End {
  readonly theirs: number;
  keep(): void;
  close(): void;
}

const nothing = (): void => undefined;

function openEnds(stdio: unknown): readonly [End, End, End] | undefined {
  if (!Array.isArray(stdio)) return undefined;
  const entries: readonly unknown[] = stdio;
  // What is beyond 2 the program never gets; but a pipe there would wait for its end.
  if (entries.length < 3 || entries.slice(3).some((entry) => !isStdio(entry) || entry.type !== 'ignore')) return undefined;
  const ends: End[] = [];
  const closeAll = (): void => {
    for (const each of ends) each.close();
  };
  try {
    for (const entry of entries.slice(0, 3)) {
      const end = isStdio(entry) ? openEnd(entry, ends.length) : undefined;
      if (end === undefined) {
        closeAll();
        return undefined;
      }
      ends.push(end);
    }
  } catch (error) {
    closeAll();
    throw error;
  }
  const [first, second, third] = ends;
  return first === undefined || second === undefined || third === undefined ? undefined : [first, second, third];
}

function openEnd({ type, fd, handle }: Stdio, at: number): End | undefined {
  switch (type) {
    case 'ignore': {
      const theirs = openSync('/dev/null', at === 0 ? 'r' : 'w');
      return { theirs, keep: nothing, close: () => closeSync(theirs) };
    }
    case 'inherit':
    case 'fd': return fd === undefined || fd < 0 ? undefined : { theirs: fd, keep: nothing, close: nothing };
    case 'pipe': return handle === undefined ? undefined : pipeEnd(handle);
    case 'wrap': {
      const theirs: unknown = handle === undefined ? undefined : Reflect.get(handle, 'fd');
      return typeof theirs === 'number' && theirs >= 0 ? { theirs, keep: nothing, close: nothing } : undefined;
    }
    default: return undefined;
  }
}

/** As libuv makes it: a pair of stream sockets, of which ours becomes the pipe handle's. */
function pipeEnd(handle: object): End | undefined {
  const open: unknown = Reflect.get(handle, 'open');
  if (typeof open !== 'function') return undefined;
  const [ours, theirs] = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC);
  let kept = false;
  return {
    theirs,
    keep: () => {
      kept = Reflect.apply(open, handle, [ours]) === 0;
    },
    close: () => {
      close(theirs);
      if (!kept) close(ours);
    },
  };
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'onexit' in value && typeof value.onexit === 'function';
}

function isStdio(value: unknown): value is Stdio {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
