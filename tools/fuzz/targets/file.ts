import { VimageError } from '../../../packages/core/src/errors.ts';
import { evaluateFile } from '../../../packages/core/src/file/evaluate.ts';
import { parseText } from '../../../packages/core/src/file/parse.ts';
import { printFile } from '../../../packages/core/src/file/print.ts';
import { renderError } from '../../../packages/core/src/file/render.ts';
import type { FileImage, PlainImage } from '../../../packages/core/src/file/ast.ts';

export const words: readonly string[] = [
  'image web {', 'image ', 'vir net {', 'vir ', '}', ';', 'include "a";', 'include "self";', 'include ', '$x = ', '${x}', '"', '\'', '\\n', '\\u{41}', '\\u{110000}', '# ', '// ', '/* ', ' */',
  'addr "eth0=10.0.0.2/24";', 'key value;', 'name', 'parent', 'children.max 3;', 'persist true;', 'share web;',
];

const files = new Map([['a', 'k ${x};'], ['self', 'include "self";'], ['../a', 'image up { }']]);
const plain = ({ name, pairs, children }: FileImage | PlainImage): PlainImage => ({ name, pairs, children: children.map(plain) });

function parse(text: string): readonly FileImage[] {
  const steps = evaluateFile(text, 'a.rc');
  let step = steps.next();
  while (step.done !== true) step = steps.next(files.get(step.value.path) ?? '');
  return step.value;
}

/** Throws what is no VimageError, where an error cannot be shown, and where what is printed is not read as the same. */
export function run(text: string): void {
  let images: readonly FileImage[];
  try {
    images = parse(text);
  } catch (error) {
    if (!(error instanceof VimageError)) throw error;
    if ((error.place?.line ?? 0) < 1 || (error.place?.column ?? 0) < 1) throw new Error(`no place: ${error.message}`, { cause: error });
    renderError(text, error);
    return;
  }
  const again = parseText(printFile(images)).map(plain);
  if (JSON.stringify(again) !== JSON.stringify(images.map(plain))) throw new Error('what is printed is not read as the same');
}
