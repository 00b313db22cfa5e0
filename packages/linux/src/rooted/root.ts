import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { VimageError } from '@vimage/core';
import { door } from '../door.ts';
import { imgexecPath } from '../imgexec.ts';
import type { Named } from '../machine.ts';
import { ifThere } from '../sys/file.ts';
import { asSysError } from '../sys/error.ts';
import { O_PATH } from './openat2.ts';

/** Calls `fn` with a descriptor of the root directory of an image, as those have it who live there. ESRCH: it is gone. */
export async function withRoot<T>(image: Named, fn: (root: number) => Promise<T>): Promise<T> {
  const root = await openRoot(image);
  try {
    return await fn(root);
  } finally {
    closeSync(root);
  }
}

async function openRoot({ name, serial }: Named): Promise<number> {
  const args = ['--serial', String(serial), '--stand', name];
  const child = door('spawn', () => spawn(imgexecPath(), args, { stdio: ['pipe', 'pipe', 'pipe'] }));
  const ended = new Promise<void>((resolve) => { child.once('close', () => { resolve(); }).once('error', () => { resolve(); }); });
  try {
    const problem = await stands(child);
    if (problem !== undefined || child.pid === undefined) throw refused(name, problem ?? '');
    const pid = innermost(child.pid);
    try {
      return openSync(`/proc/${pid}/root/`, O_PATH | constants.O_DIRECTORY);
    } catch (error) {
      throw asSysError(error, name);
    }
  } finally {
    child.stdin.end();
    await ended;
  }
}

/** Undefined once it stands there; else what it said instead. */
function stands(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => { said += bytes.toString(); });
    child.stdout?.once('data', () => { resolve(undefined); });
    child.once('close', () => { resolve(said); });
    child.once('error', reject);
    child.stdin?.on('error', () => undefined);
  });
}

/** Who stands there is started by who waits for it. */
function innermost(pid: number): number {
  const [child] = (ifThere(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')) ?? '').trim().split(' ').filter((each) => each !== '');
  return child === undefined ? pid : innermost(Number(child));
}

function refused(name: string, said: string): VimageError {
  const [, code = 'EIO', message = said.trim()] = /^imgexec: (E[A-Z0-9]+): (.*)$/m.exec(said) ?? [];
  return new VimageError(code, `the file system of "${name}" cannot be entered: ${message}`, { subject: name });
}
