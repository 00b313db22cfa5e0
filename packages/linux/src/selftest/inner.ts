import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { VimageError } from '@vimage/core';
import { door } from '../door.ts';
import { imgexecPath } from '../imgexec.ts';
import { imgprobePath } from '../imgprobe.ts';
import { carrier } from '../prebuilt.ts';
import type { Verdict } from './outcome.ts';

/** Which image is probed, and how imgexec is called for it. */
export interface Probed {
  readonly name: string;
  /** Undefined: whatever has the name, as in tests of imgexec alone. */
  readonly serial?: bigint;
  /** Options of imgexec. */
  readonly options?: readonly string[];
  /** What imgexec is started with by a careless caller: descriptors beside 0-2, a directory, an environment. */
  readonly leaked?: { readonly fds?: readonly number[]; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> };
}

/** What imgprobe said of one probe. */
export interface Said {
  readonly verdict: Verdict;
  readonly reason: string;
}

/**
 * Runs imgprobe in an image that need not have it: imgexec executes a copy. What each probe said; `fail` for one that said nothing.
 * ENOENT: it was not built. EIO: the image could not be entered.
 */
export async function probeInside(image: Probed, names: readonly string[], facts: readonly string[]): Promise<ReadonlyMap<string, Said>> {
  const program = openProbe();
  try {
    const { fds = [], cwd, env } = image.leaked ?? {};
    const which = image.serial === undefined ? [] : ['--serial', String(image.serial)];
    const args = ['-T', '--exec-fd', '3', ...which, ...image.options ?? [], image.name, '--', 'imgprobe', ...facts, ...names];
    const child = door('spawn', () => spawn(imgexecPath(), args, {
      stdio: ['ignore', 'pipe', 'pipe', program, ...fds], ...(cwd === undefined ? {} : { cwd }), env: { ...process.env, ...env },
    }));
    const ended = once(child, 'exit');
    const [out, err] = await Promise.all([read(child.stdout), read(child.stderr), ended]);
    const said = parse(out);
    if (said.size === 0) throw new VimageError('EIO', `"${image.name}" could not be probed: ${err.trim() || `imgprobe ended by status ${child.exitCode ?? child.signalCode}`}`, { subject: image.name });
    return new Map(names.map((name) => [name, said.get(name) ?? { verdict: 'fail', reason: 'the probe ended before it told anything' }]));
  } finally {
    closeSync(program);
  }
}

async function read(stream: Readable | null): Promise<string> {
  return stream === null ? '' : await text(stream);
}

function openProbe(): number {
  try {
    return openSync(imgprobePath, 'r');
  } catch (cause) {
    throw new VimageError('ENOENT', `${imgprobePath}: imgprobe is not there`, { subject: imgprobePath, hint: `install ${carrier}; in the sources of vimage, build it: node packages/linux/imgprobe/build.mjs`, cause });
  }
}

/** The lines of imgprobe, by name. */
export function parse(out: string): ReadonlyMap<string, Said> {
  return new Map(out.split('\n').flatMap((line) => {
    const [name = '', verdict = '', reason = ''] = line.split('\t');
    return verdict === 'pass' || verdict === 'fail' || verdict === 'na' ? [[name, { verdict, reason }] as const] : [];
  }));
}
