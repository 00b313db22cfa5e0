import { writeFileSync } from 'node:fs';
import { VimageError, defineComponent, type Component } from '@vimage/core';
import { create, joinStep, linuxOf, openSelf, withNs, type Namespace } from '@vimage/linux';
import { __name__Params } from './params.ts';

/** What stands in the slot: a UTS namespace. The machine's own has no serial. */
export interface __Type__ {
  readonly serial: bigint | undefined;
  readonly ns: Namespace;
}

declare module '@vimage/core' {
  interface ComponentRegistry {
    __name__: { readonly instance: __Type__; readonly params: typeof __name__Params };
  }
}

/** Synchronous: the thread is back before anything else runs. */
function rename({ ns }: __Type__, name: string): void {
  withNs(ns, () => writeFileSync('/proc/sys/kernel/hostname', name));
}

export const __name__: Component<'__name__'> = defineComponent<'__name__'>({
  name: '__name__',
  interface: 1,
  describe: 'a host name of its own',
  params: __name__Params,

  root: () => ({ serial: undefined, ns: openSelf('uts') }),

  check: ({ values: { hostname } }) => {
    if (hostname === undefined || /^[A-Za-z0-9.-]+$/.test(hostname)) return;
    throw new VimageError('EINVAL', `"${hostname}" is no host name`, { subject: 'hostname', hint: 'letters, digits, dots and hyphens' });
  },

  create: async (cx) => {
    const { serial, name } = cx.image;
    const made: __Type__ = { serial, ns: create('uts') };
    cx.scope.defer(() => made.ns.close());
    const machine = linuxOf(cx.substrate);
    await machine.pin(serial, '__name__', made.ns);
    cx.scope.defer(async () => (await machine.pinner()).unpin(serial, '__name__'));
    rename(made, cx.values.hostname ?? name);
    return made;
  },

  set: (made, cx) => {
    rename(made, cx.values.hostname ?? cx.image.name);
    cx.scope.defer(() => rename(made, cx.before.hostname ?? cx.image.name));
    return undefined;
  },

  save: ({ ns }) => [['ino', String(ns.ino)]],

  restore: async (saved, cx) => {
    const { serial, name } = cx.image;
    const ns = await linuxOf(cx.substrate).openPin(serial, '__name__', 'uts');
    if (new Map(saved).get('ino') === String(ns.ino)) return { serial, ns };
    ns.close();
    throw new VimageError('ESTALE', `the host name of "${name}" is not the one it was made with`, { subject: name, hint: `imgctl destroy ${name}` });
  },

  forget: ({ ns }) => ns.close(),

  entry: ({ serial, ns }) => (serial === undefined ? [] : [joinStep(serial, '__name__', ns)]),
});
