import { stripVTControlCharacters } from 'node:util';

/** Text that others wrote (a process's command line, an interface's name), safe on a terminal: control bytes are shown, not obeyed. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Columns that text takes on a terminal, colour codes not counted. */
export function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** `text` as one word of a POSIX shell (and of xargs). */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `1 image`, `2 images`. */
export function count(n: number, noun: string): string {
  const plural = /(?:s|sh|ch|x)$/.test(noun) ? `${noun}es` : `${noun}s`;
  return `${n} ${n === 1 ? noun : plural}`;
}

/** Breaks text at spaces into lines of at most `columns`. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
