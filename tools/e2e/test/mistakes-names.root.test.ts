import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, World } from './lib/world.ts';
import { mistake, mistakes } from './lib/wrong.ts';

const why = cannot();
const long = 'x'.repeat(300);

describe.skipIf(why !== undefined)(`names that users get wrong${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  beforeAll(async () => {
    world = await World.open();
    await world.ok('create', 'name', 'web', 'vir', 'net');
    before = await world.traces();
  });
  afterAll(async () => {
    await world.imgctl('destroy', 'web');
    await world[Symbol.asyncDispose]();
  });

  it('300 bytes, wherever a name can be', async () => {
    const inPair = /ENAMETOOLONG: .*(?:of at most 255 bytes in all, not 300|1 to 15 bytes.*300 bytes)/;
    const whole = /ENAMETOOLONG: "x{40}\.\.\." is too long: a whole name has at most 255 bytes, this has 300\n +choose shorter names/;
    await mistakes(world, [
      [1, ['create', 'name', long, 'vir', 'net'], inPair],
      [1, ['create', 'name', 'a', 'parent', long], inPair],
      [1, ['create', 'name', 'a', 'vir', 'net', 'share', long], inPair],
      [1, ['create', 'name', 'a', 'vir', 'net', 'veth', `eth0=${long}:x`], inPair],
      [1, ['create', 'name', 'a', 'vir', 'net', 'veth', `${long}=parent`], inPair],
      [1, ['create', 'name', 'a', 'vir', 'net', 'if', long], inPair],
      [1, ['create', 'name', 'x'.repeat(64), 'vir', 'net'], /ENAMETOOLONG: .*each of at most 63 bytes, not ".*" \(64 bytes\)/],
      [1, ['create', 'name', 'a', long, 'x'], /ENAMETOOLONG: the key .* is longer than 256 bytes|EINVAL: .*has no parameter/],
      [1, ['create', 'name', 'a', 'vir', long], /ENOENT: no component .*\n +found: (\w+, )*net, (\w+, )*proc/],
      [125, ['run', 'name', long, 'vir', 'proc', '--', 'true'], inPair],
      ...['get', 'destroy', 'ps', 'kill', 'refs', 'wait', 'ls'].map((verb) => [1, [verb, long], whole] as const),
      [1, ['set', long, 'persist', 'true'], whole],
      [125, ['exec', long, '--', 'true'], whole],
    ]);
    expect(await world.traces()).toEqual(before);
  });

  it('a parent that is missing, or has no room', async () => {
    await mistakes(world, [
      [1, ['create', 'name', 'a', 'parent', 'nowhere'], /ESRCH: no image "nowhere" to make "a" in\n +create the parent first, with children\.max above 0/],
      [1, ['create', 'name', 'nowhere.a', 'vir', 'net'], /ESRCH: no image "nowhere" to make "a" in\n +create the parent first/],
      [1, ['create', 'name', 'web.b.a', 'vir', 'net'], /ESRCH: no image "web\.b" to make "a" in\n +create the parent first/],
      [1, ['create', 'name', 'web.a', 'vir', 'net'], /EPERM: image "web" has 0 children and children\.max 0\n +imgctl set web children\.max 8 makes room for 8/],
      [1, ['create', 'name', 'a', 'vir', 'net', 'share', 'nowhere'], /ESRCH: no image "nowhere"\n +imgctl ls lists/],
      [1, ['create', 'name', 'a', 'vir', 'net', 'veth', 'eth0=nowhere:x'], /ESRCH: veth: no image "nowhere"\n +imgctl ls shows/],
    ]);
    expect(await world.traces()).toEqual(before);
  });

  it('what is said to do about it works', async () => {
    await world.ok('set', 'web', 'children.max', '8');
    await world.ok('create', 'name', 'web.a', 'vir', 'net');
    expect(await mistake(world, 1, 'set', 'web', 'children.max', '9')).toMatch(/EBUSY: children\.max of "web" is fixed while it has children\n +remove them first/);
    await world.ok('destroy', 'web.a');
    await world.ok('set', 'web', 'children.max', '0');
  });

  it('a NUL in any word of a file', async () => {
    const words = ['image', 'web2', 'persist', 'true', 'vir', 'net', 'hosts', '10.1.1.1=a', 'proc', 'oneway', 'false'];
    const [image = '', name = '', ...rest] = words;
    const text = (at: number): string => {
      const put = (word: string, i: number): string => (i === at ? `${word.slice(0, 1)}\0${word.slice(1)}` : word);
      const [persist, yes, vir, net, hosts, host, proc, oneway, no] = rest.map((word, i) => put(word, i + 2));
      return `${put(image, 0)} ${put(name, 1)} { ${persist} "${yes}"; ${vir} ${net} { ${hosts} "${host}"; } vir ${proc} { ${oneway} "${no}"; } }\n`;
    };
    await mistakes(world, words.map((_, at) => [1, ['up', world.file(`nul-${at}.rc`, text(at))], new RegExp(`EINVAL: .*nul-${at}\\.rc:1:\\d+|EINVAL: [^\\n]*(?:control|NUL)[^\\n]*`)] as const));
    expect(await world.traces()).not.toContain('file ./vimage/img/web2');
  });
});
