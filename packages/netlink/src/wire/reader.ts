import { malformed } from '../error.ts';
import { LITTLE_ENDIAN } from './endian.ts';

const utf8 = new TextDecoder();

/** Bounds-checked reads at offsets of some bytes. Reading past the end is `EBADMSG`. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    this.need(at, 1);
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    this.need(at, 2);
    return this.#view.getUint16(at, LITTLE_ENDIAN);
  }

  be16(at: number): number {
    this.need(at, 2);
    return this.#view.getUint16(at, false);
  }

  u32(at: number): number {
    this.need(at, 4);
    return this.#view.getUint32(at, LITTLE_ENDIAN);
  }

  i32(at: number): number {
    this.need(at, 4);
    return this.#view.getInt32(at, LITTLE_ENDIAN);
  }

  /** 64 bits as a number; exact up to 2^53. */
  u64(at: number): number {
    this.need(at, 8);
    return Number(this.#view.getBigUint64(at, LITTLE_ENDIAN));
  }

  /** 64 bits as hexadecimal text, for what is compared and never counted. */
  hex64(at: number): string {
    this.need(at, 8);
    return this.#view.getBigUint64(at, LITTLE_ENDIAN).toString(16);
  }

  slice(at: number, length: number): Uint8Array {
    this.need(at, length);
    return this.bytes.subarray(at, at + length);
  }

  /** UTF-8 text up to the first NUL or the end. */
  text(at: number, length: number): string {
    const raw = this.slice(at, length);
    const end = raw.indexOf(0);
    return utf8.decode(end < 0 ? raw : raw.subarray(0, end));
  }

  need(at: number, length: number): void {
    if (at < 0 || at + length > this.bytes.length) {
      throw malformed(`${length} bytes at ${at} reach past the end of ${this.bytes.length}`);
    }
  }
}
