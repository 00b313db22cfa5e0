import { VimageError } from '@vimage/core';

/** The error of a parameter type: `expected X, not "Y"`. */
export function refuse(expected: string, text: string, hint?: string): VimageError {
  return new VimageError('EINVAL', `expected ${expected}, not ${JSON.stringify(text.slice(0, 80))}`, hint === undefined ? {} : { hint });
}

/** Whether a value is an object whose `key` is text. */
export function hasText<K extends string>(value: unknown, key: K): value is Readonly<Record<K, string>> {
  return typeof value === 'object' && value !== null && key in value && typeof Object.entries(value).find(([k]) => k === key)?.[1] === 'string';
}
