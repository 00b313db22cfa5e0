import { existsSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { VimageError, decodePairs, encodePairs } from '@vimage/core';
import type { Pairs } from '@vimage/core';
import { append, readOwn, replace, unlink } from '../sys/file.ts';

/** One note of what has to be given back. */
export interface Note {
  readonly component: string;
  /** Which stage wrote it; of a stage that was never published, it is owed at once. */
  readonly edit: bigint;
  readonly entry: Pairs;
}

/** A record: u32 length, u32 crc32 of what follows, pairs. */
const header = 8;

function record(note: Note): Buffer {
  const body = encodePairs([['component', note.component], ['edit', String(note.edit)], ...note.entry]);
  const bytes = Buffer.alloc(header + body.length);
  bytes.writeUInt32LE(body.length, 0);
  bytes.writeUInt32LE(crc32(body), 4);
  bytes.set(body, header);
  return bytes;
}

/** Adds a note; on return it is written whole. */
export function writeNote(path: string, note: Note): void {
  append(path, record(note));
}

/** Replaces all notes; no notes, no file. */
export function writeNotes(path: string, notes: readonly Note[]): void {
  if (notes.length === 0) unlink(path);
  else replace(path, Buffer.concat(notes.map(record)));
}

/**
 * The notes, oldest first. A torn last record is none: what it would have noted was never begun. EBADMSG: damage before the end.
 */
export function readNotes(path: string): readonly Note[] {
  return existsSync(path) ? parseNotes(readOwn(path, 16 << 20), path) : [];
}

/** See {@link readNotes}. */
export function parseNotes(bytes: Buffer, path: string): readonly Note[] {
  const notes: Note[] = [];
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at - header;
    if (left < 0) return notes;
    const length = bytes.readUInt32LE(at);
    if (length > left) return notes;
    const body = bytes.subarray(at + header, at + header + length);
    if (crc32(body) !== bytes.readUInt32LE(at + 4)) {
      if (length === left) return notes;
      throw new VimageError('EBADMSG', `${path}: damaged at byte ${at}`, { subject: path, hint: 'it says what the image took: give that back by hand, then remove the file' });
    }
    notes.push(parse(body, path));
    at += header + length;
  }
  return notes;
}

function parse(body: Uint8Array, path: string): Note {
  const [component, edit, ...entry] = decodePairs(body);
  if (component?.[0] !== 'component' || edit?.[0] !== 'edit' || !/^\d+$/.test(edit[1])) {
    throw new VimageError('EBADMSG', `${path}: a record without component and edit`, { subject: path, hint: 'was it written by another version of vimage?' });
  }
  return { component: component[1], edit: BigInt(edit[1]), entry };
}
