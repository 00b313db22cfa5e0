import { defineComponent, type Component, type EntryStep } from '@vimage/core';
import { registryRoot } from '@vimage/linux';
import { archHere } from './arch.ts';
import { switches, type Switch } from './data/switches.ts';
import { vprivParams } from './params.ts';
import { stepsOf } from './steps.ts';
import { asked, checkMeans, checkWithin, permitted, readSaved, root, savedPairs, type Vpriv } from './vpriv.ts';

declare module '@vimage/core' {
  interface ComponentRegistry {
    priv: { readonly instance: Vpriv; readonly params: typeof vprivParams };
  }
}

/** The `priv` component: what the privileges in an image are. */
export const vpriv: Component<'priv'> = defineComponent<'priv'>({
  name: 'priv',
  interface: 1,
  describe: 'fewer privileges: capabilities, system calls, no setuid programs',
  requires: [],
  params: vprivParams,

  root: () => root,

  check: ({ values }) => {
    archHere();
    checkMeans(values);
  },

  create: (cx) => ({ serial: cx.image.serial, image: cx.image.name, on: asked(cx.values), within: checkWithin(cx, cx.parent) }),

  set: (made, cx) => {
    const { image, values, before, parent, scope } = cx;
    const { on, within } = made;
    const old = permitted(made);
    const now = { on: asked(values), within: checkWithin(cx, parent, before) };
    scope.defer(() => {
      Object.assign(made, { on, within });
    });
    Object.assign(made, now);
    return { notes: notesOf(image.name, old, permitted(made)) };
  },

  save: savedPairs,

  restore: (saved, { image }) => readSaved(image, saved),

  once: (cx) => ({ steps: [covered(), ...stepsOf(permitted({ on: asked(cx.values), within: checkWithin(cx, cx.parent) }, cx), archHere())] }),

  entry: (made, cx) => (made.serial === undefined ? [] : [covered(), ...stepsOf(permitted(made, cx), archHere())]),
});

/** Root in the image is the machine's where it has no users of its own: what images are made of is out of its sight. */
function covered(): EntryStep {
  return { verb: 'cover', args: [['to', registryRoot()]], mode: 'live' };
}

/** What a change does not do: the kernel neither takes capabilities and filters from a running process nor gives it any. */
function notesOf(image: string, old: ReadonlySet<Switch>, now: ReadonlySet<Switch>): readonly string[] {
  const taken = switches.filter((key) => old.has(key) && !now.has(key));
  const given = switches.filter((key) => now.has(key) && !old.has(key));
  return [
    ...(taken.length === 0 ? [] : [`what runs in "${image}" by now keeps ${taken.join(', ')} until it ends (imgctl ps ${image} lists it)`]),
    ...(given.length === 0 ? [] : [`what runs in "${image}" by now goes on without ${given.join(', ')}`]),
  ];
}
