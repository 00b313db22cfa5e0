import { VimageError, type Place } from '../errors.ts';
import type { FileImage } from './ast.ts';

/** Characters of a source line that are shown around the caret. */
const width = 100;

/** `file:line:column`, or `pair 3`, or '' where nothing is known. */
export function placeText({ file, line, column, pair }: Place): string {
  if (line !== undefined) return `${file ?? 'input'}:${line}:${column ?? 1}`;
  if (pair !== undefined) return `pair ${pair + 1}`;
  return file ?? '';
}

/**
 * An error for the terminal: `file:line:column: message`, the source line with a caret under the place, and the hint.
 * `source` is the text of the file that the place names; without a line in the place, only message and hint.
 */
export function renderError(source: string, error: VimageError): string {
  const place = error.place ?? {};
  const where = placeText(place);
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`];
  const head = where === '' || place.line === undefined ? error.message : `${where}: ${error.message}`;
  const line = place.line === undefined ? undefined : lineOf(source, place.line);
  if (line === undefined) return [head, ...hint].join('\n');
  const column = Math.min(Math.max(place.column ?? 1, 1) - 1, line.length);
  const start = Math.max(0, column - width / 2);
  const shown = clean(line.slice(start, start + width));
  const before = [...clean(line.slice(start, column))].map((char) => (char === '\t' ? '\t' : ' ')).join('');
  const gutter = String(place.line);
  return [head, `${gutter} | ${shown}`, `${' '.repeat(gutter.length)} | ${before}^`, ...hint].join('\n');
}

function clean(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, '?');
}

function lineOf(source: string, line: number): string | undefined {
  let start = 0;
  for (let i = 1; i < line; i++) {
    const feed = source.indexOf('\n', start);
    if (feed < 0) return undefined;
    start = feed + 1;
  }
  const end = source.indexOf('\n', start);
  const text = source.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
  return start === 0 ? text.replace(/^\ufeff/, '') : text;
}

/**
 * An error about pairs, told of the file they came from. `lead` is how many pairs (`name`, `parent`) were put before the
 * image's own; an error about those is told of the image.
 */
export function fileError(error: VimageError, image: FileImage, lead: number): VimageError {
  const pair = error.place?.pair;
  const place = pair === undefined ? image.place : image.places[pair - lead] ?? image.place;
  return new VimageError(error.code, error.message.replace(/ \(pair \d+\)$/, ''), {
    place,
    cause: error,
    ...(error.subject === undefined ? {} : { subject: error.subject }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
