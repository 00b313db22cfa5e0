import { readSync } from 'node:fs';
import { imgexecPath } from '../imgexec.ts';
import { pipe, reap } from '../sys/process.ts';
import { keepApart } from './cluster.ts';
import { binding, prototypeOf, wrap } from './native.ts';
import { refused, warned } from './refused.ts';
import { standForSpawn } from './store.ts';
import type { On } from './threads.ts';
import { close } from '../sys/libc.ts';

/** What the native calls take; Node 24 and later pass the first as arguments, in this order. */
interface SpawnOptions {
  readonly file: string;
  readonly args: readonly string[] | undefined;
  readonly cwd: string | null | undefined;
  readonly envPairs: readonly string[] | undefined;
  readonly stdio: readonly object[];
  readonly flags: unknown;
  readonly uid: number | null | undefined;
  readonly gid: number | null | undefined;
}

const order = ['file', 'args', 'cwd', 'envPairs', 'stdio', 'flags', 'uid', 'gid'] as const;

function isOptions(value: unknown): value is SpawnOptions {
  return typeof value === 'object' && value !== null && 'file' in value && 'stdio' in value && Array.isArray(value.stdio);
}

function isResult(value: unknown): value is { output: unknown[] | null; pid: number } {
  return typeof value === 'object' && value !== null && 'output' in value;
}

/** Leads node:child_process, all of it, through the boundary: what is started in effective() is what `imgctl exec -e` starts, in run() what `imgctl exec` does. */
export function wrapSpawn(): void {
  wrap(prototypeOf('process_wrap', 'Process'), 'spawn', (native) => function (...given) {
    const positional = typeof given[0] === 'string';
    const options: unknown = positional ? Object.fromEntries(order.map((key, i) => [key, given[i]])) : given[0];
    const call = (these: SpawnOptions): unknown => Reflect.apply(native, this, positional ? order.map((key) => these[key]) : [these]);
    const started = led(options, (these, failed) => {
      const result = call(these);
      if (typeof result !== 'number' || result < 0) return result;
      const why = failed();
      if (why === undefined) {
        keepApart(this, these.envPairs);
        return result;
      }
      neverWas(this);
      return why;
    });
    return started === outside ? Reflect.apply(native, this, given) : started;
  });
  wrap(binding('spawn_sync'), 'spawn', (native) => function (...given) {
    const started = led(given[0], (these, failed) => {
      const result: unknown = Reflect.apply(native, this, [these]);
      const why = failed();
      if (why !== undefined) return why;
      if (isResult(result)) result.output?.pop();
      return result;
    });
    if (started === outside) return Reflect.apply(native, this, given);
    // As libuv has it of a program that was not started.
    return typeof started === 'number' ? { error: started, status: null, signal: null, output: null, pid: 0 } : started;
  });
}

const outside = Symbol('outside');

/** Calls `start` with imgexec in the place of the program, and with what tells why that could not become it. A negative errno: it was not called. */
function led(options: unknown, start: (these: SpawnOptions, failed: () => number | undefined) => unknown): unknown {
  const stand = standForSpawn();
  if (stand === undefined || !isOptions(options) || options.file === imgexecPath()) return outside;
  try {
    return stand.threads.toSpawn(stand.td, (on) => {
      if (on === undefined) return outside;
      const [readable, writable] = pipe();
      let open = true;
      const shut = (): void => {
        if (open) close(writable);
        open = false;
      };
      try {
        return start(through(on, options, writable), () => {
          shut();
          return whyNot(readable);
        });
      } finally {
        shut();
        close(readable);
      }
    });
  } catch (error) {
    return refused(error);
  }
}

function through({ image, cover }: On, options: SpawnOptions, error: number): SpawnOptions {
  const { file, args, stdio } = options;
  const [cwd, uid, gid] = [options.cwd ?? undefined, options.uid ?? undefined, options.gid ?? undefined];
  const at = Math.max(stdio.length, 3);
  const words = ['imgexec', '--serial', String(image.serial), '-T', '--error-fd', String(at)];
  for (const [fd, { type }] of stdio.map((each) => ({ type: '', ...each })).entries()) if (fd > 2 && type !== 'ignore') words.push('--pass-fd', String(fd));
  if (!cover.live) words.push('-e');
  if (cover.only !== undefined) words.push('--only', cover.only.join());
  if (uid !== undefined || gid !== undefined) words.push('-u', `${uid ?? process.geteuid?.() ?? 0}${gid === undefined ? '' : `:${gid}`}`);
  // Who lives there has the image's folders, else it is gone to before imgexec begins.
  if (cover.live && cwd !== undefined) words.push('--cwd', cwd);
  const [argv0, ...rest] = args ?? [file];
  if (argv0 !== undefined && argv0 !== file) words.push('--argv0', argv0);
  const padding = Array.from({ length: at - stdio.length }, () => ({ type: 'ignore' }));
  return {
    ...options,
    file: imgexecPath(),
    args: [...words, image.name, '--', file, ...rest],
    cwd: cover.live ? undefined : cwd,
    stdio: [...stdio, ...padding, { type: 'fd', fd: error }],
    uid: undefined,
    gid: undefined,
  };
}

/** What imgexec said, once it has become the program (nothing) or given up: a negative errno. */
function whyNot(readable: number): number | undefined {
  const told = Buffer.alloc(1100);
  let size = 0;
  for (let more = 1; more > 0 && size < told.length; size += more) more = readSync(readable, told, size, told.length - size, null);
  if (size < 2) return undefined;
  const [status = 0, errno = 0] = told;
  // Of the program itself there is no more to say than execve(2) says.
  if (status === 125) warned(told.toString('utf8', 2, size).trim(), undefined);
  return -errno;
}

/** A process that has ended before it became the program, as if it had not been started: Node says of it what it says of those. */
function neverWas(handle: object): void {
  const pid: unknown = Reflect.get(handle, 'pid');
  if (typeof pid === 'number') reap(pid);
  Reflect.deleteProperty(handle, 'pid');
  wrap(handle, 'onexit', (native) => function (...args) {
    return typeof args[0] === 'number' && args[0] < 0 ? Reflect.apply(native, this, args) : undefined;
  });
}
