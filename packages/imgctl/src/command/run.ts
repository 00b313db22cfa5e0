import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fstatSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { flagWord, sections, VimageError, type Pairs } from '@vimage/core';
import type { Context } from '../context.ts';
import { readPairs } from '../input.ts';
import type { CommandSpec } from '../spec.ts';
import { startOptions, startRequest, statusOf } from '../start.ts';

export const run: CommandSpec = {
  usage: ['[pairs...]'],
  operands: ['pairs'],
  tail: 'optional',
  passesStatus: true,
  options: startOptions,
  about: 'The image is gone when the command ends, however it ends. It is named run-XXXXXXXX unless a name is given. Without a command: $SHELL, or sh.',
  examples: (words) => [
    { line: `run vir ${words.component(0)} -- sh`, does: 'a shell in an image that exists as long as it' },
    { line: `run name build ${words.section(0)} -- make -j4`, does: 'the exit status is the command\'s' },
    { line: `run -d vir ${words.component(0)} -- sleep 60`, does: 'in the background; prints the image\'s name' },
  ],
  async run(cx, { operands, options }) {
    const pairs = oneOff(await readPairs(cx, operands, 'create'));
    const request = startRequest(cx, options);
    if (request.detach === true && request.dieWithParent === true) {
      throw new VimageError('EUSAGE', 'what runs in the background has no parent to die with', { subject: 'die-with-parent', hint: 'leave -d out, or --die-with-parent' });
    }
    if (request.detach === true) return detached(cx, pairs, options);
    await using image = await cx.create(pairs);
    const report = reporting(image.name);
    const child = image.spawn(request.command, request.args, report === undefined ? { ...request, stdio: 'inherit' } : { ...request, stdio: ['inherit', 'inherit', 'pipe'], report });
    const ended = statusOf(child);
    if (report !== undefined) {
      passErrors(child.stderr);
      closeSync(report);
    }
    return await ended;
  },
};

/** The pairs with a name, and not persistent. EUSAGE: `persist true`. */
function oneOff(pairs: Pairs): Pairs {
  const { image } = sections(pairs);
  const given = new Map(image);
  const persist = given.get('persist');
  if (persist !== undefined && flagWord(persist) !== false) {
    throw new VimageError('EUSAGE', 'an image of "run" ends with its command', { subject: 'persist', hint: 'to keep it: imgctl create, then imgctl exec' });
  }
  return [
    ...(given.has('name') ? [] : [['name', `run-${randomBytes(4).toString('hex')}`] as const]),
    ...image,
    ...(persist !== undefined ? [] : [['persist', 'false'] as const]),
    ...pairs.slice(image.length),
  ];
}

const reportVariable = 'IMGCTL_RUN_REPORT';
/** Where the process behind `run -d` says the image's name and a line end; it is closed when the command runs. */
const reportDescriptor = 3;

/** In the process behind `run -d`: says that the image stands; the descriptor on which it is waited for the command. */
function reporting(name: string): number | undefined {
  if (process.env[reportVariable] !== 'yes') return undefined;
  Reflect.deleteProperty(process.env, reportVariable);
  // Set by somebody else: the descriptor is Node's own, or none.
  if (!isPipe(reportDescriptor)) return undefined;
  try {
    writeSync(reportDescriptor, `${name}\n`);
  } catch {
    // Whoever asked has gone; the command goes on.
  }
  return reportDescriptor;
}

function isPipe(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isSocket() || stat.isFIFO();
  } catch {
    return false;
  }
}

/** In the process behind `run -d`: errors go to whoever waits for the command to begin, and nowhere when that has gone; writing them ends no one. */
function passErrors(from: Readable | null): void {
  process.stderr.on('error', () => undefined);
  from?.on('data', (data: Buffer) => {
    try {
      writeSync(2, data);
    } catch {
      // Nobody reads any more.
    }
  });
}

/** Starts another imgctl that stays with the image, and returns when it says that the command runs. */
async function detached(cx: Context, pairs: Pairs, options: Readonly<Record<string, unknown>>): Promise<number> {
  const flags = Object.entries(options).flatMap(([key, value]) => {
    if (key === 'detach' || key === 'json') return [];
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (key === 'tty') return [];
    return Array.isArray(value) ? value.map((each) => `${flag}=${String(each)}`) : typeof value === 'string' ? [`${flag}=${value}`] : [flag];
  });
  const words = pairs.map(([key, value]) => `${key}=${value}`);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'run', '--no-tty', ...flags, ...words, '--', ...cx.rest ?? []], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, [reportVariable]: 'yes' },
  });
  let said = '';
  let errors = '';
  const told = child.stdio[reportDescriptor];
  told?.on('data', (data: Buffer) => { said += data.toString('latin1'); });
  child.stderr?.on('data', (data: Buffer) => { errors += data.toString(); });
  if (told !== undefined && told !== null) await once(told, 'close');
  const [name = '', failure] = said.split('\n');
  if (said !== '' && failure === '') {
    child.unref();
    child.stderr?.destroy();
    cx.result({ name, pid: child.pid }, () => [name]);
    return 0;
  }
  await once(child, 'close').catch(() => undefined);
  process.stderr.write(errors);
  return child.exitCode ?? 125;
}
