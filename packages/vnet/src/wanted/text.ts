import { VimageError, type Param } from '@vimage/core';
import { vnetParams } from '../params/table.ts';
import type { VnetValues } from './wanted.ts';

const table: Readonly<Record<string, Param>> = vnetParams;

/** Parameter values as text that {@link parseValues} reads: for a note that must outlive this process. */
export function printValues(values: VnetValues): string {
  const texts: Record<string, readonly string[]> = {};
  for (const [key, value] of Object.entries(values)) {
    const param = table[key];
    if (param === undefined || value === undefined) continue;
    const items: readonly unknown[] = param.multi && Array.isArray(value) ? value : [value];
    texts[key] = items.map((item) => param.type.print(item));
  }
  return JSON.stringify(texts);
}

/** EBADMSG. */
export function parseValues(text: string): VnetValues {
  const values: Record<string, unknown> = {};
  try {
    const texts: unknown = JSON.parse(text);
    for (const [key, items] of Object.entries(typeof texts === 'object' && texts !== null ? texts : {})) {
      const param = table[key];
      if (param === undefined || !Array.isArray(items)) throw new Error(key);
      const parsed = items.map((item: unknown) => param.type.parse(String(item)));
      values[key] = param.multi ? parsed : parsed[0];
    }
  } catch (cause) {
    throw new VimageError('EBADMSG', 'the note of an unfinished change cannot be read', { hint: 'set the image again as it should be', cause });
  }
  if (!isValues(values)) throw new VimageError('EBADMSG', 'the note of an unfinished change holds what no parameter takes');
  return values;
}

function isValues(values: object): values is VnetValues {
  return Object.entries(values).every(([key, value]: [string, unknown]) => {
    const param = table[key];
    if (param === undefined) return false;
    return param.multi ? Array.isArray(value) && value.every((item) => param.type.is(item)) : param.type.is(value);
  });
}
