import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Stream = NodeJS.WriteStream | { readonly isTTY?: boolean };

/** Whether a stream takes colour: a terminal, and nobody asked for none. */
export function colourful(stream: Stream): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

/** Whether characters beyond ASCII can be shown: unless the locale is another one. */
export function inUtf8(): boolean {
  const locale = [process.env['LC_ALL'], process.env['LC_CTYPE'], process.env['LANG']].find((each) => each !== undefined && each !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}

/** A painter for one stream: plain text where the stream takes no colour. */
export function painter(stream: Stream): (style: Style, text: string) => string {
  if (!colourful(stream)) return (_style, text) => text;
  return (style, text) => styleText(style, text, { validateStream: false });
}
