import { NLA_TYPE_MASK } from '../abi/netlink.ts';
import { malformed } from '../error.ts';
import { align4 } from './endian.ts';
import { Reader } from './reader.ts';

/** An attribute kept as it came, to be written back unchanged. `type` holds the nested flag too. */
export interface RawAttribute {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/**
 * The attributes in some bytes, by type; of several of one type the last counts, `all` gives every one. Unknown types are
 * kept. A length that does not fit is `EBADMSG`, as is a value shorter than the number asked of it.
 */
export class Attrs {
  readonly list: readonly RawAttribute[];
  readonly #byType = new Map<number, Uint8Array>();

  private constructor(list: readonly RawAttribute[]) {
    this.list = list;
    for (const { type, bytes } of list) this.#byType.set(type & NLA_TYPE_MASK, bytes);
  }

  /** Reads the attributes from `start` to the end of `bytes`. */
  static read(bytes: Uint8Array, start = 0): Attrs {
    const reader = new Reader(bytes);
    const list: RawAttribute[] = [];
    for (let at = start; reader.length - at >= 4; ) {
      const length = reader.u16(at);
      if (length < 4 || at + length > reader.length) throw malformed(`attribute at ${at} has length ${length} of ${reader.length - at} left`);
      list.push({ type: reader.u16(at + 2), bytes: bytes.subarray(at + 4, at + length) });
      at += align4(length);
    }
    return new Attrs(list);
  }

  has(type: number): boolean {
    return this.#byType.has(type);
  }

  reader(type: number): Reader | undefined {
    const bytes = this.#byType.get(type);
    return bytes === undefined ? undefined : new Reader(bytes);
  }

  /** The payload, as a view of the datagram. */
  bytes(type: number): Uint8Array | undefined {
    return this.#byType.get(type);
  }

  u8(type: number): number | undefined {
    return this.reader(type)?.u8(0);
  }

  u16(type: number): number | undefined {
    return this.reader(type)?.u16(0);
  }

  be16(type: number): number | undefined {
    return this.reader(type)?.be16(0);
  }

  u32(type: number): number | undefined {
    return this.reader(type)?.u32(0);
  }

  i32(type: number): number | undefined {
    return this.reader(type)?.i32(0);
  }

  u64(type: number): number | undefined {
    return this.reader(type)?.u64(0);
  }

  string(type: number): string | undefined {
    const found = this.reader(type);
    return found?.text(0, found.length);
  }

  /** The attributes inside an attribute; none when it is absent. */
  nested(type: number): Attrs {
    const found = this.#byType.get(type);
    return found === undefined ? new Attrs([]) : Attrs.read(found);
  }

  /** Every attribute of one type, in order. */
  all(type: number): Reader[] {
    return this.list.filter((a) => (a.type & NLA_TYPE_MASK) === type).map((a) => new Reader(a.bytes));
  }
}
