import { kassert, param, type, type FlagParam } from '@vimage/core';
import { switchTable, switches, type Switch } from './data/switches.ts';

function flag(key: Switch): FlagParam {
  const { describe, on } = switchTable[key];
  return param(type.flag(), { access: 'rw', describe, example: on ? 'false' : 'true', order: 'and', default: String(on) });
}

function isWhole(made: Readonly<Record<string, FlagParam>>): made is Readonly<Record<Switch, FlagParam>> {
  return switches.every((key) => Object.hasOwn(made, key));
}

function table(): Readonly<Record<Switch, FlagParam>> {
  const made = Object.fromEntries(switches.map((key) => [key, flag(key)]));
  kassert(isWhole(made), 'every switch has a parameter');
  return made;
}

/** Parameters of `vir priv`: one flag for each switch. */
export const vprivParams: Readonly<Record<Switch, FlagParam>> = table();
