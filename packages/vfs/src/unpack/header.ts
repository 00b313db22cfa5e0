import { VimageError } from '@vimage/core';

/** What an archive has, as pax(1) and ustar have it. */
export interface TarEntry {
  /** `other`: a device, a pipe, or what is not known. */
  readonly type: 'file' | 'dir' | 'symlink' | 'hardlink' | 'other';
  readonly name: string;
  /** Of a link: where it leads. */
  readonly target: string;
  /** Permission bits, with set-user-ID and the like. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly mtime: number;
  /** Bytes of content that follow. */
  readonly size: number;
}

/** EBADMSG: what cannot be read as an archive. */
export function badTar(why: string): VimageError {
  return new VimageError('EBADMSG', `it is no whole tar archive: ${why}`, { hint: 'make it anew: tar -C ROOT -cf FILE .' });
}

const types: Readonly<Record<string, TarEntry['type']>> = { '0': 'file', '\0': 'file', '7': 'file', '1': 'hardlink', '2': 'symlink', '5': 'dir' };

/** The letter that says what a header of 512 bytes is of. EBADMSG: its sum is wrong. */
export function letterOf(header: Buffer): string {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (sum !== tarNumber(header.subarray(148, 156))) throw badTar('a header whose sum is wrong');
  return String.fromCharCode(header[156] ?? 0);
}

/** Size of what follows a header. */
export function sizeOf(header: Buffer): number {
  return tarNumber(header.subarray(124, 136));
}

/** An entry as a header, and the pax headers before it, say. EBADMSG, EOPNOTSUPP. */
export function entryOf(header: Buffer, letter: string, pax: ReadonlyMap<string, string>): TarEntry {
  if (letter === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse'))) {
    throw new VimageError('EOPNOTSUPP', 'the archive has sparse files', { hint: 'make it without the --sparse of tar' });
  }
  const text = (from: number, to: number): string => cString(header.subarray(from, to));
  const prefix = text(257, 262) === 'ustar' && header[262] === 0 ? text(345, 500) : '';
  const number = (key: string, from: number, to: number): number => {
    const value = pax.get(key);
    if (value === undefined) return tarNumber(header.subarray(from, to));
    if (!/^\d{1,15}(\.\d+)?$/.test(value)) throw badTar(`${key} is no number`);
    return Math.floor(Number(value));
  };
  const name = pax.get('path') ?? (prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`);
  const known = types[letter] ?? 'other';
  const type = known === 'file' && name.endsWith('/') ? 'dir' : known;
  return {
    type,
    name,
    target: pax.get('linkpath') ?? text(157, 257),
    mode: tarNumber(header.subarray(100, 108)) & 0o7777,
    uid: number('uid', 108, 116),
    gid: number('gid', 116, 124),
    mtime: pax.get('mtime')?.startsWith('-') === true ? 0 : number('mtime', 136, 148),
    size: type === 'file' || type === 'other' ? number('size', 124, 136) : 0,
  };
}

export function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Octal, or base 256 as GNU tar writes large numbers. */
function tarNumber(field: Buffer): number {
  const [first = 0] = field;
  if ((first & 0x80) !== 0) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f);
    if (!Number.isSafeInteger(value)) throw badTar('a number that is too large');
    return value;
  }
  const text = cString(field).trim();
  if (!/^[0-7]*$/.test(text)) throw badTar('a number that is none');
  return text === '' ? 0 : parseInt(text, 8);
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`. */
export function paxOf(bytes: Buffer): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.indexOf(32, at);
    const length = Number(bytes.toString('latin1', at, Math.max(at, space)));
    const end = at + length;
    const equals = bytes.indexOf(61, space);
    if (space < 0 || !Number.isInteger(length) || end > bytes.length || equals < 0 || equals >= end || bytes[end - 1] !== 10) throw badTar('a damaged pax header');
    values.set(bytes.toString('utf8', space + 1, equals), bytes.toString('utf8', equals + 1, end - 1));
    at = end;
  }
  return values;
}
