import { boot, defineComponent, VimageError, type AnyComponent, type CreateContext } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate } from '../src/memory.ts';
import { toyComponent, toyParams } from '../src/toy.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const wrong = (): never => { throw new TypeError('x is not a function'); };
/** What a component's author may get past a compiler, or never showed to one. */
const odd = (value: unknown) => (): never => value as never;

const broken = (more: object): AnyComponent => defineComponent<string>({ ...toyComponent('bad'), patience: 0.05, ...more });

async function booted(more: object, machine = new MemoryMachine()): Promise<{ readonly machine: MemoryMachine; readonly kernel: Awaited<ReturnType<typeof boot>> }> {
  return { machine, kernel: await boot({ substrate: new MemorySubstrate(machine), components: [toyComponent(), broken(more)] }) };
}

describe('a component that does not do its part', () => {
  it.each([
    ['throws in create', { create: wrong }, 'EIO', /component "bad" failed in create\(\): TypeError: x is not a function/],
    ['throws what is no error', { create: () => { throw 'no'; } }, 'EIO', /failed in create\(\): no/],
    ['throws an error of Node\'s', { create: () => { throw Object.assign(new Error('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' }); } }, 'EIO', /bad argument/],
    ['never comes back from create', { create: never }, 'ETIMEDOUT', /"bad" has not come back from create\(\) within 0.05 s/],
    ['makes nothing', { create: odd(undefined) }, 'EIO', /something else than an instance/],
    ['saves what cannot be kept', { save: odd([['key', 7]]) }, 'EIO', /something else than pairs of texts \(.*\) from save/],
    ['saves a promise', { save: odd(Promise.resolve([])) }, 'EIO', /something else than pairs/],
    ['enters by what is no step', { entry: odd([{ verb: 'join' }]) }, 'EIO', /something else than steps from entry/],
    ['throws when entered', { entry: wrong }, 'EIO', /failed in entry/],
    ['throws in check', { check: wrong }, 'EIO', /failed in check/],
    ['saves under a key of the kernel', { save: odd([['vimage.owner', '1 other']]) }, 'EIO', /none of "vimage."\) from save/],
    ['asks for a slot that may not stand yet', { create: async (cx: CreateContext<string>) => ({ toy: await cx.slot('toy') }) }, 'EIO', /asks for what stands in the slot of "toy", which it does not name in requires/],
    ['looks at a slot that it does not come after', { create: async (cx: CreateContext<string>) => ({ toy: await cx.peek('toy') }) }, 'EIO', /which it does not name in after/],
    ['brings a pair that belongs to no section', { implied: odd([['name', 'other']]) }, 'EIO', /sections of other components, each once, from implied/],
    ['brings itself', { implied: odd([['vir', 'bad']]) }, 'EIO', /sections of other components/],
    ['brings a section twice', { implied: odd([['vir', 'toy'], ['vir', 'toy']]) }, 'EIO', /sections of other components/],
    ['changes in check what was asked', { check: ({ values }: { readonly values: object }) => { Object.assign(values, { level: 9 }); } }, 'EIO', /failed in check\(\): TypeError/],
    ['refuses in check when nobody hears it any more', { check: async () => { await Promise.resolve(); throw new VimageError('EINVAL', 'too late'); } }, 'EIO', /something else than nothing, at once, from check/],
    ['has an undo that never comes back', { create: (cx: CreateContext<string>) => { cx.scope.defer(never); return wrong(); } }, 'EIO', /failed in create/],
    ['has a parameter whose type throws', { params: { level: { ...toyParams.level, type: { ...toyParams.level.type, parse: (text: string) => (text === '5' ? 5 : wrong()) } }, items: toyParams.items } }, 'EIO', /"level" of "vir bad" cannot be read: TypeError/, ['level', '6']],
    ['has no root', { create: (cx: { readonly parent: unknown }) => cx.parent, root: odd(null) }, 'EIO', /something else than an instance from root/],
  ] as const)('%s: nothing of the image is left', async (_what, more, code, message, words: readonly string[] = []) => {
    const { machine, kernel } = await booted(more);
    await expect(kernel.create(['name', 'a', 'vir', 'toy', 'items', 'one', 'vir', 'bad', ...words])).rejects.toMatchObject({ code, subject: words[0] ?? 'bad', message: expect.stringMatching(message) });
    expect([machine.images.size, machine.resources.size, machine.staged.size, machine.locked]).toEqual([0, 0, 0, false]);
    await kernel.create(['name', 'a', 'vir', 'toy', 'items', 'one']);
    await kernel.close();
  });

  it.each([
    ['throws in set', { set: wrong }, 'EIO', /failed in set/],
    ['never comes back from set', { set: never }, 'ETIMEDOUT', /set\(\) within/],
    ['reports rubbish', { set: odd({ notes: 'done' }) }, 'EIO', /a report with notes/],
  ])('%s: the image is as it was', async (_what, more, code, message) => {
    const { kernel } = await booted(more);
    await kernel.create(['name', 'a', 'vir', 'toy', 'items', 'one', 'vir', 'bad', 'level', '7']);
    const before = await kernel.get('a');
    await expect(kernel.set('a', ['vir', 'toy', 'items', 'two', 'vir', 'bad', 'level', '5'])).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await kernel.get('a')).toEqual(before);
    await kernel.close();
  });

  it.each([
    ['throws in remove', { remove: wrong }],
    ['never comes back from remove', { remove: never }],
    ['finds nothing again', { restore: wrong }],
    ['finds nothing again, ever', { restore: never }],
  ])('%s: its images can be removed by whoever comes, and what is owed is given back', async (_what, more) => {
    const { machine, kernel } = await booted({});
    await kernel.create(['name', 'a', 'persist', 'true', 'vir', 'toy', 'items', 'one', 'vir', 'bad', 'items', 'two']);
    await kernel.close();
    const { kernel: later } = await booted(more, machine);
    const { removed, notes } = await later.destroy('a');
    expect(removed).toEqual(['a']);
    expect(notes).toEqual([expect.stringMatching(/^bad of a: component "bad" (failed in|has not come back from) re/), 'gave back two']);
    expect([machine.images.size, machine.resources.size]).toEqual([0, 0]);
    await later.close();
  });

  it.each([
    ['lets be changed what it cannot change', { set: undefined }, /parameter "items" has access "rw", and there is no set\(\)/],
    ['has a method that is none', { check: true }, /check is no function/],
    ['does not say why it is not shared', { unshared: 7 }, /unshared is one line/],
    ['restricts by what cannot be compared', { params: { deny: { ...toyParams.deny, order: 'min' } } }, /parameter "deny" of component "bad": a flag cannot restrict by "min"/],
    ['restricts in an order that there is not', { params: { level: { ...toyParams.level, order: 'max' } } }, /cannot restrict by "max"/],
    ['has a list that is none', { params: { level: { ...toyParams.level, multi: 'no' } } }, /expected what param\(\) or listParam\(\) makes/],
    ['has a type that throws', { params: { level: { ...toyParams.level, type: { ...toyParams.level.type, parse: wrong } } } }, /its type fails: TypeError/],
  ])('one that %s is refused when it is registered', async (_what, more, message) => {
    await expect(booted(more)).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringMatching(message) });
  });

  it('get says nothing that create would make something of', async () => {
    const { kernel } = await booted({ get: odd([['level', '77']]) });
    await kernel.create(['name', 'a', 'vir', 'bad', 'level', '5']);
    await expect(kernel.get('a', { all: true })).rejects.toMatchObject({ code: 'EIO', message: expect.stringMatching(/pairs of parameters with access "ro" from get/) });
    await kernel.destroy('a');
    await kernel.close();
  });

  it('what is only asked is not there: get, refs', async () => {
    const { kernel } = await booted({ get: odd('all'), holders: never });
    await kernel.create(['name', 'a', 'vir', 'bad']);
    await expect(kernel.get('a', { all: true })).rejects.toMatchObject({ code: 'EIO', subject: 'bad' });
    await expect(kernel.refs('a')).rejects.toMatchObject({ code: 'ETIMEDOUT', subject: 'bad' });
    expect((await kernel.list()).map(({ name }) => name)).toEqual(['a']);
    await kernel.destroy('a');
    await kernel.close();
  });

  it('a coded error is for the reader, as it is; a broken invariant of ours is nobody else\'s', async () => {
    const { kernel } = await booted({ params: toyParams, create: () => { throw Object.assign(new Error('no such thing'), { code: 'ENOENT', subject: 'thing' }); } });
    await expect(kernel.create(['name', 'a', 'vir', 'bad'])).rejects.toMatchObject({ code: 'ENOENT', message: 'no such thing', subject: 'thing' });
    await kernel.close();
    const { kernel: other } = await booted({ create: () => { throw Object.assign(new Error('a count below zero'), { name: 'InvariantError' }); } });
    await expect(other.create(['name', 'a', 'vir', 'bad'])).rejects.toThrow(/^a count below zero$/);
    await other.close();
  });

  it('one that says it needs no bound has none', async () => {
    const slow = (): Promise<object> => new Promise((resolve) => { setTimeout(() => { resolve({ serial: 1n, items: [], level: 0 }); }, 150); });
    const { kernel } = await booted({ patience: Infinity, create: slow });
    await kernel.create(['name', 'a', 'vir', 'bad']);
    await kernel.close();
    const { kernel: other } = await booted({ create: slow });
    await expect(other.create(['name', 'a', 'vir', 'bad'])).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await other.close();
  });
});
