import { VimageError, defineComponent, listParam, param, type, type Component, type FlagParam, type IntParam, type ListParam, type Pairs } from '@vimage/core';
import { MemorySubstrate } from './memory.ts';

/** What `toy` makes: a few named resources on the machine in memory. */
export interface Toy {
  readonly serial: bigint;
  items: readonly string[];
  level: number;
}

export const toyParams: { readonly items: ListParam<string>; readonly level: IntParam; readonly fixed: FlagParam; readonly deny: FlagParam } = {
  items: listParam(type.ifname(), { access: 'rw', describe: 'resources to acquire, one by one', example: 'a,b' }),
  level: param(type.int({ min: 0, max: 100 }), { access: 'rw', describe: 'a limit', example: '5', order: 'min' }),
  fixed: param(type.flag(), { access: 'create', describe: 'cannot be changed', example: 'true' }),
  deny: param(type.flag(), { access: 'rw', describe: 'makes check() refuse', example: 'false' }),
};

function memory(substrate: unknown): MemorySubstrate {
  if (!(substrate instanceof MemorySubstrate)) throw new Error('the toy component stands on a MemorySubstrate');
  return substrate;
}

/** A component that acquires things one at a time, for tests of the kernel; the registry of component types stays free of it. */
export function toyComponent(name = 'toy', requires: readonly string[] = [], after: readonly string[] = []): Component<string> {
  const resource = (serial: bigint, item: string): string => `${name}/${serial}/${item}`;
  const listed = (values: object): readonly string[] => ('items' in values && Array.isArray(values.items) ? values.items.map(String) : []);
  const levelOf = (values: object): number => ('level' in values && typeof values.level === 'number' ? values.level : 0);
  const toy = (instance: object): Toy => {
    if (!('serial' in instance && 'items' in instance && 'level' in instance)) throw new Error('not a toy');
    return instance as Toy;
  };
  return defineComponent<string>({
    name,
    interface: 1,
    describe: 'a component for tests',
    requires,
    after,
    params: toyParams,
    root: () => ({ serial: 0n, items: [], level: 100 }),
    check(cx) {
      if ('deny' in cx.values && cx.values['deny'] === true) throw new VimageError('EINVAL', 'denied, as asked', { subject: 'deny' });
    },
    async create(cx) {
      const machine = memory(cx.substrate);
      const made: string[] = [];
      for (const item of listed(cx.values)) {
        await cx.stage.journal(name, [['item', item]]);
        machine.call(`acquire ${item}`);
        machine.machine.resources.add(resource(cx.image.serial, item));
        cx.scope.defer(() => void machine.machine.resources.delete(resource(cx.image.serial, item)));
        made.push(item);
      }
      return { serial: cx.image.serial, items: made, level: levelOf(cx.values) } satisfies Toy;
    },
    save: (instance): Pairs => [['items', toy(instance).items.join(',')], ['level', String(toy(instance).level)]],
    restore: (saved, cx) => {
      const read = new Map(saved);
      return { serial: cx.image.serial, items: (read.get('items') ?? '').split(',').filter(Boolean), level: Number(read.get('level') ?? 0) } satisfies Toy;
    },
    set(instance, cx) {
      const it = toy(instance);
      const machine = memory(cx.substrate);
      const { items, level } = it;
      cx.scope.defer(() => void Object.assign(it, { items, level }));
      const wanted = listed(cx.values);
      for (const item of wanted.filter((each) => !items.includes(each))) {
        machine.call(`acquire ${item}`);
        machine.machine.resources.add(resource(it.serial, item));
        cx.scope.defer(() => void machine.machine.resources.delete(resource(it.serial, item)));
      }
      for (const item of items.filter((each) => !wanted.includes(each))) {
        machine.call(`drop ${item}`);
        machine.machine.resources.delete(resource(it.serial, item));
        cx.scope.defer(() => void machine.machine.resources.add(resource(it.serial, item)));
      }
      it.items = wanted;
      it.level = levelOf(cx.values);
      return { notes: [] };
    },
    remove(instance, cx) {
      const it = toy(instance);
      if (cx.shared) return [];
      for (const item of it.items) memory(cx.substrate).machine.resources.delete(resource(it.serial, item));
      return [];
    },
    giveBack(entries, _image, serial, substrate) {
      for (const [pair] of entries) memory(substrate).machine.resources.delete(resource(serial, pair?.[1] ?? ''));
      return entries.map(([pair]) => `gave back ${pair?.[1] ?? ''}`);
    },
    entry: (instance) => [{ verb: 'join', args: [['pin', `${toy(instance).serial}/${name}`]] }],
  });
}
