import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Stream = NodeJS.WriteStream | { readonly isTTY?: boolean };

/** Whether a stream takes colour: a terminal, and nobody asked for none; or FORCE_COLOR, as Node itself has it (0 and false: none). NO_COLOR holds before it. */
export function colourful(stream: Stream): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

/** Columns that a line may take: as COLUMNS says, else the terminal's; undefined where nothing says so, as in a pipe. */
export function columnsOf(stream: { readonly columns?: number }): number | undefined {
  const told = process.env['COLUMNS'];
  if (told !== undefined && /^[1-9]\d{0,4}$/.test(told)) return Number(told);
  return stream.columns === undefined || stream.columns === 0 ? undefined : stream.columns;
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
