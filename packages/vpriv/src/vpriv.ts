import { VimageError, type CheckContext, type EntryContext, type ImageView, type Pairs, type ParamValues } from '@vimage/core';
import { isSwitch, switchTable, switches, type Switch } from './data/switches.ts';
import type { vprivParams } from './params.ts';

export type PrivValues = ParamValues<typeof vprivParams>;

/** What stands in the slot of `priv`: which switches are on. img0's is the machine's own, where nothing is taken away. */
export interface Vpriv {
  /** Serial of the image that made it; undefined for img0's. */
  readonly serial: bigint | undefined;
  /** That image's name. */
  readonly image: string;
  /** What the image asks for, by its own words or by default. */
  on: ReadonlySet<Switch>;
  /** What the images around it did not keep off by default when it was made, or last set; what they were told to keep off core knows. */
  within: ReadonlySet<Switch>;
}

export const root: Vpriv = { serial: undefined, image: 'img0', on: new Set(switches), within: new Set(switches) };

/** The switches that values turn on. */
export function asked(values: PrivValues): ReadonlySet<Switch> {
  return new Set(switches.filter((key) => values[key] ?? switchTable[key].on));
}

/** EINVAL: a switch is on that stands for one which is said to be off, and would give it back. */
export function checkMeans(values: PrivValues): void {
  for (const key of switches) {
    const off = values[key] === true ? switchTable[key].means?.find((each) => values[each] === false) : undefined;
    if (off === undefined) continue;
    throw new VimageError('EINVAL', `${key} permits ${off}, which is off`, {
      subject: key, hint: `leave out ${key}, or what says ${off} false: "vir priv" itself, or what brings it along (of a jail, its allow.* or securelevel)`,
    });
  }
}

/** What holds in it; with `cx`, in an image that is entered, by what those around it were told as well. */
export function permitted({ on, within }: Pick<Vpriv, 'on' | 'within'>, cx?: Pick<EntryContext, 'held'>): ReadonlySet<Switch> {
  return new Set(switches.filter((key) => on.has(key) && within.has(key) && cx?.held(key)?.value !== false));
}

/**
 * What an image around leaves to its children. EPERM: more is asked for. What is only a default just does not hold, and neither does what was
 * asked before the image around was tightened.
 */
export function checkWithin({ values, sees }: Pick<CheckContext<'priv'>, 'values' | 'sees'>, parent: Vpriv, before: PrivValues = {}): ReadonlySet<Switch> {
  const who = sees(parent.image) ? `image "${parent.image}"` : 'an image around yours';
  const around = permitted(parent);
  for (const key of switches) {
    if (values[key] !== true || before[key] === true || around.has(key)) continue;
    throw new VimageError('EPERM', `priv.${key} true permits more than ${who} does, where it is off`, {
      subject: `priv.${key}`,
      hint: sees(parent.image) ? `leave it out, or first: imgctl set ${parent.image} vir priv ${key} true` : 'leave it out',
    });
  }
  return new Set(switches.filter((key) => switchTable[key].on || around.has(key)));
}

export function savedPairs({ on, within }: Vpriv): Pairs {
  return [['on', [...on].join(' ')], ['within', [...within].join(' ')]];
}

/** Reads what {@link savedPairs} wrote. EBADMSG: it is damaged. */
export function readSaved({ serial, name }: Pick<ImageView, 'serial' | 'name'>, saved: Pairs): Vpriv {
  const values = new Map(saved);
  const read = (key: string): ReadonlySet<Switch> => {
    const words = values.get(key)?.split(' ').filter((word) => word !== '');
    if (words?.every(isSwitch) === true) return new Set(words);
    throw new VimageError('EBADMSG', `what the registry keeps of the privileges of "${name}" is damaged`, { subject: name, hint: `imgctl destroy ${name}, then create it again` });
  };
  return { serial, image: name, on: read('on'), within: read('within') };
}
