import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { discover } from '../src/discover.ts';
import { entryOf, load } from '../src/load.ts';
import { componentCode, field, Scratch } from './packages.ts';

function self(scratch: Scratch, at = 'app/node_modules/imgctl/dist'): string {
  mkdirSync(scratch.path(at), { recursive: true });
  const file = scratch.path(at, 'main.js');
  writeFileSync(file, '');
  return file;
}

const names = (scratch: Scratch, link?: string, asked: readonly string[] = []): readonly string[] =>
  discover({ self: self(scratch), link, asked }).found.map(({ component }) => component).filter((name) => name.startsWith('t'));

describe('discover', () => {
  it('finds packages beside imgctl, scoped ones too, and runs nothing of them', () => {
    using scratch = new Scratch();
    scratch.package('app/node_modules/one', field('tone'), 'globalThis.ran = true;');
    scratch.package('app/node_modules/@scope/two', field('ttwo'), 'globalThis.ran = true;');
    scratch.package('app/node_modules/other', undefined, 'globalThis.ran = true;');
    expect([...names(scratch)].sort()).toEqual(['tone', 'ttwo']);
    expect('ran' in globalThis).toBe(false);
  });

  it('finds packages above the link that was executed', () => {
    using scratch = new Scratch();
    scratch.package('project/node_modules/three', field('tthree'), '');
    mkdirSync(scratch.path('project/node_modules/.bin'), { recursive: true });
    expect(names(scratch, scratch.path('project/node_modules/.bin/imgctl'))).toEqual(['tthree']);
  });

  it('does not look at the current folder, unless asked', () => {
    using scratch = new Scratch();
    const evil = scratch.package('here/node_modules/evil', field('tevil'), '');
    const before = process.cwd();
    process.chdir(scratch.path('here'));
    try {
      expect(names(scratch)).toEqual([]);
      expect(names(scratch, undefined, [evil])).toEqual(['tevil']);
      expect(names(scratch, undefined, ['./node_modules/evil'])).toEqual(['tevil']);
      process.chdir(evil);
      expect(names(scratch, undefined, ['.'])).toEqual(['tevil']);
    } finally {
      process.chdir(before);
    }
  });

  it('passes over what anybody could have written', () => {
    using scratch = new Scratch();
    chmodSync(scratch.package('app/node_modules/open', field('topen'), ''), 0o777);
    scratch.package('app/node_modules/shut', field('tshut'), '');
    expect(names(scratch)).toEqual(['tshut']);
    chmodSync(scratch.path('app/node_modules'), 0o777);
    expect(names(scratch)).toEqual([]);
  });

  it('takes what was asked for before what is installed, and says so', () => {
    using scratch = new Scratch();
    const installed = scratch.package('app/node_modules/one', field('tone'), '');
    const mine = scratch.package('mine', field('tone'), '');
    const { found, warnings } = discover({ self: self(scratch), link: undefined, asked: [mine] });
    expect(found.filter(({ component }) => component === 'tone').map(({ directory }) => directory)).toEqual([mine]);
    expect(warnings).toMatchObject([{ code: 'EEXIST', message: `${installed} also carries the component "tone"; ${mine} is used` }]);
  });

  it('counts a package that two ways lead to once', () => {
    using scratch = new Scratch();
    const real = scratch.package('store/one', field('tone'), '');
    mkdirSync(scratch.path('app/node_modules'), { recursive: true });
    mkdirSync(scratch.path('project/node_modules'), { recursive: true });
    symlinkSync(real, scratch.path('app/node_modules/one'));
    symlinkSync(real, scratch.path('project/node_modules/one'));
    const { warnings } = discover({ self: self(scratch), link: scratch.path('project/node_modules/.bin/imgctl'), asked: [] });
    expect(warnings).toEqual([]);
    expect(names(scratch, scratch.path('project/x'))).toEqual(['tone']);
  });

  it.each([
    ['nothing there', 'gone', 'ENOENT'],
    ['no package.json', 'bare', 'EINVAL'],
    ['no field', 'plain', 'EINVAL'],
    ['a field of another shape', 'odd', 'EINVAL'],
  ])('refuses for --component: %s', (_what, at, code) => {
    using scratch = new Scratch();
    mkdirSync(scratch.path('bare'));
    scratch.package('plain', undefined, '');
    scratch.package('odd', { component: 7 }, '');
    expect(() => names(scratch, undefined, [scratch.path(at)])).toThrowError(expect.objectContaining({ code }));
  });

  it('warns of a package.json that cannot be read', () => {
    using scratch = new Scratch();
    const directory = scratch.package('app/node_modules/torn', field('ttorn'), '');
    writeFileSync(`${directory}/package.json`, '{"vimage": {');
    expect(discover({ self: self(scratch), link: undefined, asked: [] }).warnings).toMatchObject([{ code: 'EBADMSG' }]);
  });
});

describe('load', () => {
  const from = (scratch: Scratch, code: string, claimed: object = field('tone')): ReturnType<typeof load> => {
    const directory = scratch.package('one', claimed, code);
    const [found] = discover({ self: self(scratch), link: undefined, asked: [directory] }).found;
    if (found === undefined) throw new Error('not found');
    return load(found);
  };

  it('takes the export that package.json names', async () => {
    using scratch = new Scratch();
    expect(await from(scratch, componentCode('tone'))).toMatchObject({ name: 'tone', interface: 1 });
  });

  it.each([
    ['throws when loaded', 'throw new Error("no good\\nat all")', field('tone'), /failed when loaded: no good$/],
    ['does not parse', 'export const = ;', field('tone'), /failed when loaded/],
    ['has no such export', 'export const other = {};', field('tone'), /no export "it"/],
    ['lies about its name', componentCode('liar'), field('tone'), /names itself "liar"/],
    ['wants another interface in package.json', componentCode('tone'), field('tone', 'it', 2), /wants interface 2, this imgctl has 1/],
    ['wants another interface in its code', componentCode('tone', { interface: 9 }), field('tone'), /code wants interface 9/],
    ['declares nothing', 'export const it = { name: "tone", interface: 1 };', field('tone'), /no parameters/],
    ['declares no parameter, but a number', `${componentCode('tone')} it.params = { volume: 5 };`, field('tone'), /parameter "volume".*expected what param/],
    ['lacks a method', `${componentCode('tone')} delete it.root;`, field('tone'), /no root\(\)/],
    ['requires no list', `${componentCode('tone')} it.requires = 'net';`, field('tone'), /lists of names/],
    ['throws when looked at', 'export const it = { name: "tone", interface: 1, get params() { throw new Error("never") } };', field('tone'), /never$/],
  ])('leaves out a package that %s', async (_what, code, claimed, message) => {
    using scratch = new Scratch();
    expect(await from(scratch, code, claimed)).toMatchObject({ component: 'tone', message: expect.stringMatching(message) });
  });

  it('leaves out a package that never comes to its end, and waits for none', async () => {
    using scratch = new Scratch();
    const directory = scratch.package('one', field('tone'), 'await new Promise(() => setInterval(() => undefined, 1e6).unref());');
    const [found] = discover({ self: self(scratch), link: undefined, asked: [directory] }).found;
    expect(found && await load(found, 200)).toMatchObject({ code: 'ETIMEDOUT', component: 'tone', message: expect.stringMatching(/not loaded within 0.2 s/) });
  });

  it('reads export conditions as node does', () => {
    using scratch = new Scratch();
    const at = (exports: unknown, more: object = {}): string => entryOf(scratch.package('p', undefined, '', { exports, ...more })).slice(scratch.path('p').length + 1);
    expect(at('./a.js')).toBe('a.js');
    expect(at({ '.': { types: './t.d.ts', import: './b.js', default: './c.js' } })).toBe('b.js');
    expect(at({ '.': { browser: './x.js', node: { require: './r.cjs', default: './n.js' } } })).toBe('n.js');
    expect(at({ types: './t.d.ts', default: './d.js' })).toBe('d.js');
    expect(at(undefined, { main: 'lib/m.js' })).toBe('lib/m.js');
    expect(at(undefined)).toBe('index.js');
  });
});
