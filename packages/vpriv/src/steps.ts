import type { EntryStep } from '@vimage/core';
import type { Arch } from './arch.ts';
import { encodeProgram } from './bpf.ts';
import { always, capabilityMask, type Capability } from './data/capabilities.ts';
import { switchTable, type Switch } from './data/switches.ts';
import { compile } from './filter.ts';
import { policyOf } from './policy.ts';

/** The capabilities that are left where these switches are on. */
export function capabilitiesOf(on: ReadonlySet<Switch>): ReadonlySet<Capability> {
  return new Set([...always, ...[...on].flatMap((key) => [...(switchTable[key].caps ?? []), ...(switchTable[key].needs ?? [])])]);
}

/**
 * What a process passes through to have these privileges and no more; pure. Without `nnp` the kernel takes a filter only of who has
 * CAP_SYS_ADMIN: imgexec then installs it while it still has, and gives the capabilities up after that.
 */
export function stepsOf(said: ReadonlySet<Switch>, arch: Arch): readonly EntryStep[] {
  const key = `${arch.audit} ${[...said].sort().join(' ')}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const steps = compileSteps(said, arch);
  if (compiled.size < 64) compiled.set(key, steps);
  return steps;
}

/** Few images differ in this, and a filter takes longer than all the rest of a plan. */
const compiled = new Map<string, readonly EntryStep[]>();

function compileSteps(said: ReadonlySet<Switch>, arch: Arch): readonly EntryStep[] {
  const on = new Set([...said, ...[...said].flatMap((key) => switchTable[key].means ?? [])]);
  return [
    { verb: 'caps', args: [['keep', capabilityMask(capabilitiesOf(on)).toString(16)]] },
    ...(on.has('allow.new_privs') ? [] : [{ verb: 'nnp', args: [] }]),
    { verb: 'seccomp', args: [['filter', encodeProgram(compile(policyOf(on), arch))]] },
    { verb: 'keyring', args: [] },
  ];
}
