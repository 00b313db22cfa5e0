import type { Arch } from './arch.ts';
import { give, load, offset, op, split, test, type Instruction } from './bpf.ts';
import type { Errno, Policy, Rule, Test, Verdict } from './policy.ts';

/** Actions (linux/seccomp.h) and what refused calls return (asm-generic/errno-base.h, errno.h). */
export const allow = 0x7fff0000;
const refuse: Readonly<Record<Errno, number>> = { EPERM: 0x00050001, ENOSYS: 0x00050026 };

/** From `from` on (to where the next begins), this is done. */
interface Range {
  readonly from: number;
  readonly code: readonly Instruction[];
}

/**
 * Compiles a policy. Calls by another ABI (i386 on x64, 32-bit ARM on arm64) and unknown numbers, among them those of x32, return ENOSYS,
 * as in a kernel without them. The number is found by bisection; the kernel itself remembers those that are permitted whatever their arguments.
 */
export function compile(policy: Policy, arch: Arch): readonly Instruction[] {
  return [
    load(offset.arch),
    test(op.equal, arch.audit, 1, 0),
    give(refuse.ENOSYS),
    load(offset.nr),
    ...bisect(ranges(policy, arch)),
  ];
}

function ranges(policy: Policy, arch: Arch): readonly Range[] {
  const unknown = [give(refuse.ENOSYS)];
  const refused: Verdict = { permit: [], otherwise: 'EPERM' };
  const known = new Map(Object.entries(arch.numbers).map(([name, nr]) => [nr, verdictCode(policy.get(name) ?? refused)]));
  const end = Math.max(...known.keys()) + 1;
  const found: Range[] = [];
  for (let nr = 0; nr <= end; nr++) {
    const code = known.get(nr) ?? unknown;
    const last = found.at(-1);
    if (last === undefined || !same(last.code, code)) found.push({ from: nr, code });
  }
  return found;
}

function same(a: readonly Instruction[], b: readonly Instruction[]): boolean {
  return a.length === b.length && a.every((one, i) => one.code === b[i]?.code && one.k === b[i]?.k && one.jt === b[i]?.jt && one.jf === b[i]?.jf);
}

function bisect(all: readonly Range[]): readonly Instruction[] {
  const middle = all.length >> 1;
  const at = all[middle];
  if (at === undefined || middle === 0) return all[0]?.code ?? [];
  return split(at.from, bisect(all.slice(0, middle)), bisect(all.slice(middle)));
}

function verdictCode({ permit, otherwise }: Verdict): readonly Instruction[] {
  if (permit.some((tests) => tests.length === 0)) return [give(allow)];
  return [...permit.flatMap(alternative), give(refuse[otherwise])];
}

/** Ends where all tests hold, and goes on behind its end otherwise. */
function alternative(tests: Rule[number]): readonly Instruction[] {
  return tests.flatMap((one, i) => [load(offset.low(one.arg)), branch(one, 2 * (tests.length - i - 1) + 1)]).concat(give(allow));
}

function branch({ is, value }: Test, out: number): Instruction {
  if (is === 'equal') return test(op.equal, value, 0, out);
  return is === 'differ' ? test(op.equal, value, out, 0) : test(op.anySet, value, out, 0);
}
