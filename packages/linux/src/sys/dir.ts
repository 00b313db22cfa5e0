import { constants, openSync } from 'node:fs';
import { codeOf } from '@vimage/core';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Opens a directory, to read; the caller closes it. Undefined: it is none (a link to one is none, either), or not there. */
export function openDir(path: string | Buffer): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
