import { boot, defineComponent, type AnyComponent } from '@vimage/core';
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
    ['saves what cannot be kept', { save: odd([['key', 7]]) }, 'EIO', /something else than pairs of texts from save/],
    ['saves a promise', { save: odd(Promise.resolve([])) }, 'EIO', /something else than pairs/],
    ['enters by what is no step', { entry: odd([{ verb: 'join' }]) }, 'EIO', /something else than steps from entry/],
    ['throws when entered', { entry: wrong }, 'EIO', /failed in entry/],
    ['throws in check', { check: wrong }, 'EIO', /failed in check/],
    ['has no root', { create: (cx: { readonly parent: unknown }) => cx.parent, root: odd(null) }, 'EIO', /something else than an instance from root/],
  ])('%s: nothing of the image is left', async (_what, more, code, message) => {
    const { machine, kernel } = await booted(more);
    await expect(kernel.create(['name', 'a', 'vir', 'toy', 'items', 'one', 'vir', 'bad'])).rejects.toMatchObject({ code, subject: 'bad', message: expect.stringMatching(message) });
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
