import { boot, type AnyComponent, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

/** A kernel on that machine, and the levels of the instances that it has let go of. */
async function world(machine: MemoryMachine): Promise<{ readonly kernel: Kernel; readonly forgotten: unknown[] }> {
  const forgotten: unknown[] = [];
  const toy: AnyComponent = { ...toyComponent(), forget: (instance) => void forgotten.push('level' in instance ? instance.level : instance) };
  return { kernel: await boot({ substrate: new MemorySubstrate(machine), components: [toy] }), forgotten };
}

const toyOf = async (kernel: Kernel): Promise<unknown> => (await kernel.lookup('a')).slot('toy');

describe('what this process has of an instance', () => {
  it('is let go of when another process has changed it, and then found again', async () => {
    const machine = new MemoryMachine();
    const [{ kernel, forgotten }, other] = [await world(machine), await world(machine)];
    await kernel.create(['name', 'a', 'vir', 'toy', 'level', '3']);
    await other.kernel.create(['name', 'b']);
    expect(await toyOf(kernel)).toMatchObject({ level: 3 });
    expect(forgotten).toEqual([]);
    await other.kernel.set('a', ['vir', 'toy', 'level', '2']);
    expect(await toyOf(kernel)).toMatchObject({ level: 2 });
    expect(forgotten).toEqual([3]);
  });

  it('is let go of once, when the image goes or the kernel closes', async () => {
    const { kernel, forgotten } = await world(new MemoryMachine());
    await kernel.create(['name', 'a', 'vir', 'toy', 'level', '3']);
    await kernel.destroy('a');
    // The machine's own, which was looked at as the parent's, stays.
    expect(forgotten).toEqual([3]);
    await kernel.create(['name', 'b', 'persist', 'true', 'vir', 'toy', 'level', '4']);
    await kernel.close();
    expect(forgotten).toEqual([3, 4, 100]);
  });
});
