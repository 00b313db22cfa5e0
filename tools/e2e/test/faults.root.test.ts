import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, workspace, World, type Result } from './lib/world.ts';

const why = cannot();

/** A component with a namespace of its own, of which `more` changes something. */
const code = (more: string): string => `
import { writeFileSync } from 'node:fs';
import { create, joinStep, linuxOf, openSelf } from '@vimage/linux';
const bad = {
  name: 'bad', interface: 1, describe: 'a component that does not do its part', params: {}, patience: 1,
  root: () => ({ ns: openSelf('uts') }),
  async create(cx) {
    const { serial } = cx.image;
    const ns = create('uts');
    cx.scope.defer(() => ns.close());
    await linuxOf(cx.substrate).pin(serial, 'uts', ns);
    cx.scope.defer(async () => (await linuxOf(cx.substrate).pinner()).unpin(serial, 'uts'));
    return { serial, ns };
  },
  save: () => [], restore: async (saved, cx) => ({ serial: cx.image.serial, ns: await linuxOf(cx.substrate).openPin(cx.image.serial, 'uts', 'uts') }),
  forget: ({ ns }) => ns.close(),
  entry: ({ serial, ns }) => [joinStep(serial, 'uts', ns)],
};
const { create: made } = bad;
${more}
export { bad };
`;

describe.skipIf(why !== undefined)(`components that do not do their part${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let modules: string;

  beforeAll(async () => {
    world = await World.open();
    modules = path.join(world.scratch, 'node_modules');
    mkdirSync(path.join(modules, '@vimage'), { recursive: true });
    for (const name of ['core', 'linux']) symlinkSync(path.join(workspace, 'packages', name), path.join(modules, '@vimage', name));
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const write = (name: string, more: string): string => {
    const at = path.join(modules, `vimage-${name}`);
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, 'package.json'), JSON.stringify({ name: `vimage-${name}`, version: '1.0.0', type: 'module', exports: './index.js', vimage: { component: 'bad', export: 'bad', interface: 1 } }));
    writeFileSync(path.join(at, 'index.js'), code(more));
    return at;
  };
  const nothingLeft = async (): Promise<void> => {
    expect(await world.ok('ls', '--json')).toBe('[]\n');
    expect((await world.run(['sh', '-c', 'ls -A /run/vimage 2>/dev/null'])).out).toBe('');
  };
  /** Others' images are made, listed and removed as ever. */
  const othersWork = async (at: string): Promise<Result> => {
    const made = await world.imgctl('create', 'name', 'other', 'vir', 'net', '--component', at);
    expect([made.status, made.status === 0 ? '' : made.err]).toEqual([0, '']);
    expect(await world.ok('ls')).toMatch(/^other +live/m);
    const removed = await world.imgctl('destroy', 'other', '--component', at);
    expect([removed.status, removed.out]).toEqual([0, 'removed other\n']);
    return made;
  };

  it.each([
    ['never comes to its end when loaded', 'await new Promise(() => undefined);', /component "bad" of vimage-\d+ is left out: it was not loaded within 5 s/],
    ['leaves something running', 'setInterval(() => undefined, 1000);', /a component left something running, which ends now/],
    ['throws when nobody has asked it', 'setTimeout(() => { throw new TypeError("nobody asked"); }, 1);', /component "bad" failed outside of what it was asked: TypeError: nobody asked/],
    ['rejects when nobody has asked it', 'void Promise.reject(new Error("nobody waits"));', /component "bad" failed outside of what it was asked: Error: nobody waits/],
    ['requires what nobody has', 'bad.requires = ["moon"];', /left out: component "bad" requires "moon", which is not registered/],
    ['comes after itself', 'bad.after = ["bad"];', /left out: component "bad" comes after itself/],
    ['has no parameters but numbers', 'bad.params = { one: 1 };', /left out: parameter "one" of component "bad": expected what param\(\)/],
    ['has nothing that img0 has', 'bad.root = () => { throw new Error("no root"); };', undefined],
  ])('one that %s', async (what, more, warning) => {
    const at = write(String(what.length), more);
    const { err } = await othersWork(at);
    if (warning === undefined) expect(err).toBe('');
    else expect(err).toMatch(new RegExp(`^imgctl: warning: .*${warning.source}`));
    await nothingLeft();
  });

  it.each([
    ['throws', 'bad.create = async (cx) => { await made(cx); throw new TypeError("halfway"); };', 'EIO: component "bad" failed in create(): TypeError: halfway\n  a fault of the component, not of what was asked\n'],
    ['never comes back', 'bad.create = async (cx) => { await made(cx); await new Promise(() => setInterval(() => undefined, 1000)); };', 'ETIMEDOUT: component "bad" has not come back from create() within 1 s\n  a fault of the component; "patience" says how many seconds it may take\n'],
    ['makes rubbish', 'bad.save = () => ["no pairs"];', 'EIO: component "bad" gave something else than pairs of texts (no key empty, none of "vimage.") from save()\n  a fault of the component, not of what was asked\n'],
  ])('one whose making %s leaves nothing', async (what, more, said) => {
    const at = write(what.replaceAll(' ', '-'), more);
    const { status, err } = await world.imgctl('create', 'name', 'half', 'vir', 'net', 'vir', 'bad', '--component', at);
    expect([status, err.split('\n').filter((line) => !line.includes('left something running')).join('\n')]).toEqual([1, `imgctl: ${said}`]);
    await nothingLeft();
  });

  it('one that does not let go of the thread ends with imgctl; the next command clears up', async () => {
    const at = write('spins', 'bad.create = async (cx) => { await made(cx); writeFileSync(process.env.READY, ""); for (;;); };');
    const ready = path.join(world.scratch, 'ready');
    const spinning = world.spawn([process.execPath, mainFile, 'create', 'name', 'half', 'vir', 'net', 'vir', 'bad', '--component', at], { env: { READY: ready }, stdio: 'ignore' });
    while ((await world.run(['test', '-e', ready])).status !== 0) await sleep(20);
    const ended = once(spinning, 'exit');
    spinning.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(await world.ok('gc')).toContain('removed what was left of "half"');
    await nothingLeft();
  });

  it('one that can no longer remove what it made keeps no name', async () => {
    const at = write('stays', '');
    await world.ok('create', 'name', 'old', 'vir', 'net', 'vir', 'bad', '--component', at);
    write('stays', 'bad.remove = () => { throw new TypeError("cannot"); };');
    const { status, out, err } = await world.imgctl('destroy', 'old', '--component', at);
    expect([status, err, out]).toEqual([0, '', 'removed old\n  bad of old: component "bad" failed in remove(): TypeError: cannot\n']);
    await nothingLeft();
  });
});
