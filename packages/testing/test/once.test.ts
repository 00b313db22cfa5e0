import { spawn } from 'node:child_process';
import { boot, type AnyComponent, type ChildOf, type Kernel, type PlanStep } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate, toyComponent } from '@vimage/testing';

/** A machine in memory on which programs start, and end when the test says so. */
class StartingSubstrate extends MemorySubstrate {
  readonly plans: (readonly PlanStep[])[] = [];
  readonly #waiting: (() => void)[] = [];

  override spawn(): ChildOf {
    return spawn('true', { stdio: 'ignore' });
  }

  once(plan: readonly PlanStep[]): ChildOf {
    this.plans.push(plan);
    return this.spawn();
  }

  ended(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  endAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

const plain = toyComponent('plain');
/** One that a command's own process can make. */
const own: AnyComponent = { ...toyComponent('own'), once: ({ held }) => ({ steps: [{ verb: 'limit', args: ['level', 'items'].map((key) => [key, String(held(key)?.value)]) }] }) };

async function world(): Promise<{ kernel: Kernel; substrate: StartingSubstrate; machine: MemoryMachine }> {
  const machine = new MemoryMachine();
  const substrate = new StartingSubstrate(machine);
  return { kernel: await boot({ substrate, components: [plain, own] }), substrate, machine };
}

describe('an image for one command', () => {
  it('is the command\'s own where each part of it can be, with what holds there', async () => {
    const { kernel, substrate, machine } = await world();
    const { gone } = await kernel.once(['vir', 'own', 'level', '3'], 'true');
    expect(substrate.plans).toEqual([[{ verb: 'limit', args: [['level', '3'], ['items', 'undefined']], component: 'own' }]]);
    expect(machine.lastSerial).toBe(0n);
    substrate.endAll();
    expect(await gone).toEqual([]);
  });

  it('else stands until the command has ended', async () => {
    const { kernel, substrate, machine } = await world();
    const { gone } = await kernel.once(['vir', 'own', 'vir', 'plain', 'items', 'x'], 'true');
    expect(substrate.plans).toEqual([]);
    expect(await kernel.list()).toHaveLength(1);
    expect([...machine.resources]).toEqual(['plain/1/x']);
    substrate.endAll();
    expect(await gone).toEqual([]);
    expect([machine.images.size, machine.resources.size]).toEqual([0, 0]);
  });

  it('cannot be where nothing tells that a program has ended', async () => {
    const kernel = await boot({ substrate: new MemorySubstrate(), components: [plain] });
    await expect(kernel.once(['vir', 'plain'], 'true')).rejects.toMatchObject({ code: 'EOPNOTSUPP', message: 'the substrate "memory" starts no programs' });
  });
});
