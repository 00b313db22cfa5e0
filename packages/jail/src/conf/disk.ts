import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { codeOf, VimageError } from '@vimage/core';
import { glob, hasMagic } from './glob.ts';
import { inputLimit } from './limits.ts';
import type { ConfSource } from './types.ts';

/**
 * Reads what a jail.conf on disk includes: relative to the file that includes it, patterns as glob(3), in the order of their names. A pattern that
 * fits nothing includes nothing; a plain name must exist. Throws VimageError with the code of the system.
 */
export function diskSource(file: string): ConfSource {
  return {
    file,
    read: (pattern, from) => {
      const path = isAbsolute(pattern) ? normalize(pattern) : join(dirname(from), pattern);
      return (hasMagic(pattern) ? glob(path) : [path]).map(readOne);
    },
  };
}

function readOne(file: string): { file: string; text: string } {
  let fd: number | undefined;
  try {
    // A fifo that nobody writes to is not waited for, and what has no end is not read.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = regular(fstatSync(fd));
    if (size > inputLimit) throw new VimageError('E2BIG', `its ${size} bytes are more than ${inputLimit}`);
    return { file, text: readFileSync(fd, 'utf8') };
  } catch (cause) {
    throw new VimageError(codeOf(cause) ?? 'EIO', cause instanceof Error ? cause.message : String(cause), { subject: file, cause });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function regular(stat: Stats): Stats {
  if (stat.isFile()) return stat;
  throw new VimageError(stat.isDirectory() ? 'EISDIR' : 'EINVAL', stat.isDirectory() ? 'it is a directory' : 'it is not a file');
}
