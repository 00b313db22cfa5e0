import { op, type Instruction } from '../src/bpf.ts';

/** What a filter is shown of a system call: struct seccomp_data. */
export interface Call {
  readonly nr: number;
  readonly arch: number;
  /** Six arguments of 64 bits. */
  readonly args: readonly bigint[];
}

/** Runs a filter as the kernel would; throws where the kernel would not take it. */
export function interpret(program: readonly Instruction[], { nr, arch, args }: Call): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, nr, true);
  data.setUint32(4, arch, true);
  for (const [i, arg] of args.entries()) data.setBigUint64(16 + 8 * i, arg, true);
  let a = 0;
  for (let pc = 0; ;) {
    const one = program[pc++];
    if (one === undefined) throw new Error('it runs off its end');
    if (one.code === op.give) return one.k;
    if (one.code === op.load) a = data.getUint32(one.k, true);
    else if (one.code === op.jump) pc += one.k;
    else pc += holds(one, a) ? one.jt : one.jf;
  }
}

function holds({ code, k }: Instruction, a: number): boolean {
  if (code === op.equal) return a === k;
  if (code === op.atLeast) return a >= k;
  if (code === op.anySet) return (a & k) !== 0;
  throw new Error(`no such instruction: ${code}`);
}
