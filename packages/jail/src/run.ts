import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fstatSync } from 'node:fs';
import { VimageError, codeOf, type RunContext, type StoredImage } from '@vimage/core';
import { linuxOf, openWithoutLinks } from '@vimage/linux';
import type { JailValues } from './params.ts';

type Hook = 'exec.prestart' | 'exec.created' | 'exec.start' | 'command' | 'exec.poststart' | 'exec.prestop' | 'exec.stop' | 'exec.poststop';

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
  const timeout = cx.values['exec.timeout'] ?? 0;
  const log = inside === undefined ? undefined : openLog(cx.values);
  let ended: readonly unknown[];
  let timer: NodeJS.Timeout | undefined;
  let late = false;
  try {
    const output = log ?? 2;
    const child = start(cx, hook, command, inside, ['ignore', output, output]);
    if (timeout > 0) {
      timer = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, timeout);
    }
    ended = await once(child, 'exit');
  } catch (cause) {
    throw new VimageError('EIO', `${hook} of "${cx.image.name}": ${command}: ${cause instanceof Error ? cause.message : String(cause)}`, { subject: hook, cause });
  } finally {
    clearTimeout(timer);
    if (log !== undefined) closeSync(log);
  }
  const [status, signal] = ended;
  if (status === 0) return;
  const what = `${hook} of "${cx.image.name}": ${command}`;
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
    return spawn('/bin/sh', args, { stdio, env: { ...(clean ? { PATH, HOME, TERM } : process.env), ...env } });
  }
  const user = inside === undefined ? undefined : cx.values['exec.jail_user'];
  return linuxOf(cx.substrate).spawn(where, {
    command: '/bin/sh', args, effective: false, only: [], cleanEnv: clean, env, dieWithParent: true, ...(inside === undefined ? {} : { cwd: '/' }), ...(user === undefined ? {} : { user }),
  }, stdio);
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
