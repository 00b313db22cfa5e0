import { boot, type InsideImage, type Kernel } from '@vimage/core';
import { describe, expect, it } from 'vitest';
import { MemoryMachine, MemorySubstrate } from '@vimage/testing';

/** A machine in memory, where images have made others inside, as `made` says by their full names. */
class NestedSubstrate extends MemorySubstrate {
  readonly made: ReadonlyMap<string, readonly string[]>;

  constructor(machine: MemoryMachine, made: Readonly<Record<string, readonly string[]>>) {
    super(machine);
    this.made = new Map(Object.entries(made));
  }

  inside({ name }: { readonly name: string }): readonly InsideImage[] {
    return (this.made.get(name) ?? []).map((each) => ({ name: each, pairs: [['name', each], ['persist', 'true'], ['vir', 'net'], ['vir', 'proc'], ['share', 'other']] }));
  }
}

const made = { lab: ['seed', 'seed.deep', 'web.none'], 'lab.web': ['leaf'] };

async function world(): Promise<{ readonly machine: MemoryMachine; readonly kernel: Kernel }> {
  const machine = new MemoryMachine();
  const kernel = await boot({ substrate: new NestedSubstrate(machine, made), components: [] });
  await kernel.create(['name', 'lab', 'children.max', '4']);
  await kernel.create(['name', 'lab.web', 'children.max', '4']);
  return { machine, kernel };
}

const inner = async (kernel: Kernel): Promise<readonly string[]> => (await kernel.list({ inside: true })).filter(({ state }) => state === 'inside').map(({ name }) => name);

describe('images that were made inside another', () => {
  it('are listed by their names from here, unless one from outside has the name', async () => {
    const { kernel } = await world();
    expect(await inner(kernel)).toEqual(['lab.seed', 'lab.seed.deep', 'lab.web.leaf']);
    expect((await kernel.list({ inside: true })).find(({ name }) => name === 'lab.seed.deep')).toEqual({
      name: 'lab.seed.deep', serial: '', parent: 'lab.seed', depth: 3, state: 'inside', persist: true, address: '',
      slots: [{ component: 'net', kind: 'own', owner: 'lab.seed.deep' }, { component: 'proc', kind: 'share', owner: 'other' }],
    });
  });

  it('are kept by the one they were made in, and by no image that is nearer or further', async () => {
    const { kernel } = await world();
    const refused = { code: 'EOPNOTSUPP', subject: 'lab.seed.deep', message: '"lab.seed.deep" was made inside "lab", which keeps it: that is done from there', hint: 'imgctl exec lab -- imgctl ... seed.deep' };
    await expect(kernel.destroy('lab.seed.deep')).rejects.toMatchObject(refused);
    await expect(kernel.lookup('lab.web.leaf')).rejects.toMatchObject({ code: 'EOPNOTSUPP', hint: 'imgctl exec lab.web -- imgctl ... leaf' });
    await expect(kernel.lookup('lab.web.none')).rejects.toMatchObject({ code: 'ESRCH' });
    expect(await kernel.fullName('lab.seed.deep')).toBe('lab.seed.deep');
    await expect(kernel.fullName('lab.see')).rejects.toMatchObject({ code: 'ESRCH' });
  });

  it('are named from where one lives; its own are nobody else\'s to tell', async () => {
    const { machine } = await world();
    const substrate = new NestedSubstrate(machine, made);
    substrate.cimg = 1n;
    const kernel = await boot({ substrate, components: [] });
    expect(await inner(kernel)).toEqual(['seed', 'seed.deep', 'web.leaf']);
    await expect(kernel.lookup('web.leaf')).rejects.toMatchObject({ code: 'EOPNOTSUPP', hint: 'imgctl exec web -- imgctl ... leaf' });
    await expect(kernel.lookup('seed')).rejects.toMatchObject({ code: 'ESRCH' });
    expect(await kernel.fullName('web.leaf')).toBe('lab.web.leaf');
  });
});
