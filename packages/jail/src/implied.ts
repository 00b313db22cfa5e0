import type { Pair, Pairs } from '@vimage/core';
import { allowKeys, allowTable } from './allow.ts';
import { checkLevel, levelPairs } from './level.ts';
import { checkNetwork, networkPairs } from './network.ts';
import type { JailValues } from './params.ts';
import { mountPairs } from './mounts.ts';
import { checkSysv, sysvSection, sysvSwitch } from './sysv.ts';

/** What a jail is made of: its parameters in the words of the components that keep them. EINVAL, EOPNOTSUPP. */
export function impliedPairs(values: JailValues): Pairs {
  checkNetwork(values);
  checkLevel(values);
  checkSysv(values);
  return [...networkPairs(values), ...mountPairs(values), ...sysvSection(values), ['vir', 'proc'], ['vir', 'priv'], ...allowed(values)];
}

function allowed(values: JailValues): Pairs {
  const said = allowKeys.flatMap((key): Pair[] => (values[key] === undefined ? [] : [[allowTable[key].priv, String(values[key])]]));
  const configures: Pairs = values.vnet === true && values['allow.routing'] === undefined ? [['allow.net_admin', 'true']] : [];
  const forbidden = levelPairs(values.securelevel ?? -1);
  const never = new Set(forbidden.map(([key]) => key));
  return [...[...said, ...sysvSwitch(values), ...configures].filter(([key]) => !never.has(key)), ...forbidden];
}
