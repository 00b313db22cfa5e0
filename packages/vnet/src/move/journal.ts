import { VimageError, type Pairs } from '@vimage/core';
import type { Snapshot } from './snapshot.ts';

/** Text of a snapshot: JSON, with bytes in base64. */
export function printSnapshot(snapshot: Snapshot): string {
  return JSON.stringify(snapshot, (_key, value: unknown) => (value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value));
}

/** Reads it again. EBADMSG. */
export function parseSnapshot(text: string): Snapshot {
  let value: unknown;
  try {
    value = JSON.parse(text, (_key, inner: unknown) => bytesOf(inner) ?? inner);
  } catch (cause) {
    throw damaged(cause);
  }
  if (!isSnapshot(value)) throw damaged();
  return value;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null || !('base64' in value) || typeof value.base64 !== 'string') return undefined;
  return new Uint8Array(Buffer.from(value.base64, 'base64'));
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const has = (key: keyof Snapshot, good: (inner: unknown) => boolean): boolean => good(Object.getOwnPropertyDescriptor(value, key)?.value);
  const isText = (inner: unknown): boolean => typeof inner === 'string';
  const isObject = (inner: unknown): boolean => typeof inner === 'object' && inner !== null;
  return has('name', isText) && has('as', isText) && has('link', isObject) && has('sysctls', isObject)
    && (['addrs', 'routes', 'neighs', 'qdiscs', 'classes'] as const).every((key) => has(key, Array.isArray));
}

function damaged(cause?: unknown): VimageError {
  return new VimageError('EBADMSG', 'the journal of an interface that was moved in cannot be read', {
    hint: 'give the interface back by hand: ip link set NAME netns 1',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The first value of a key, or undefined. */
export function valueOf(pairs: Pairs, key: string): string | undefined {
  return pairs.find(([name]) => name === key)?.[1];
}
