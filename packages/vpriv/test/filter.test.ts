import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { archHere, arm64, x64, type Arch } from '../src/arch.ts';
import { encodeProgram, op, split, give } from '../src/bpf.ts';
import { baseGroups } from '../src/data/groups.ts';
import { switchTable, switches, type Switch } from '../src/data/switches.ts';
import { allow, compile } from '../src/filter.ts';
import { policyOf, type Policy } from '../src/policy.ts';
import { interpret, type Call } from './machine.ts';

const eperm = 0x00050001;
const enosys = 0x00050026;
const archs = [x64, arm64];
const defaults = new Set(switches.filter((key) => switchTable[key].on));
const none: readonly bigint[] = [0n, 0n, 0n, 0n, 0n, 0n];

/** What the policy says, word for word. */
function model(policy: Policy, arch: Arch, { nr, arch: abi, args }: Call): number {
  const name = Object.keys(arch.numbers).find((each) => arch.numbers[each] === nr);
  if (abi !== arch.audit || name === undefined) return enosys;
  const verdict = policy.get(name);
  if (verdict === undefined) return eperm;
  const permitted = verdict.permit.some((tests) => tests.every(({ arg, is, value }) => {
    const low = (args[arg] ?? 0n) & 0xffffffffn;
    return is === 'clear' ? (low & BigInt(value)) === 0n : (low === BigInt(value)) === (is === 'equal');
  }));
  if (permitted) return allow;
  return verdict.otherwise === 'EPERM' ? eperm : enosys;
}

const anySwitches = fc.subarray([...switches]).map((some) => new Set<Switch>(some));
const anyArch = fc.constantFrom(...archs);
/** Values that rules ask for, alone, with other bits, and with something in the upper half. */
const special = [0x5412, 0x541c, 0x10000000, 0x20000, 0x6e020000, 0x80, 0x11, 0, 1, 2, 10, 16, 17, 38, 40, 8, 0x40000, 0xffffffff, 0x3d0f00];
const anyArg = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.tuple(fc.constantFrom(...special), fc.constantFrom(0n, 1n, 0xffffffffn)).map(([low, high]) => (high << 32n) | BigInt(low)));
const anyArgs = fc.array(anyArg, { minLength: 6, maxLength: 6 });
const looked = ['clone', 'clone3', 'unshare', 'setns', 'personality', 'ioctl', 'socket', 'socketpair'];

function anyCall(arch: Arch): fc.Arbitrary<Call> {
  const nr = fc.oneof(
    fc.constantFrom(...looked.map((name) => arch.numbers[name] ?? 0)), fc.nat(600), fc.nat(600).map((n) => n + 0x40000000), fc.nat(0xffffffff),
  );
  return fc.record({ nr, arch: fc.oneof({ weight: 9, arbitrary: fc.constant(arch.audit) }, { weight: 1, arbitrary: fc.constantFrom(x64.audit, arm64.audit, 0x40000003, 0x40000028, 0) }), args: anyArgs });
}

describe('a compiled filter', () => {
  test('gives what the policy says, for any switches, machine and call', () => {
    fc.assert(fc.property(anySwitches, anyArch, fc.gen(), (on, arch, gen) => {
      const policy = policyOf(on);
      const program = compile(policy, arch);
      for (let i = 0; i < 40; i++) {
        const call = gen(() => anyCall(arch));
        expect(interpret(program, call)).toBe(model(policy, arch, call));
      }
    }), { numRuns: 100 });
  });

  test.each(archs)('gives that for every number of $name', (arch) => {
    for (const on of [defaults, new Set<Switch>(), new Set(switches)]) {
      const policy = policyOf(on);
      const program = compile(policy, arch);
      for (let nr = 0; nr < 600; nr++) {
        const call = { nr, arch: arch.audit, args: none };
        expect([nr, interpret(program, call)]).toEqual([nr, model(policy, arch, call)]);
      }
    }
  });

  test('is what the kernel takes: short, jumps forward and within, words aligned', () => {
    fc.assert(fc.property(anySwitches, anyArch, (on, arch) => {
      const program = compile(policyOf(on), arch);
      expect(program.length).toBeLessThan(1024);
      for (const [pc, { code, jt, jf, k }] of program.entries()) {
        expect(Math.max(jt, jf)).toBeLessThan(256);
        if (code === op.jump) expect(pc + 1 + k).toBeLessThan(program.length);
        else if (code === op.load) expect(k % 4 === 0 && k < 64).toBe(true);
        else if (code !== op.give) expect(pc + 1 + Math.max(jt, jf)).toBeLessThan(program.length);
      }
      expect(program.at(-1)?.code).toBe(op.give);
    }), { numRuns: 50 });
  });

  test('is found the same way where a jump would be too long', () => {
    const long = Array.from({ length: 300 }, (_, i) => give(i));
    const program = [{ code: op.load, jt: 0, jf: 0, k: 0 }, ...split(7, long, [give(1000)])];
    expect([6, 7, 8].map((nr) => interpret(program, { nr, arch: 0, args: none }))).toEqual([0, 1000, 1000]);
  });

  test.each([['x64', x64, 237], ['arm64', arm64, 207]] as const)('has a size that is known, by default, on %s', (_, arch, size) => {
    expect(compile(policyOf(defaults), arch)).toHaveLength(size);
  });

  test('finds a call within few steps', () => {
    const depth = (program: ReturnType<typeof compile>, nr: number): number => {
      let steps = 0;
      interpret(new Proxy(program, { get: (at, key) => { steps += typeof key === 'string' && /^\d+$/.test(key) ? 1 : 0; return Reflect.get(at, key) as unknown; } }), { nr, arch: x64.audit, args: none });
      return steps;
    };
    const program = compile(policyOf(defaults), x64);
    expect(Math.max(...Object.values(x64.numbers).map((nr) => depth(program, nr)))).toBeLessThan(32);
  });

  test('is encoded as struct sock_filter', () => {
    expect(encodeProgram([{ code: 0x15, jt: 1, jf: 2, k: 0xc000003e }, give(0x7fff0000)])).toBe('15000102' + '3e0000c0' + '06000000' + '0000ff7f');
  });
});

describe('the default policy', () => {
  const decide = (arch: Arch, name: string, ...args: readonly bigint[]): number =>
    interpret(compile(policyOf(defaults), arch), { nr: arch.numbers[name] ?? -1, arch: arch.audit, args: [...args, ...none].slice(0, 6) });

  test.each(archs)('looks at the low half of arguments only: $name', (arch) => {
    for (const high of [0n, 1n << 32n, 0xffffffff00000000n]) {
      expect(decide(arch, 'ioctl', 0n, high | 0x5412n)).toBe(eperm);
      expect(decide(arch, 'ioctl', 0n, high | 0x541cn)).toBe(eperm);
      expect(decide(arch, 'ioctl', 0n, high | 0x5413n)).toBe(allow);
      expect(decide(arch, 'clone', high | 0x10000011n)).toBe(eperm);
      expect(decide(arch, 'clone', high | 0x11n)).toBe(allow);
      expect(decide(arch, 'socket', high | 38n)).toBe(eperm);
      expect(decide(arch, 'socket', high | 1n)).toBe(allow);
      // SOCK_RAW and SOCK_PACKET, also with SOCK_CLOEXEC: whoever has a user namespace has the capability.
      for (const [family, type, said] of [[2n, 3n, eperm], [10n, 0x80003n, eperm], [2n, 10n, eperm], [2n, 0x8000an, eperm], [2n, 5n, allow], [2n, 6n, allow], [2n, 1n, allow], [2n, 0x80002n, allow], [10n, 0x801n, allow], [16n, 3n, allow]] as const) {
        expect(decide(arch, 'socket', high | family, high | type)).toBe(said);
      }
    }
  });

  test('refuses what is not of this machine’s own ABI, with x32 as if it were not there', () => {
    const program = compile(policyOf(new Set(switches)), x64);
    expect(interpret(program, { nr: 20, arch: 0x40000003, args: none })).toBe(enosys);
    expect(interpret(program, { nr: 0x40000000 + 39, arch: x64.audit, args: none })).toBe(enosys);
    expect(interpret(program, { nr: 520, arch: x64.audit, args: none })).toBe(enosys);
    expect(interpret(program, { nr: 39, arch: x64.audit, args: none })).toBe(allow);
  });

  test.each(archs)('has libc fall back from clone3 to clone, whose flags can be seen: $name', (arch) => {
    expect(decide(arch, 'clone3')).toBe(enosys);
  });
});

describe('the data', () => {
  const inUse = [...baseGroups.map(({ calls }) => calls), ...Object.values(switchTable).map(({ calls = '' }) => calls)].flatMap((calls) => calls.split(' ')).filter((name) => name !== '');

  test('names calls that there are, those of everyone once', () => {
    expect(inUse.filter((name) => !(name in x64.numbers) && !(name in arm64.numbers))).toEqual([]);
    const base = baseGroups.flatMap(({ calls }) => calls.split(' '));
    expect(base.filter((name, i) => base.indexOf(name) !== i)).toEqual([]);
    const switched = new Set(Object.values(switchTable).flatMap(({ calls = '' }) => calls.split(' ')));
    expect(base.filter((name) => switched.has(name) || looked.includes(name))).toEqual([]);
  });

  test('names every call of the kernel, or leaves it out on purpose', () => {
    const gone = '_sysctl afs_syscall create_module epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg lookup_dcookie nfsservctl putpmsg query_module security tuxcall uselib vserver';
    const machine = 'iopl ioperm modify_ldt swapon swapoff lsm_set_self_attr';
    const known = new Set([...inUse, ...looked, ...gone.split(' '), ...machine.split(' ')]);
    expect([...new Set(archs.flatMap(({ numbers }) => Object.keys(numbers)))].filter((name) => !known.has(name))).toEqual([]);
    for (const name of [...gone.split(' '), ...machine.split(' ')]) expect(policyOf(new Set(switches)).has(name)).toBe(false);
  });

  test('each switch only opens: what it permits, nothing takes away', () => {
    fc.assert(fc.property(anySwitches, fc.constantFrom(...switches), anyArch, fc.gen(), (on, more, arch, gen) => {
      const few = compile(policyOf(on), arch);
      const many = compile(policyOf(new Set([...on, more])), arch);
      for (let i = 0; i < 40; i++) {
        const call = gen(() => anyCall(arch));
        if (interpret(few, call) === allow) expect(interpret(many, call)).toBe(allow);
      }
    }), { numRuns: 60 });
  });

  test('a machine whose numbers are not known is refused', () => {
    expect(() => archHere('riscv64')).toThrow(expect.objectContaining({ code: 'EOPNOTSUPP' }));
  });
});
