import { VimageError } from '@vimage/core';
import { readJailConf, type ConfJail, type ConfSource } from '../../src/index.ts';

/** A source whose files are in memory; a pattern is the name of one, or a prefix and "*". */
export function source(files: Readonly<Record<string, string>> = {}, file: string = 'jail.conf'): ConfSource {
  return {
    file,
    read: (pattern) => {
      const names = pattern.endsWith('*') ? Object.keys(files).filter((name) => name.startsWith(pattern.slice(0, -1))).sort() : [pattern];
      return names.map((name) => {
        const text = files[name];
        if (text === undefined) throw new VimageError('ENOENT', `no such file: ${name}`, { subject: name });
        return { file: name, text };
      });
    },
  };
}

export const read = (text: string, files?: Readonly<Record<string, string>>): readonly ConfJail[] => readJailConf(text, source(files));

/** Jails and their parameters, without places. */
export function got(text: string, files?: Readonly<Record<string, string>>): Record<string, Record<string, readonly string[]>> {
  return Object.fromEntries(read(text, files).map(({ name, params }) => [name, Object.fromEntries(params.map((param) => [param.name, param.values]))]));
}

export function refused(text: string, files?: Readonly<Record<string, string>>): VimageError {
  try {
    read(text, files);
  } catch (error) {
    if (error instanceof VimageError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
