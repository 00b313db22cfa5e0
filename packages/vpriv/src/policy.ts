import { baseGroups } from './data/groups.ts';
import { cloneRule, familyRule, ioctlRule, personalityRule, rawRule, setnsRule, tracerPersonalityRule, unshareRule } from './data/rules.ts';
import { switchTable, type Switch } from './data/switches.ts';

/** A test of the low 32 bits of argument `arg` (0-5): equal to or different from `value`, or `clear`: none of these bits is set. */
export interface Test {
  readonly arg: number;
  readonly is: 'equal' | 'differ' | 'clear';
  /** Unsigned. */
  readonly value: number;
}

/** When a call is permitted: alternatives, of which each is tests that must all hold. No test: always. No alternative: never. */
export type Rule = readonly (readonly Test[])[];

/** What a refused call returns. */
export type Errno = 'EPERM' | 'ENOSYS';

/** What is done with one system call. */
export interface Verdict {
  readonly permit: Rule;
  readonly otherwise: Errno;
}

/**
 * What is done with each system call, by name. A call that has a number and no name here is refused with EPERM; one without a number that
 * we know, which is of a newer kernel, with ENOSYS, so that programs fall back to what is older.
 */
export type Policy = ReadonlyMap<string, Verdict>;

const always: Rule = [[]];

/** The system calls that are permitted where these switches are on. */
export function policyOf(on: ReadonlySet<Switch>): Policy {
  const policy = new Map<string, Verdict>();
  for (const { calls } of baseGroups) for (const name of calls.split(' ')) policy.set(name, { permit: always, otherwise: 'EPERM' });
  for (const [key, { calls = '', refused = 'EPERM' }] of Object.entries(switchTable)) {
    for (const name of calls === '' ? [] : calls.split(' ')) {
      const before = policy.get(name);
      if (isOn(on, key)) policy.set(name, { permit: always, otherwise: 'EPERM' });
      else if (before === undefined) policy.set(name, { permit: [], otherwise: refused });
    }
  }
  for (const [name, permit] of filtered(on)) policy.set(name, { permit, otherwise: 'EPERM' });
  if (!(on.has('allow.userns') && on.has('allow.namespaces'))) policy.set('clone3', { permit: [], otherwise: 'ENOSYS' });
  return policy;
}

function isOn(on: ReadonlySet<string>, key: string): boolean {
  return on.has(key);
}

/** The calls whose arguments are looked at. */
function filtered(on: ReadonlySet<Switch>): readonly (readonly [string, Rule])[] {
  const permit = { user: on.has('allow.userns'), other: on.has('allow.namespaces') };
  const setns = permit.other ? (permit.user ? always : setnsRule) : [];
  const sockets = on.has('allow.socket_af') ? always : [...familyRule, ...(on.has('allow.raw_sockets') ? rawRule : [])];
  return [
    ['clone', cloneRule(permit)],
    ['unshare', unshareRule(permit)],
    ['setns', setns],
    ['personality', on.has('allow.ptrace') ? [...personalityRule, ...tracerPersonalityRule] : personalityRule],
    ['ioctl', on.has('allow.tiocsti') ? always : ioctlRule],
    ['socket', sockets],
    ['socketpair', sockets],
  ];
}
