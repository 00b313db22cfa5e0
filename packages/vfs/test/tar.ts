/** An entry of a made-up archive. */
export interface Entry {
  readonly name: string;
  /** Letter of ustar; `0`, a file, unless given. */
  readonly type?: string;
  readonly target?: string;
  readonly content?: string;
  readonly mode?: number;
}

/** An archive that a program might write, and some that none would. */
export function tar(...entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, type = '0', target = '', content = '', mode = 0o644 }) => {
    const header = Buffer.alloc(512);
    const body = Buffer.from(content);
    const octal = (value: number, at: number, width: number): void => { header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at); };
    header.write(name, 0);
    octal(mode, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(body.length, 124, 12);
    octal(1_000_000_000, 136, 12);
    header.write(type, 156);
    header.write(target, 157);
    header.write('ustar\0' + '00', 257);
    header.write('        ', 148);
    octal(header.reduce((sum, byte) => sum + byte, 0), 148, 8);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
