import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, missing, workspace, World } from './lib/world.ts';

const why = cannot();

describe.skipIf(why !== undefined)(`graph${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('says that there is nothing', async () => {
    expect(await world.ok('graph')).toBe('there are no images; imgctl create makes one\n');
    expect(await world.json('graph')).toEqual({ nodes: [{ id: '.', kind: 'image', name: '.', state: 'live' }], edges: [] });
  });

  it('draws the picture of the site', async () => {
    const at = path.join(workspace, 'tools/site/pictures/lab');
    await world.ok('up', `${at}.conf`);
    expect(await world.ok('graph', '--format', 'svg')).toBe(readFileSync(`${at}.svg`, 'utf8'));
    await world.ok('down', `${at}.conf`);
  });

  it('draws what there is, whoever made it first, and what is left of the removed', async () => {
    await world.ok('up', world.file('graph.rc', 'image lab { children.max 3; vir net; image deep { vir net; vir proc; } }\n'));
    await world.ok('create', 'name', 'a', 'vir', 'net', 'share', 'lab.deep');
    await world.ok('create', 'name', 'b', 'vir', 'net', 'share', 'lab.deep');
    const { edges } = await world.json('graph') as { readonly edges: readonly object[] };
    expect(edges).toEqual(expect.arrayContaining([
      { from: '.', to: 'lab', kind: 'child' }, { from: 'lab', to: 'lab.deep', kind: 'child' },
      { from: 'a', to: 'net@lab.deep', kind: 'share', component: 'net' }, { from: 'b', to: 'net@lab.deep', kind: 'share', component: 'net' },
      { from: 'lab.deep', to: 'net@lab.deep', kind: 'own', component: 'net' }, { from: 'a', to: 'proc@img0', kind: 'inherit', component: 'proc' },
    ]));
    expect((await world.ok('graph')).match(/▶ net of lab\.deep/g)).toHaveLength(1);
    expect(await world.ok('graph', 'lab.deep')).not.toContain('┌ a ');
    expect((await world.run([process.execPath, mainFile, 'graph'], { env: { LC_ALL: 'C' } })).out).toMatch(/^[\x20-\x7e\n]+$/);

    await world.ok('destroy', 'lab');
    const after = await world.ok('graph');
    expect(after.match(/▶ net of lab\.deep \(gone\)/g)).toHaveLength(1);
    expect(after).toContain('┌ lab.deep · dying ');
    expect(after).not.toContain('lab.deep (gone) (gone)');
  });

  it('makes SVG that is well-formed', async () => {
    const svg = await world.ok('graph', '--format', 'svg');
    expect(svg).toContain('</svg>');
    const xml = missing('python3', 'python3');
    if (xml !== undefined) return;
    const at = world.file('graph.svg', svg);
    expect(await world.sh(`python3 -c 'import sys, xml.dom.minidom as m; print(m.parse(sys.argv[1]).documentElement.tagName)' ${at}`)).toBe('svg\n');
  });

  it('refuses a format that there is not, and two at once', async () => {
    expect(await world.imgctl('graph', '--format', 'png')).toMatchObject({ status: 2, out: '', err: expect.stringContaining('expected one of text, mermaid, dot, svg, not "png"') as string });
    expect(await world.imgctl('graph', '--format', 'dot', '--json')).toMatchObject({ status: 2, out: '' });
    expect(await world.imgctl('graph', 'nosuch')).toMatchObject({ status: 1, err: expect.stringContaining('ESRCH') as string });
    expect((await world.imgctl('__complete', 'fish', 'graph', '--format', '')).out).toBe('text\nmermaid\ndot\nsvg\n');
  });

  it('leaves nothing', async () => {
    await world.ok('destroy', 'a', 'b');
    expect(await world.traces()).toEqual(before);
  });
});
