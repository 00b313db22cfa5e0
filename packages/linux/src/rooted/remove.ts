import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { codeOf } from '@vimage/core';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Removes what `path`, a name in an open directory, is, with all below it. Every directory is opened before its names are looked at: a link that is put in its place is removed, not followed. */
export async function removeBelow(path: string): Promise<void> {
  let dir: fs.FileHandle;
  try {
    dir = await fs.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (!['ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) throw error;
    await fs.unlink(path);
    return;
  }
  try {
    for (const name of await fs.readdir(`/proc/self/fd/${dir.fd}`)) await removeBelow(`/proc/self/fd/${dir.fd}/${name}`);
  } finally {
    await dir.close();
  }
  await fs.rmdir(path);
}
