import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { codeOf, VimageError } from '@vimage/core';
import { glob, hasMagic } from './glob.ts';
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
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new VimageError(codeOf(cause) ?? 'EIO', cause instanceof Error ? cause.message : String(cause), { subject: file, cause });
  }
}
