/** One instruction of classic BPF: struct sock_filter (linux/filter.h). `k` is unsigned; `jt` and `jf` are below 256. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** The few instructions that a filter is made of (linux/bpf_common.h). All words are of 32 bits. */
export const op = {
  /** A = the word at offset k of struct seccomp_data. */
  load: 0x20,
  /** Go on k instructions further. */
  jump: 0x05,
  equal: 0x15,
  /** A >= k, unsigned. */
  atLeast: 0x35,
  /** A & k is not 0. */
  anySet: 0x45,
  give: 0x06,
} as const;

/** Offsets in struct seccomp_data (linux/seccomp.h). */
export const offset = {
  nr: 0,
  arch: 4,
  /** The low half of an argument, on machines that are little-endian. */
  low: (arg: number): number => 16 + 8 * arg,
} as const;

/** Longest distance of a conditional jump. */
const far = 255;

export function load(k: number): Instruction {
  return { code: op.load, jt: 0, jf: 0, k };
}

export function give(k: number): Instruction {
  return { code: op.give, jt: 0, jf: 0, k: k >>> 0 };
}

export function test(code: number, k: number, jt: number, jf: number): Instruction {
  return { code, jt, jf, k: k >>> 0 };
}

/** `no` where A < k, else `yes`. Both end by themselves: nothing comes after. */
export function split(k: number, no: readonly Instruction[], yes: readonly Instruction[]): readonly Instruction[] {
  const near = no.length <= far;
  const choice = near ? [test(op.atLeast, k, no.length, 0)] : [test(op.atLeast, k, 0, 1), { code: op.jump, jt: 0, jf: 0, k: no.length }];
  return [...choice, ...no, ...yes];
}

/** The program as a plan has it: struct sock_filter in hexadecimal, little-endian. */
export function encodeProgram(program: readonly Instruction[]): string {
  const bytes = new DataView(new ArrayBuffer(8 * program.length));
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    bytes.setUint16(8 * i, code, true);
    bytes.setUint8(8 * i + 2, jt);
    bytes.setUint8(8 * i + 3, jf);
    bytes.setUint32(8 * i + 4, k, true);
  }
  return Array.from(new Uint8Array(bytes.buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
