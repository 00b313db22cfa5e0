import type { Rule, Test } from '../policy.ts';

// Every test below is of the low 32 bits of an argument: what the kernel itself looks at where it takes an int or an unsigned int.

/** Flags of clone(2), unshare(2) and setns(2) that make or enter a namespace (linux/sched.h). CLONE_NEWTIME is part of clone's exit signal. */
const newUser = 0x10000000;
const newOther = 0x6e020000;
const newTime = 0x80;

/** linux/personality.h: PER_LINUX, PER_LINUX32, each also with UNAME26, and the question what it is. */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff] as const;
const addrNoRandomize = 0x40000;

/** asm-generic/ioctls.h */
const tiocsti = 0x5412;
const tioclinux = 0x541c;

/** linux/socket.h */
const families = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;

function clear(arg: number, mask: number): Test {
  return { arg, is: 'clear', value: mask >>> 0 };
}

function oneOf(arg: number, values: readonly number[]): Rule {
  return values.map((value) => [{ arg, is: 'equal', value }]);
}

/** What the flags may not hold, given which namespaces may be made. */
function namespaceFlags(permit: { readonly user: boolean; readonly other: boolean }, time: number): number {
  return (permit.user ? 0 : newUser) | (permit.other ? 0 : newOther | time);
}

/** clone(2): processes and threads; namespaces as permitted. */
export function cloneRule(permit: { readonly user: boolean; readonly other: boolean }): Rule {
  return [[clear(0, namespaceFlags(permit, 0))]];
}

/** unshare(2): what is no namespace (CLONE_FILES, CLONE_FS) always. */
export function unshareRule(permit: { readonly user: boolean; readonly other: boolean }): Rule {
  return [[clear(0, namespaceFlags(permit, newTime))]];
}

/** setns(2) without the right to user namespaces: it must say the type, or it could be one. */
export const setnsRule: Rule = [[{ arg: 1, is: 'differ', value: 0 }, clear(1, newUser)]];

export const personalityRule: Rule = oneOf(0, personalities);
/** Debuggers run what they debug without address randomization. */
export const tracerPersonalityRule: Rule = oneOf(0, [addrNoRandomize, addrNoRandomize | 0x8]);

/** ioctl(2), but for typing into a terminal in another's name. */
export const ioctlRule: Rule = [[{ arg: 1, is: 'differ', value: tiocsti }, { arg: 1, is: 'differ', value: tioclinux }]];

/**
 * Neither SOCK_RAW, which is 3 (no other type has both bits), nor SOCK_PACKET, which is 10 and of whatever internet family a packet socket all the same (packet(7)):
 * in a user namespace of its own a process has the capability to them.
 */
const cooked: readonly Test[] = [clear(1, 1 | 8), clear(1, 2 | 8)];

export const familyRule: Rule = [
  ...oneOf(0, [families.unix, families.netlink]), ...oneOf(0, [families.inet, families.inet6]).flatMap((family) => cooked.map((type) => [...family, type])),
];
export const rawRule: Rule = oneOf(0, [families.inet, families.inet6, families.packet]);
