import { boot, cimg, codeOf, crfree, crget, crhold, defineComponent, eimg, run, type Component, type Kernel } from '@vimage/core';
import { expect, test } from 'vitest';
import { MemorySubstrate, toyComponent } from '../src/index.ts';

// What holds in the ordinary build and in the single one.

const roots: object[] = [];
const forgotten: object[] = [];
const counter: Component<string> = defineComponent<string>({
  ...toyComponent('counter'),
  root: () => {
    const root = { count: 0 };
    roots.push(root);
    return root;
  },
  forget: (instance) => { forgotten.push(instance); },
});

const start = (): Promise<Kernel> => boot({ substrate: new MemorySubstrate(), components: [counter, toyComponent()] });

async function code(what: () => unknown): Promise<string> {
  try {
    await what();
  } catch (error) {
    return codeOf(error) ?? (error instanceof Error ? error.name : String(error));
  }
  return 'done';
}

test('a slot is read by way of the credential, and is what the handle says', async () => {
  await using kernel = await start();
  const cred = kernel.current.get()?.ucred;
  if (cred === undefined) throw new Error('no thread');
  const machine = await kernel.lookup('img0');
  const slot = await machine.slot('counter');
  expect(cimg(cred)).toBe(eimg(cred, 0));
  expect(cimg(cred)['v_counter']).toBe(slot);
  expect(run(kernel.current, cimg(cred), () => cimg(cred)['v_counter'])).toBe(slot);
  expect(machine.effective(() => 1)).toBe(1);
  expect(await machine.run(() => Promise.resolve(2))).toBe(2);
  expect(kernel.components().map(({ name }) => name)).toEqual(['counter', 'toy']);
  expect(await code(() => machine.slot('nte'))).toBe('ENOENT');
});

test('a credential is counted: the last free is the last', async () => {
  await using kernel = await start();
  const image = kernel.current.get()?.image;
  if (image === undefined) throw new Error('no thread');
  const cred = crget({ image, uid: 7 });
  crfree(crhold(cred));
  crfree(cred);
  expect(await code(() => { crfree(cred); })).toBe('InvariantError');
  expect(await code(() => crhold(cred))).toBe('InvariantError');
});

test('what stands in a slot is let go once, with the last kernel that has it', async () => {
  roots.length = 0;
  forgotten.length = 0;
  const kernels = [await start(), await start()];
  for (const kernel of kernels) await (await kernel.lookup('.')).slot('counter');
  for (const kernel of kernels) {
    await kernel.close();
    await kernel.close();
    expect(await code(() => kernel.lookup('.'))).toBe('ESRCH');
  }
  expect(roots.length).toBeGreaterThan(0);
  expect(forgotten).toEqual(roots);
});

test('an image that is not there is ESRCH, for each who asks', async () => {
  await using kernel = await start();
  const asks = [
    () => kernel.lookup('web'), () => kernel.set('web', []), () => kernel.get('web'), () => kernel.info('web'), () => kernel.destroy('web'), () => kernel.processes('web'),
    () => kernel.kill('web', undefined, 'KILL'), () => kernel.refs('web'), () => kernel.wait('web', { for: 'gone' }), () => kernel.fullName('web'), () => kernel.processes('img0'),
  ];
  for (const ask of asks) expect(await code(ask), String(ask)).toBe('ESRCH');
  expect(await kernel.list()).toEqual([]);
  expect(await kernel.gc()).toEqual([]);
  expect(await kernel.up([])).toEqual([]);
  const aborted = new AbortController();
  aborted.abort();
  for await (const event of kernel.events(aborted.signal)) throw new Error(`an event: ${event.type}`);
});

test('img0 is there, and is neither changed nor removed', async () => {
  const kernel = await start();
  const slots = ['counter', 'toy'].map((component) => ({ component, kind: 'own', owner: 'img0' }));
  for (const name of ['.', 'img0']) {
    expect(await kernel.info(name)).toEqual({ name: '.', serial: '0', parent: '', depth: 0, state: 'live', persist: true, address: '00000000:00000000/0', slots });
    expect(await kernel.get(name)).toEqual([['name', '.']]);
    expect(await code(() => kernel.set(name, []))).toBe('EPERM');
    expect(await code(() => kernel.destroy(name))).toBe('EPERM');
  }
  await kernel.close();
  expect(await code(() => kernel.down([]))).toBe('ESRCH');
});

test('what cannot be registered is refused', async () => {
  const refused = (components: readonly Component<string>[]): Promise<string> => code(() => boot({ substrate: new MemorySubstrate(), components }));
  expect(await refused([counter, counter])).toBe('EEXIST');
  expect(await refused([toyComponent('a', ['nothing'])])).toBe('ENOENT');
  expect(await refused([{ ...counter, interface: 2 }])).toBe('EOPNOTSUPP');
});

test('an image is made; in the single build it is EOPNOTSUPP, and says why', async ({ task }) => {
  await using kernel = await start();
  const wanted = task.file.projectName === 'single' ? 'EOPNOTSUPP' : 'done';
  expect(await code(() => kernel.plan({ name: 'web' }))).toBe(wanted);
  expect(await code(() => kernel.create({ name: 'web' }))).toBe(wanted);
  expect(await code(() => kernel.up([{ name: 'web', pairs: [], children: [] }]))).toBe(wanted);
  expect(await code(() => kernel.params())).toBe(wanted);
  if (wanted !== 'done') await expect(kernel.create({ name: 'web' })).rejects.toThrow(/built without images \(vimage-single\)/);
});
