import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { VimageError, codeOf, type Pairs } from '@vimage/core';
import type { Namespace } from '@vimage/linux';
import { valueOf } from './move/journal.ts';

/** Where ip-netns(8) looks for names. */
const directory = '/run/netns';

/** The file by which ip-netns(8) knows an image's stack. */
export function netnsPath(image: string): string {
  return `${directory}/${image}`;
}

/** What the journal notes of it. */
export function netnsEntry(image: string, ns: Namespace): Pairs {
  return [['act', 'netns'], ['name', image], ['ino', String(ns.ino)]];
}

/** Whether a journal entry is of a name for ip-netns(8). */
export function isNetns(entry: Pairs): boolean {
  return valueOf(entry, 'act') === 'netns';
}

/**
 * Gives a stack a name for ip-netns(8). Its file must open to the namespace, and only a bind mount does that without a process that
 * lives on: a symbolic link could lead to /proc/PID/ns/net only. EEXIST.
 */
export function addNetns(image: string, ns: Namespace): void {
  const path = netnsPath(image);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new VimageError('EEXIST', `netns: ${path} exists already`, { subject: image, hint: 'ip netns list shows it; remove it, or leave netns out', cause: error });
  }
  try {
    mount(['--bind', `/proc/${process.pid}/fd/${ns.fd}`, path], path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Takes the name away. True when it was there and of the stack with this inode; another's is left. */
export function removeNetns(image: string, ino: string): boolean {
  const path = netnsPath(image);
  const there = inodeOf(path);
  if (there === undefined || (there.mounted && String(there.ino) !== ino)) return false;
  if (there.mounted) unmount(path);
  rmSync(path, { force: true });
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EBUSY', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
  }
  return true;
}

function inodeOf(path: string): { readonly ino: bigint; readonly mounted: boolean } | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return { ino: stat.ino, mounted: stat.dev === statSync('/proc/self/ns/net', { bigint: true }).dev };
}

function mount(args: readonly string[], path: string): void {
  act('mount', args, path);
}

function unmount(path: string): void {
  act('umount', ['-l', path], path);
}

function act(program: string, args: readonly string[], path: string): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status === 0) return;
  throw new VimageError(codeOf(error) ?? 'EPERM', `netns: ${program} ${path}: ${error?.message ?? stderr.trim()}`, {
    subject: path,
    hint: error === undefined ? 'this needs the right to mount on this machine: leave netns out' : `install ${program}(8), or leave netns out`,
  });
}
