import { createRequire } from 'node:module';
import { VimageError, codeOf } from '@vimage/core';
import type { MessagePort, Worker, WorkerOptions } from 'node:worker_threads';
import { givenKey } from './given.ts';
import type { Given, ToldStand } from './given.ts';

/** Starts a worker with what makes it stand there: read before all else, as what --require names is. EOPNOTSUPP: as this Node was started, that cannot be. */
export function startWorker(stand: ToldStand, port: MessagePort, options: WorkerOptions, construct: (options: WorkerOptions) => Worker): Worker {
  const { execArgv } = options;
  // What is no list, and not nothing, is Node's to refuse.
  if (execArgv && !Array.isArray(execArgv)) return construct(options);
  const own = execArgv || undefined;
  const first = ['--require', preload(stand.eimage.name, own ?? process.execArgv)];
  const transferList = [...(Array.isArray(options.transferList) ? options.transferList : []), port];
  // What Node reads of the options it reads where it would have: they may have getters, and a prototype.
  const withThem = (args: readonly string[]): WorkerOptions => Object.create(options, {
    execArgv: { value: [...first, ...args] }, transferList: { value: transferList },
  });
  const { setEnvironmentData } = process.getBuiltinModule('node:worker_threads');
  setEnvironmentData(givenKey, { ...stand, port, execArgv: own ?? process.execArgv } satisfies Given);
  try {
    return own === undefined ? inheriting(process.execArgv, (args) => construct(withThem(args))) : construct(withThem(own));
  } finally {
    setEnvironmentData(givenKey, undefined);
  }
}

/** The module that makes it stand there. */
function preload(image: string, args: readonly string[]): string {
  const refuse = (why: string, hint: string): VimageError => new VimageError('EOPNOTSUPP', `a worker cannot act on "${image}": ${why}`, { subject: image, hint });
  const words = [...args, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  if (words.some((word) => /^--(experimental-)?loader(=|$)/.test(word))) throw refuse('a loader that is named by --loader has a thread of its own, which is started before it', 'use --import with module.register()');
  if (words.includes('--no-experimental-require-module')) throw refuse('what it has to load first is an ES module', 'leave out --no-experimental-require-module');
  try {
    return createRequire(import.meta.url).resolve('@vimage/linux/worker');
  } catch (cause) {
    throw Object.assign(refuse('@vimage/linux/worker is not there, which it has to load', 'install @vimage/linux, and leave it out of what is bundled'), { cause });
  }
}

/**
 * Node leaves out by itself what of its own arguments is the whole process's, but refuses that where it is given to it. Which those are it says in the message of the
 * error, and nowhere else.
 */
function inheriting(args: readonly string[], construct: (args: readonly string[]) => Worker): Worker {
  try {
    return construct(args);
  } catch (error) {
    if (codeOf(error) !== 'ERR_WORKER_INVALID_EXEC_ARGV' || !(error instanceof Error)) throw error;
    const said = `${error.message.replace(/^[^:]*/, '')},`;
    const kept = args.filter((arg, i) => !refusedIn(said, arg) && (arg.startsWith('-') || !refusedIn(said, args[i - 1] ?? '')));
    if (kept.length === args.length) throw error;
    return inheriting(kept, construct);
  }
}

/** Whether an argument is in the list that an error of Node's has. */
function refusedIn(said: string, arg: string): boolean {
  return arg !== '' && [',', ' '].some((end) => said.includes(` ${arg}${end}`));
}
