import { VimageError } from '@vimage/core';
import type { ConfPlace } from './types.ts';

/** A text of the file in quotes, clipped and printable. */
export function shown(text: string): string {
  const clipped = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return `"${clipped.replace(/[\p{Cc}\p{Surrogate}]/gu, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`)}"`;
}

/** An EINVAL that begins with FILE:LINE:COLUMN, as a jail.conf may be several files. */
export function confError(message: string, place: ConfPlace, hint?: string, subject?: string): VimageError {
  return coded('EINVAL', message, place, hint, subject);
}

/** {@link confError} with another code: E2BIG or ELOOP, for what is bounded. */
export function coded(code: 'EINVAL' | 'E2BIG' | 'ELOOP', message: string, place: ConfPlace, hint?: string, subject?: string): VimageError {
  const { file, line, column } = place;
  return new VimageError(code, `${file}:${line}:${column}: ${message}`, { place, ...(hint === undefined ? {} : { hint }), ...(subject === undefined ? {} : { subject }) });
}
