import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Stream = NodeJS.WriteStream | { readonly isTTY?: boolean };

/** Whether a stream takes colour: a terminal, and nobody asked for none. */
export function colourful(stream: Stream): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

/** A painter for one stream: plain text where the stream takes no colour. */
export function painter(stream: Stream): (style: Style, text: string) => string {
  if (!colourful(stream)) return (_style, text) => text;
  return (style, text) => styleText(style, text, { validateStream: false });
}
