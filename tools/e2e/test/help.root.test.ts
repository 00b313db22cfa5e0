import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, World } from './lib/world.ts';

const why = cannot();

/** The examples of a command's help, made from the components that are installed. */
describe.skipIf(why !== undefined)(`what help shows can be typed${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;

  beforeAll(async () => {
    world = await World.open();
    await world.ok('create', 'name', 'lab', 'children.max', '4');
  });
  afterAll(async () => {
    await world.imgctl('destroy', '-g', '0', 'lab');
    await world[Symbol.asyncDispose]();
  });

  /** Its examples; the command that runs in an image is `true`. */
  const examples = async (name: string): Promise<readonly string[]> => {
    const help = await world.json(name, '--help') as { readonly examples: readonly { readonly line: string }[] };
    return help.examples.map(({ line }) => line.replace(/ -- .*/, ' -- true'));
  };
  const type = async (line: string): Promise<void> => {
    const { status, err } = await world.imgctl(...line.split(' ').slice(1));
    expect({ line, status, err: err.replace(/^imgctl: warning.*\n/gm, '') }).toEqual({ line, status: 0, err: '' });
  };

  it('create, set, exec, run', async () => {
    const lines = await examples('create');
    expect(lines[0]).toMatch(/^imgctl create name web vir \S+ \S+ /);
    const dry = (line: string): string => line.replace(/create (?:--dry-run )?/, 'create --dry-run ');
    for (const line of lines.filter((each) => !each.includes(' share '))) await type(dry(line));
    await type(lines[0] ?? '');
    for (const line of lines.filter((each) => each.includes(' share '))) await type(dry(line));
    for (const line of [...await examples('set'), ...await examples('exec')]) await type(line);
    await world.ok('destroy', '-g', '0', 'web');
    for (const line of await examples('run')) await type(line);
  });
});
