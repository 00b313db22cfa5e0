import { VimageError, type Pairs } from '@vimage/core';
import type { JailValues } from './params.ts';

/** Parameters of jail(8) for each part of System V IPC. */
const sysvKeys = ['sysvmsg', 'sysvsem', 'sysvshm'] as const;

/** What they ask for together: on Linux one namespace has all three. Undefined: nothing is said. EOPNOTSUPP: some of the jail's own, some of those around it. */
function sysv(values: JailValues): 'new' | 'inherit' | 'disable' | undefined {
  const of = (how: string): (typeof sysvKeys)[number] | undefined => sysvKeys.find((key) => values[key] === how);
  const [own, shared] = [of('new'), of('inherit')];
  if (own !== undefined && shared !== undefined) {
    throw new VimageError('EOPNOTSUPP', `${own} new and ${shared} inherit: Linux has one namespace for messages, semaphores and shared memory`, { subject: shared, hint: 'say the same of all three' });
  }
  if (own !== undefined) return 'new';
  return shared === undefined ? of('disable') && 'disable' : 'inherit';
}

/** EINVAL, EOPNOTSUPP: what cannot be had together. */
export function checkSysv(values: JailValues): void {
  const how = sysv(values);
  if (how === undefined || how === 'disable' || values['allow.sysvipc'] !== false) return;
  const key = sysvKeys.find((each) => values[each] === how) ?? 'sysvmsg';
  throw new VimageError('EINVAL', `allow.sysvipc false forbids what ${key} ${how} permits`, { subject: key, hint: 'leave out one of them' });
}

/** The section of a jail that has System V IPC of its own. */
export function sysvSection(values: JailValues): Pairs {
  return sysv(values) === 'new' ? [['vir', 'ipc']] : [];
}

/** The switch of `vir priv` that they come to, where allow.sysvipc does not say so itself. */
export function sysvSwitch(values: JailValues): Pairs {
  const how = sysv(values);
  return how === undefined || values['allow.sysvipc'] !== undefined ? [] : [['allow.sysvipc', String(how !== 'disable')]];
}
