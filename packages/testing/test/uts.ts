import { writeFileSync } from 'node:fs';
import { VimageError, defineComponent, param, type, type Component, type StringParam } from '@vimage/core';
import { create, joinStep, linuxOf, openSelf, withNs, type Namespace } from '@vimage/linux';

/** What stands in the slot: a UTS namespace. The machine's own has no serial. */
export interface Uts {
  readonly serial: bigint | undefined;
  readonly ns: Namespace;
}

const params: { readonly hostname: StringParam } = {
  hostname: param(type.string({ min: 1, max: 64 }), { access: 'rw', describe: 'what hostname(1) says', example: 'www.example' }),
};

declare module '@vimage/core' {
  interface ComponentRegistry {
    uts: { readonly instance: Uts; readonly params: typeof params };
  }
}

export function rename({ ns }: Pick<Uts, 'ns'>, name: string): void {
  withNs(ns, () => writeFileSync('/proc/sys/kernel/hostname', name));
}

/** A component that holds all that it has to: a host name. */
export const uts: Component<'uts'> = defineComponent<'uts'>({
  name: 'uts',
  interface: 1,
  describe: 'a host name of its own',
  params,
  root: () => ({ serial: undefined, ns: openSelf('uts') }),
  check: ({ values: { hostname } }) => {
    if (hostname !== undefined && !/^[A-Za-z0-9.-]+$/.test(hostname)) throw new VimageError('EINVAL', `"${hostname}" is no host name`, { subject: 'hostname' });
  },
  create: async (cx) => {
    const { serial, name } = cx.image;
    const made: Uts = { serial, ns: create('uts') };
    cx.scope.defer(() => made.ns.close());
    const machine = linuxOf(cx.substrate);
    await machine.pin(serial, 'uts', made.ns);
    cx.scope.defer(async () => (await machine.pinner()).unpin(serial, 'uts'));
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
    const ns = await linuxOf(cx.substrate).openPin(serial, 'uts', 'uts');
    if (new Map(saved).get('ino') === String(ns.ino)) return { serial, ns };
    ns.close();
    throw new VimageError('ESTALE', `the host name of "${name}" is not the one it was made with`, { subject: name });
  },
  forget: ({ ns }) => ns.close(),
  entry: ({ serial, ns }) => (serial === undefined ? [] : [joinStep(serial, 'uts', ns)]),
});
