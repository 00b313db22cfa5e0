import { NLA_F_NESTED } from '../abi/netlink.ts';
import { invalid } from '../error.ts';
import { align4, LITTLE_ENDIAN } from './endian.ts';

const ATTR_MAX = 65535;
const utf8 = new TextEncoder();

/** Appends fixed fields and attributes to a growing buffer. Sizes and ranges are checked: `EINVAL`. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written so far, as a copy of exactly that length. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#take(1, value, 0, 0xff);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#take(2, value, 0, 0xffff);
    this.#view.setUint16(at, value, LITTLE_ENDIAN);
    return this;
  }

  u32(value: number): this {
    const at = this.#take(4, value, 0, 0xffffffff);
    this.#view.setUint32(at, value, LITTLE_ENDIAN);
    return this;
  }

  i32(value: number): this {
    const at = this.#take(4, value, -0x80000000, 0x7fffffff);
    this.#view.setInt32(at, value, LITTLE_ENDIAN);
    return this;
  }

  /** A non-negative safe integer as 64 bits. */
  u64(value: number): this {
    const at = this.#take(8, value, 0, Number.MAX_SAFE_INTEGER);
    this.#view.setBigUint64(at, BigInt(value), LITTLE_ENDIAN);
    return this;
  }

  /** 64 bits of any value. */
  cookie(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, LITTLE_ENDIAN);
    return this;
  }

  /** 16 bits in network byte order. */
  be16(value: number): this {
    const at = this.#take(2, value, 0, 0xffff);
    this.#view.setUint16(at, value, false);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  zero(count: number): this {
    this.#grow(count);
    return this;
  }

  /** An attribute whose payload `fill` writes; no nested flag. */
  attr(type: number, fill: (writer: this) => void): this {
    const start = this.#grow(4);
    fill(this);
    const length = this.#length - start;
    if (length > ATTR_MAX) throw invalid(`attribute ${type & ~NLA_F_NESTED}`, `is ${length} bytes long, at most ${ATTR_MAX} fit`);
    this.#view.setUint16(start, length, LITTLE_ENDIAN);
    this.#view.setUint16(start + 2, type, LITTLE_ENDIAN);
    this.#grow(align4(length) - length);
    return this;
  }

  /** An attribute made of attributes. */
  nest(type: number, fill: (writer: this) => void): this {
    return this.attr(type | NLA_F_NESTED, fill);
  }

  attrU8(type: number, value: number): this {
    return this.attr(type, (w) => w.u8(value));
  }

  attrU16(type: number, value: number): this {
    return this.attr(type, (w) => w.u16(value));
  }

  attrU32(type: number, value: number): this {
    return this.attr(type, (w) => w.u32(value));
  }

  attrI32(type: number, value: number): this {
    return this.attr(type, (w) => w.i32(value));
  }

  attrU64(type: number, value: number): this {
    return this.attr(type, (w) => w.u64(value));
  }

  attrBytes(type: number, value: Uint8Array): this {
    return this.attr(type, (w) => w.bytes(value));
  }

  attrFlag(type: number): this {
    return this.attr(type, () => undefined);
  }

  /** Text as UTF-8 with its terminating NUL. */
  attrString(type: number, value: string): this {
    if (value.includes('\0')) throw invalid(`attribute ${type}`, 'text holds a NUL byte');
    return this.attr(type, (w) => w.bytes(utf8.encode(value)).zero(1));
  }

  #take(size: number, value: number, min: number, max: number): number {
    if (!Number.isInteger(value) || value < min || value > max) {
      throw invalid('number', `${value} is not an integer between ${min} and ${max}`);
    }
    return this.#grow(size);
  }

  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      bigger.set(this.#bytes);
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    return at;
  }
}
