import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, workspace, World } from './lib/world.ts';

const why = cannot();

/** A component as its author would publish it: a note of the image, kept in a file that every process of the image can read. */
const code = `
import { defineComponent, listParam, param, type } from '@vimage/core';

export const tag = defineComponent({
  name: 'tag', interface: 1, describe: 'notes that an image carries',
  params: {
    colour: param(type.enum(['red', 'green', 'blue']), { access: 'rw', describe: 'what it looks like', example: 'green' }),
    level: param(type.int({ min: 1, max: 9 }), { access: 'rw', describe: 'how much', example: '3', order: 'min' }),
    words: listParam(type.string(), { access: 'rw', describe: 'anything', example: 'a,b' }),
    host: param(type.address(), { access: 'create', describe: 'where it came from', example: '192.0.2.1' }),
    age: param(type.string(), { access: 'ro', describe: 'only shown', example: 'old' }),
  },
  root: () => ({ file: undefined }),
  async create({ stage, values }) {
    if (values.words?.includes('fail')) throw Object.assign(new Error('cannot be made'), { code: 'EIO' });
    return { file: await stage.file('tag', 'note', JSON.stringify(values)) };
  },
  save: ({ file }) => [['file', file]],
  restore: (saved) => ({ file: saved[0][1] }),
  async set(instance, { stage, values }) {
    await stage.file('tag', 'note', JSON.stringify(values));
    return { notes: [] };
  },
  get: () => [['age', 'young']],
  entry: () => [],
});
`;

describe.skipIf(why !== undefined)(`a component from outside${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let at: string;
  const tagged = (...args: readonly string[]): Promise<string> => world.ok(...args, '--component', at);

  beforeAll(async () => {
    world = await World.open();
    at = path.join(world.scratch, 'node_modules/vimage-tag');
    mkdirSync(path.join(world.scratch, 'node_modules/@vimage'), { recursive: true });
    symlinkSync(path.join(workspace, 'packages/core'), path.join(world.scratch, 'node_modules/@vimage/core'));
    mkdirSync(at);
    writeFileSync(path.join(at, 'package.json'), JSON.stringify({
      name: 'vimage-tag', version: '0.3.0', type: 'module', exports: './index.js', vimage: { component: 'tag', export: 'tag', interface: 1 },
    }));
    writeFileSync(path.join(at, 'index.js'), code);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('is not there unless it is named, also not from its own folder', async () => {
    const result = await world.run(['sh', '-c', `cd ${world.scratch} && exec ${process.execPath} ${mainFile} create name t vir tag`]);
    expect(result.status).toBe(1);
    expect(result.err).toContain('no component "tag"');
  });

  it('components, params, help', async () => {
    expect(await tagged('components')).toMatch(/^tag +- +vimage-tag 0\.3\.0 +notes that an image carries$/m);
    expect(await tagged('params', 'tag')).toMatch(/^tag +level +rw +int +3 +how much$/m);
    expect(await tagged('params', 'tag.colour')).toContain('expects   "red", "green" or "blue"');
    expect(await tagged('create', '--help')).toContain('vir tag colour green');
    expect(await tagged('set', '--help')).toContain('vir tag colour green');
    const schema = JSON.parse(await tagged('params', '--schema')) as { properties: Record<string, unknown> };
    expect(JSON.stringify(schema.properties['tag'])).toContain('how much');
  });

  it('create, get, set, ls, destroy', async () => {
    await tagged('create', 'name', 't', 'vir', 'tag', 'colour', 'red', 'words', 'x,y', 'host', 'localhost4.invalid').catch(() => undefined);
    await tagged('create', 'name', 't', 'vir', 'tag', 'colour', 'red', 'words', 'x,y', 'host', '192.0.2.7');
    expect(await tagged('get', 't')).toBe('name=t\npersist=true\nvir tag\n  colour=red\n  words=x,y\n  host=192.0.2.7\n');
    expect(await tagged('get', '-a', 't')).toContain('age=young');
    expect(await tagged('ls')).toMatch(/^t +live +yes +tag$/m);
    expect(await tagged('set', 't', 'vir', 'tag', 'colour', 'blue')).toBe('t: changed tag.colour\n');
    expect(await tagged('get', 't')).toContain('colour=blue');
    expect((await world.imgctl('set', 't', 'vir', 'tag', 'host', '192.0.2.8', '--component', at)).err).toContain('EROFS');
  });

  it('without it, its images are shown and left alone', async () => {
    expect(await world.ok('ls')).toMatch(/^t /m);
    const result = await world.imgctl('destroy', 't');
    expect(result.status).toBe(1);
    expect(result.err).toContain('"tag"');
    expect(await tagged('ls')).toMatch(/^t +live/m);
  });

  it('its own errors', async () => {
    expect((await world.imgctl('create', 'name', 'u', 'vir', 'tag', 'colour', 'pink', '--component', at)).err).toContain('EINVAL: "colour" of "vir tag": expected "red", "green" or "blue"');
    expect((await world.imgctl('create', 'name', 'u', 'vir', 'tag', 'words', 'fail', '--component', at)).err).toContain('EIO: cannot be made');
    expect(await tagged('ls')).not.toMatch(/^u /m);
  });

  it('completion', async () => {
    const complete = async (...words: readonly string[]): Promise<readonly string[]> => (await world.ok('__complete', 'bash', '--component', at, ...words)).trim().split('\n');
    expect(await complete('create', 'name', 'n', 'vir', 't')).toEqual(['tag', 'time']);
    expect(await complete('create', 'name', 'n', 'vir', 'tag', '')).toEqual(['colour', 'level', 'words', 'host', 'share', 'vir']);
    expect(await complete('create', 'name', 'n', 'vir', 'tag', 'colour', '')).toEqual(['red', 'green', 'blue']);
    expect(await complete('create', 'name', 'n', 'vir', 'tag', 'colour=g')).toEqual(['colour=green']);
    expect(await complete('set', 't', 'vir', 'tag', '')).toEqual(['colour', 'level', 'words', 'vir']);
    expect(await complete('get', '')).toEqual(['t']);
    expect(await complete('params', 'tag.c')).toEqual(['tag.colour']);
  });

  it('up and down', async () => {
    const file = world.file('tag.rc', 'image v { vir tag { colour green; level 4; } }\n');
    expect(await tagged('up', file)).toContain('created   v');
    expect(await tagged('up', file)).toContain('1 kept');
    expect(await tagged('down', file)).toMatch(/^removed v/);
    expect(await tagged('destroy', 't')).toMatch(/^removed t/);
  });

  it('a broken one is one line of warning, and only its own images fail', async () => {
    const broken = path.join(world.scratch, 'broken');
    mkdirSync(broken);
    writeFileSync(path.join(broken, 'package.json'), JSON.stringify({ name: 'broken', type: 'module', exports: './index.js', vimage: { component: 'bad', export: 'bad', interface: 1 } }));
    writeFileSync(path.join(broken, 'index.js'), 'throw new Error("is broken");');
    const listed = await world.imgctl('ls', '--component', broken);
    expect(listed.status).toBe(0);
    expect(listed.err).toBe('imgctl: warning: component "bad" of broken is left out: it failed when loaded: is broken\n');
    const made = await world.imgctl('create', 'name', 'w', 'vir', 'bad', '--component', broken);
    expect(made.status).toBe(1);
    expect(made.err).toContain('ENOENT: component "bad" of broken is left out: it failed when loaded: is broken');
  });
});
