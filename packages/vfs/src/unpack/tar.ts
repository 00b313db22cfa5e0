import { badTar, cString, entryOf, letterOf, paxOf, sizeOf, type TarEntry } from './header.ts';

/** Takes the entries of an archive, one after the other, each with its content before the next. */
export interface TarSink {
  entry(entry: TarEntry): void;
  data(bytes: Buffer): void;
  end(): void;
}

const block = 512;
const headerMost = 1 << 20;

/** Reads a tar archive (ustar, pax, and the long names of GNU tar) in bounded memory. EBADMSG, EOPNOTSUPP. */
export async function readTar(source: AsyncIterable<Buffer>, sink: TarSink): Promise<void> {
  const reader = new Reader(sink);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = rest.subarray(reader.take(rest));
  }
  reader.finish(rest.length);
}

class Reader {
  readonly #sink: TarSink;
  /** Bytes of content, and then of padding, that are still to come. */
  #left = 0;
  #padding = 0;
  /** A header that says more of the next entry. */
  #special: { readonly letter: string; readonly parts: Buffer[] } | undefined;
  #open = false;
  #next = new Map<string, string>();
  #all = new Map<string, string>();
  #zeros = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** How much of the bytes it took. */
  take(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      if (this.#zeros >= 2) return bytes.length;
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left);
        if (part.length === 0) return at;
        at += part.length;
        this.#left -= part.length;
        if (this.#special === undefined) this.#sink.data(part);
        else this.#special.parts.push(Buffer.from(part));
        if (this.#left > 0) return at;
        this.#end();
      }
      const skipped = Math.min(this.#padding, bytes.length - at);
      at += skipped;
      this.#padding -= skipped;
      if (this.#padding > 0 || bytes.length - at < block) return at;
      this.#header(bytes.subarray(at, at + block));
      at += block;
    }
  }

  /** EBADMSG: more was to come. */
  finish(rest: number): void {
    if (this.#left > 0 || this.#open || this.#special !== undefined || rest > 0) throw badTar('it ends in the middle');
    if (this.#zeros === 0) throw badTar('its end is missing');
  }

  #header(header: Buffer): void {
    if (header.every((byte) => byte === 0)) {
      this.#zeros++;
      return;
    }
    this.#zeros = 0;
    const letter = letterOf(header);
    if (['x', 'g', 'L', 'K'].includes(letter)) {
      this.#left = sizeOf(header);
      if (this.#left > headerMost) throw badTar('a header of more than 1 MiB');
      this.#special = { letter, parts: [] };
    } else {
      const entry = entryOf(header, letter, new Map([...this.#all, ...this.#next]));
      this.#next = new Map();
      this.#left = entry.size;
      this.#sink.entry(entry);
      this.#open = true;
    }
    this.#padding = (block - (this.#left % block)) % block;
    if (this.#left === 0) this.#end();
  }

  #end(): void {
    const special = this.#special;
    this.#special = undefined;
    if (special === undefined) {
      if (this.#open) this.#sink.end();
      this.#open = false;
      return;
    }
    const bytes = Buffer.concat(special.parts);
    if (special.letter === 'g') this.#all = new Map([...this.#all, ...paxOf(bytes)]);
    else if (special.letter === 'x') this.#next = new Map([...this.#next, ...paxOf(bytes)]);
    else this.#next.set(special.letter === 'L' ? 'path' : 'linkpath', cString(bytes));
  }
}
