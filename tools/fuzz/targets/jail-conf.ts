import { VimageError } from '@vimage/core';
import { readJailConf } from '../../../packages/jail/src/conf/read.ts';

export const words: readonly string[] = [
  'web', 'web.db', '*', 'web.*', ' {', '}', ';', ',', ' = ', ' += ', '$name', '${host.hostname}', '$x = ', '${x}', '"', '\'', '\\n', '\\x41', '\\101', '\\\n', '# ', '// ', '/* ', ' */',
  '.include "a";', '.include "self";', '.include "none";', 'allow.nomount', 'allow.mount', 'persist;', 'name', 'jid', '7 {', 'path', 'exec.start += ', 'true', 'false', '$x = $x, $x;',
];

const files = new Map([['a', 'a { $y = 1; p = $y; }\n'], ['self', 'vnet;\n.include "self";']]);

/** Throws what is no VimageError, and where an error has no place in its text. */
export function run(text: string): void {
  try {
    readJailConf(text, {
      file: 'jail.conf',
      read: (pattern) => {
        const found = files.get(pattern);
        if (found === undefined) throw new VimageError('ENOENT', 'no such file');
        return [{ file: pattern, text: found }];
      },
    });
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    const { file, line = 0, column = 0 } = error.place ?? {};
    const lines = (file === 'jail.conf' ? text : files.get(file ?? '') ?? '').split('\n');
    const length = lines[line - 1]?.length;
    if (length === undefined || column < 1 || column > length + 1) throw new Error(`no such place: ${error.message}`, { cause: error });
  }
}
