import { accessSync, constants } from 'node:fs';
import { constants as os } from 'node:os';
import type { ChildProcess } from 'node:child_process';
import type { SpawnRequest } from '@vimage/core';
import { VimageError } from '@vimage/core';
import type { Context } from './context.ts';
import { listOf, textOf, type OptionSpec, type Options } from './spec.ts';

/** Options of exec and run that say how the command is started. */
export const startOptions: readonly OptionSpec[] = [
  { flags: '-u, --user <user[:group]>', describe: 'run as this user of the image', value: 'account' },
  { flags: '--cwd <directory>', describe: 'in this directory of the image', value: 'directory' },
  { flags: '--env <name=value>', describe: 'add to the environment; may be repeated', value: 'text', many: true },
  { flags: '--clean-env', describe: 'begin with an empty environment' },
  { flags: '-d, --detach', describe: 'do not wait for it, and give it no input' },
  { flags: '-t, --tty', describe: 'give it a terminal of its own' },
  { flags: '-T, --no-tty', describe: 'give it none' },
  { flags: '--die-with-parent', describe: 'kill it when imgctl\'s caller ends' },
];

/** The command after `--` and how to start it; a shell when there is none. EUSAGE. */
export function startRequest(cx: Context, options: Options): SpawnRequest {
  const [given, ...args] = cx.rest ?? [];
  if (given === '') throw new VimageError('EUSAGE', 'the command is empty');
  const account = textOf(options, 'user');
  const cwd = textOf(options, 'cwd');
  const env = environment(listOf(options, 'env'));
  const { tty } = options;
  return {
    command: given ?? shell(),
    args,
    effective: options['effective'] === true,
    only: textOf(options, 'only')?.split(',').filter((name) => name !== '') ?? [],
    ...(options['view'] === false ? { view: false } : {}),
    ...(account === undefined ? {} : { ['user' as const]: account }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(options['cleanEnv'] === true ? { cleanEnv: true } : {}),
    ...(typeof tty === 'boolean' ? { tty } : {}),
    ...(options['dieWithParent'] === true ? { dieWithParent: true } : {}),
    ...(options['detach'] === true ? { detach: true } : {}),
  };
}

function environment(list: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (list.length === 0) return undefined;
  return Object.fromEntries(list.map((text) => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new VimageError('EUSAGE', `--env: expected NAME=VALUE, not "${text}"`, { subject: text });
  }));
}

/** The caller's shell where it can be run, else sh. */
function shell(): string {
  const { SHELL } = process.env;
  if (SHELL === undefined || !SHELL.startsWith('/')) return 'sh';
  try {
    accessSync(SHELL, constants.X_OK);
    return SHELL;
  } catch {
    return 'sh';
  }
}

/** Signals that are passed on to a command that we wait for. */
const passedOn = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;

/** Waits for a started command, passing signals on; its status as a shell has it (128+n for a signal). */
export function statusOf(child: ChildProcess): Promise<number> {
  // A terminal sends these to everyone in front of it: the child has them already.
  const fromTerminal = new Set<string>(process.stdin.isTTY ? ['SIGINT', 'SIGQUIT', 'SIGWINCH'] : []);
  const handlers = passedOn.map((signal) => {
    const handler = (): void => {
      if (!fromTerminal.has(signal)) child.kill(signal);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : os.signals[signal])));
  }).finally(() => {
    for (const off of handlers) off();
  });
}
