import { VimageError } from '../errors.ts';

declare const TextEncoder: new () => { encode(text: string): Uint8Array };

const encoder = new TextEncoder();

export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}

export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Whether the text holds a control character (C0, DEL, C1). */
export function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** Whether the text holds half of a surrogate pair, which UTF-8 cannot carry. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** The text in quotes, for an error: control characters spelled out, clipped where it is long. */
export function quote(text: string): string {
  const clipped = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  const shown = clipped.replace(/[\p{Cc}\p{Surrogate}]/gu, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`);
  return `"${shown}"`;
}

/** Refuses what no value may hold. */
export function checkPlain(text: string, expected: string): void {
  if (hasControl(text)) throw new VimageError('EINVAL', `expected ${expected}, not ${quote(text)}, which holds a control byte`);
  if (hasLoneSurrogate(text)) throw new VimageError('EINVAL', `expected ${expected}, not ${quote(text)}, which is not Unicode text`);
}

/** The error of a type: `expected X, not "Y"`. */
export function unexpected(expected: string, text: string, hint?: string): VimageError {
  return new VimageError('EINVAL', `expected ${expected}, not ${quote(text)}`, hint === undefined ? {} : { hint });
}
