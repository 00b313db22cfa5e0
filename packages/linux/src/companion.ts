import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { VimageError, type Awaitable } from '@vimage/core';
import { door } from './door.ts';
import { processInfo } from './process/info.ts';
import { Pidfd, allEnded } from './process/pidfd.ts';
import { pipe } from './sys/process.ts';
import { close } from './sys/libc.ts';

/** A process that works for an image and does not live in it: its number, and its start (field 22 of proc_pid_stat(5)), by which it is known again. */
export interface Companion {
  readonly pid: number;
  readonly start: string;
}

/** How one is started. */
export interface CompanionSpec {
  /** Path and arguments; argv[0] is what it is called. It must not put itself into the background. */
  readonly argv: readonly string[];
  /** A descriptor of ours that is its standard input. */
  readonly input: number;
  /** Where it writes as soon as it is ready: its descriptor 1, or 4. */
  readonly ready: 1 | 4;
}

// Whoever is killed before he has noted the process lets go of descriptor 3, and nothing comes of it. SIGPIPE: nobody hears it later.
const begin = { 1: 'read -r go <&3 && exec "$@" 3<&-', 4: 'trap "" PIPE; read -r go <&3 && exec "$@" 3<&- 4>&1 >/dev/null' } as const;
/** Longest that one may take to be ready, in ms. */
const patience = 20_000;

/**
 * Starts a process in a session of its own, as soon as `note` has written down who it will be; it lives until {@link endCompanion}. Returns when it is
 * ready. EIO: it ended before that, with what it said; ETIMEDOUT.
 */
export async function startCompanion(spec: CompanionSpec, note: (who: Companion) => Awaitable<void>): Promise<Companion> {
  const [readable, writable] = pipe();
  const ready = new Socket({ fd: readable, readable: true, writable: false });
  let child: ChildProcess;
  try {
    child = door('spawn', () => spawn('/bin/sh', ['-c', begin[spec.ready], 'sh', ...spec.argv], {
      stdio: [spec.input, writable, 'pipe', 'pipe'], detached: true, cwd: '/', env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    }));
  } catch (error) {
    ready.destroy();
    throw error;
  } finally {
    close(writable);
  }
  const ended = endOf(child);
  const pid = child.pid ?? 0;
  const start = processInfo(pid)?.start;
  try {
    if (start === undefined) throw ended.error(await ended.status);
    await note({ pid, start });
    door('begin', () => go(child));
    const first = await Promise.race([ended.status, written(ready)]);
    if (first !== 'ready') throw ended.error(first);
    return { pid, start };
  } catch (error) {
    if (start !== undefined) await endCompanion({ pid, start });
    throw error;
  } finally {
    ready.destroy();
    child.stderr?.destroy();
    child.stdio[3]?.destroy();
    child.unref();
  }
}

function go(child: ChildProcess): void {
  const pipe = child.stdio[3];
  if (pipe instanceof Socket) pipe.on('error', () => undefined).end('go\n');
}

function endOf(child: ChildProcess): { readonly status: Promise<string>; error(status: string): VimageError } {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-4096); });
  const status = new Promise<string>((resolve) => {
    child.once('error', (error) => { resolve(error.message); });
    child.once('close', (code, signal) => { resolve(signal === null ? `status ${code ?? 0}` : signal); });
  });
  return {
    status,
    error: (how) => (how === 'late' ? new VimageError('ETIMEDOUT', `it was not ready within ${patience / 1000} s`) : new VimageError('EIO', `${lastLines(said)} (${how})`)),
  };
}

/** What a program says last is why it ended. */
function lastLines(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/^\d+\.\d+: /, '').trim()).filter((line) => line !== '' && !line.startsWith('Failed to send'));
  return lines.length === 0 ? 'it ended and said nothing' : lines.slice(-3).join('; ');
}

function written(ready: Socket): Promise<'ready' | 'late'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => { resolve('late'); }, patience);
    const done = (): void => clearTimeout(timer);
    ready.once('data', () => { resolve('ready'); }).once('close', done).on('error', done);
  });
}

/** Whether it still runs. */
export function companionLives({ pid, start }: Companion): boolean {
  using process = Pidfd.open(pid);
  // Its start is looked at while we hold it: the number was not another's.
  return process !== undefined && processInfo(pid)?.start === start && process.alive;
}

/** Ends it, and waits for that; false where it had ended. ETIMEDOUT: it does not end though it was killed. */
export async function endCompanion({ pid, start }: Companion): Promise<boolean> {
  using process = Pidfd.open(pid);
  if (process === undefined || processInfo(pid)?.start !== start || !process.alive) return false;
  door('kill', () => process.signal(constants.signals.SIGKILL));
  if (await allEnded([process], patience)) return true;
  throw new VimageError('ETIMEDOUT', `process ${pid} does not end though it was killed`, { subject: String(pid), hint: 'it hangs in the kernel: look at /proc/PID/stack, and destroy the image again' });
}
