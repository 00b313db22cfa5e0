import { boot, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

const components = [toyComponent('first'), toyComponent('second', ['first'])];

interface Made {
  readonly machine: MemoryMachine;
  readonly substrate: MemorySubstrate;
  readonly kernel: Kernel;
}

async function fresh(): Promise<Made> {
  const machine = new MemoryMachine();
  const substrate = new MemorySubstrate(machine);
  return { machine, substrate, kernel: await boot({ substrate, components }) };
}

/** Everything on the machine that can be left over. */
function state({ machine }: Made): unknown {
  return {
    images: [...machine.images.values()].map(({ name, state: is, pairs }) => ({ name, is, pairs })),
    plans: [...machine.plans.entries()].map(([serial, steps]) => [String(serial), steps]),
    resources: [...machine.resources].sort(),
    staged: [...machine.staged].map(String),
    files: [...machine.files],
    locked: machine.locked,
  };
}

/** Runs `act` once for each call that it makes, with that call failing, and looks at what is left. */
async function everyFailure(prepare: (made: Made) => Promise<void>, act: (made: Made) => Promise<unknown>, after: (made: Made, before: unknown, what: string) => Promise<void>): Promise<number> {
  for (let n = 0; ; n += 1) {
    const made = await fresh();
    await prepare(made);
    const before = state(made);
    made.substrate.calls.length = 0;
    made.substrate.failAt = n;
    const error: unknown = await act(made).then(() => undefined, (failure: unknown) => failure);
    made.substrate.failAt = undefined;
    const what = made.substrate.calls[n];
    if (what === undefined) {
      expect(error).toBeUndefined();
      return n;
    }
    // What fails after publication is not undone: the image is there, whole.
    await after(made, before, what);
  }
}

const spec = ['name', 'a', 'vir', 'first', 'items', 'x,y,z', 'vir', 'second', 'items', 'u,v'];

describe('undo', () => {
  it('create leaves nothing, whichever call fails', async () => {
    const calls = await everyFailure(
      async () => {},
      ({ kernel }) => kernel.create(spec),
      (made, before, what) => {
        if (what === 'release') return Promise.resolve();
        expect(state(made), what).toEqual(before);
        return Promise.resolve();
      },
    );
    expect(calls).toBeGreaterThan(12);
  });

  it('create works after any failure', async () => {
    await everyFailure(
      async () => {},
      ({ kernel }) => kernel.create(spec),
      async ({ kernel, machine }, _before, what) => {
        if (what === 'release') return;
        await kernel.create(spec);
        expect(machine.resources.size, what).toBe(5);
        await kernel.destroy('a');
        expect(machine.resources.size, what).toBe(0);
        expect(machine.images.size, what).toBe(0);
      },
    );
  });

  it('set leaves the image as it was, whichever call fails', async () => {
    const calls = await everyFailure(
      async ({ kernel }) => void (await kernel.create([...spec, 'level', '3'])),
      ({ kernel }) => kernel.set('a', ['vir', 'first', 'items', 'z,w', 'vir', 'second', 'items', '', 'level', '2']),
      async (made, before, what) => {
        if (what === 'release') return;
        expect(state(made), what).toEqual(before);
        expect(await made.kernel.get('a'), what).toEqual(await made.kernel.get('a'));
        await made.kernel.set('a', ['vir', 'first', 'items', 'w']);
        expect([...made.machine.resources].filter((each) => each.startsWith('first/')), what).toEqual(['first/1/w']);
      },
    );
    expect(calls).toBeGreaterThan(8);
  });

  it('destroy can always be finished by asking again', async () => {
    const calls = await everyFailure(
      async ({ kernel, machine }) => {
        await kernel.create(['name', 'a', 'children.max', '3', 'vir', 'first', 'items', 'x']);
        await kernel.create(['name', 'a.b', 'vir', 'first', 'items', 'y']);
        machine.processes.set(2n, [{ pid: 7, inner: [], ppid: 1, uid: 0, state: 'S', start: '1', cpu: 0, memory: 0, command: 'x' }]);
      },
      ({ kernel }) => kernel.destroy('a'),
      async (made, _before, what) => {
        if ((await made.kernel.list()).some(({ name }) => name === 'a')) await made.kernel.destroy('a');
        expect(made.machine.images.size, what).toBe(0);
        expect(made.machine.resources.size, what).toBe(0);
        expect(made.machine.locked, what).toBe(false);
      },
    );
    expect(calls).toBeGreaterThan(8);
  });
});
