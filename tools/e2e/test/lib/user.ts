import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect } from 'vitest';
import { cannot, missing, workspace, type Result, type RunOptions, type World } from './world.ts';

/** imgctl where every user may read it. */
export const mainForUsers = '/mnt/vimage/packages/imgctl/dist/main.js';

/** Why nothing can be done here as an ordinary user, or undefined. */
export function noUsers(): string | undefined {
  const as = (...command: readonly string[]): boolean => spawnSync('setpriv', ['--reuid=1234', '--regid=1234', '--clear-groups', ...command]).status === 0;
  return cannot() ?? missing('setpriv', 'util-linux')
    ?? (as(process.execPath, '--version') ? undefined : `${process.execPath} cannot be run by another user`)
    ?? (as('unshare', '-U', 'true') ? undefined : 'ordinary users may not make user namespaces here');
}

/** A command as of an ordinary user, whose registry is in /run/user/UID. */
export function asUser(uid: number, ...command: readonly string[]): readonly string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'env', `XDG_RUNTIME_DIR=/run/user/${uid}`, `HOME=/run/user/${uid}`, ...command];
}

/** Puts the built packages where all may read them (a directory of the workspace may be closed to others), and makes the users' own directories. */
export async function openToUsers(world: World, ...uids: readonly number[]): Promise<void> {
  await world.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir -p /mnt/vimage/packages /mnt/vimage/node_modules
    mount --bind ${path.join(workspace, 'packages')} /mnt/vimage/packages; mount --bind ${path.join(workspace, 'node_modules')} /mnt/vimage/node_modules
    for uid in ${uids.join(' ')}; do mkdir -p /run/user/$uid; chown $uid:$uid /run/user/$uid; chmod 700 /run/user/$uid; done; cd /`);
}

/** imgctl of an ordinary user. */
export function userImgctl(world: World, uid: number, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return world.run(asUser(uid, process.execPath, mainForUsers, ...args), options);
}

/** The same, which must succeed, and have nothing to say besides its output. */
export async function userOk(world: World, uid: number, args: readonly string[]): Promise<string> {
  const { status, out, err } = await userImgctl(world, uid, args);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return out;
}
