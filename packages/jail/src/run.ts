import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync } from 'node:fs';
import { VimageError, codeOf, type RunContext, type StoredImage } from '@vimage/core';
import { linuxOf, openWithoutLinks, processStat } from '@vimage/linux';
import type { Hook, JailValues } from './params.ts';

type Context = Pick<RunContext<'jail'>, 'image' | 'values' | 'substrate' | 'around' | 'environment'>;

/**
 * Runs the commands of one hook, one after the other, by sh, as jail(8) does. `inside`: in that image; else in the image in which the jail is made, or where
 * this process is. What they print goes to our standard error, as they may run while a command of ours answers on standard output.
 *
 * EIO, ETIMEDOUT: one has failed, and the others were not tried.
 */
export async function runHook(cx: Context, hook: Hook, inside?: StoredImage): Promise<void> {
  for (const command of cx.values[hook] ?? []) await runOne(cx, hook, command, inside);
}

/** The same, where failure stops nothing: a line for each that has failed. */
export async function tryHook(cx: Context, hook: Hook, inside?: StoredImage): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const command of cx.values[hook] ?? []) {
    try {
      await runOne(cx, hook, command, inside);
    } catch (error) {
      if (!(error instanceof VimageError)) throw error;
      failed.push(error.message);
    }
  }
  return failed;
}

async function runOne(cx: Context, hook: Hook, command: string, inside: StoredImage | undefined): Promise<void> {
  const what = `${hook} of "${cx.image.name}": ${command}`;
  const timeout = cx.values['exec.timeout'] ?? 0;
  const log = inside === undefined ? undefined : openLog(cx.values);
  let ended: readonly unknown[];
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  let ending: Promise<void> | undefined;
  try {
    const output = log ?? 2;
    const child = start(cx, hook, command, inside, ['ignore', output, output]);
    const plain = inside === undefined && cx.around === undefined;
    using _passed = plain ? passSignals(child) : undefined;
    if (timeout > 0) {
      timer = setTimeout(() => {
        late = true;
        if (plain) signalGroup(child, 'SIGKILL');
        else ending = endWithin(cx, child, inside ?? cx.around);
      }, timeout);
    }
    ended = await once(child, 'exit');
    await ending;
  } catch (cause) {
    throw new VimageError('EIO', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { subject: hook, cause });
  } finally {
    clearTimeout(timer);
    if (log !== undefined) closeSync(log);
  }
  const [status, signal] = ended;
  if (status === 0) return;
  if (late) throw new VimageError('ETIMEDOUT', `${what}: it was not done after ${timeout / 1000} s`, { subject: hook, hint: 'exec.timeout says how long it may take' });
  throw new VimageError('EIO', `${what}: ${typeof signal === 'string' ? `killed by ${signal}` : `exit status ${String(status)}`}`, { subject: hook });
}

function start(cx: Context, hook: Hook, command: string, inside: StoredImage | undefined, stdio: StdioOptions): ChildProcess {
  const clean = cx.values['exec.clean'] === true;
  const where = inside ?? cx.around;
  const args = ['-c', command];
  // What runs in the jail knows nothing of the names outside.
  const env = inside === undefined ? cx.environment(`${hook} of "${cx.image.name}"`) : {};
  if (where === undefined) {
    const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/', TERM = 'dumb' } = process.env;
    return spawn('/bin/sh', args, { stdio, detached: true, env: { ...(clean ? { PATH, HOME, TERM } : process.env), ...env } });
  }
  const user = inside === undefined ? undefined : cx.values['exec.jail_user'];
  return linuxOf(cx.substrate).spawn(where, {
    command: '/bin/sh', args, effective: false, only: [], cleanEnv: clean, env, dieWithParent: true, ...(inside === undefined ? {} : { cwd: '/' }), ...(user === undefined ? {} : { user }),
  }, stdio);
}

/** To a command that leads a process group of its own, and to what it has started. It has not been waited for: its number is its own. */
function signalGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** Ends a command in an image, what descends from it by now, and what is in a session that one of these made: an orphan descends from nobody. */
async function endWithin({ substrate }: Context, child: ChildProcess, image: StoredImage | undefined): Promise<void> {
  const found = new Set(child.pid === undefined ? [] : [child.pid]);
  try {
    const all = image === undefined ? [] : await substrate.processes(image);
    // In whatever order they are listed.
    for (let before = 0; before < found.size;) {
      before = found.size;
      for (const { pid, ppid } of all) if (found.has(ppid) || found.has(processStat(pid)?.session ?? 0)) found.add(pid);
    }
    child.kill('SIGKILL');
    for (const { pid } of all) if (image !== undefined && found.has(pid)) await signalOne(substrate, image, pid);
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    child.kill('SIGKILL');
  }
}

async function signalOne(substrate: Context['substrate'], image: StoredImage, pid: number): Promise<void> {
  try {
    await substrate.signal(image, pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

const running = new Set<ChildProcess>();
const fromTerminal = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

/**
 * What a terminal sends to its foreground group, of which the command is none, until disposed of; it ends this process then, too, where nobody else has asked
 * for it.
 */
function passSignals(child: ChildProcess): Disposable {
  if (running.size === 0) for (const signal of fromTerminal) process.on(signal, pass);
  running.add(child);
  return {
    [Symbol.dispose]: () => {
      running.delete(child);
      if (running.size === 0) for (const signal of fromTerminal) process.off(signal, pass);
    },
  };
}

function pass(signal: NodeJS.Signals): void {
  for (const child of running) signalGroup(child, signal);
  if (process.listenerCount(signal) > 1) return;
  process.off(signal, pass);
  process.kill(process.pid, signal);
}

/** Opened outside. Root of the jail may own what is on the way: no link leads it elsewhere, and what is no file, as a fifo that nobody reads, is not waited for. */
function openLog(values: JailValues): number | undefined {
  const file = values['exec.consolelog'];
  if (file === undefined) return undefined;
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  let fd: number | undefined;
  try {
    fd = openWithoutLinks(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
    if (!fstatSync(fd).isFile()) throw new VimageError('EINVAL', `${file} is not a file`);
    return fd;
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    const code = codeOf(cause) ?? 'EIO';
    throw new VimageError(code, `exec.consolelog: ${file} cannot be opened (${code})`, {
      subject: 'exec.consolelog', cause, hint: 'its directory has to be there, and it must be a file; a link, also on the way to it, is not followed: give the path that realpath says',
    });
  }
}
