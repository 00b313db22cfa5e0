import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, World } from './lib/world.ts';
import { mistake, mistakes } from './lib/wrong.ts';

const why = cannot();
const at = (name: string): string => `/run/vimage/img/${name}`;

/** Ways to lose an image's entry, as a shell does them, and what is said of each. */
const damages: Readonly<Record<string, readonly [script: string, said: RegExp]>> = {
  cut: [`truncate -s 100 ${at('cut')}/plan`, /plan: damaged pairs/],
  garbage: [`head -c 700 /dev/urandom > ${at('garbage')}/plan`, /plan: (?:damaged pairs|not a plan)/],
  empty: [`: > ${at('empty')}/plan`, /plan: the file is empty/],
  noplan: [`rm ${at('noplan')}/plan`, /plan.removing.*ENOENT/],
  other: [`printf 'vimage-plan\\0002\\0' > ${at('other')}/plan`, /a plan of version "2", expected 1/],
  pairs: [`printf x >> ${at('pairs')}/pairs`, /pairs: the pairs are not those of the plan/],
  nopairs: [`rm ${at('nopairs')}/pairs`, /pairs: ENOENT/],
  owner: [`chown 65534 ${at('owner')}/plan`, /plan: expected a plain file of uid 0 that nobody else may write/],
  mode: [`chmod 666 ${at('mode')}/pairs`, /pairs: expected a plain file of uid 0 that nobody else may write/],
  link: [`mv ${at('link')}/plan /run/elsewhere; ln -s /run/elsewhere ${at('link')}/plan`, /plan: ELOOP/],
  lock: [`: > ${at('lock')}/plan; head -c 200 /dev/urandom > ${at('lock')}/lock`, /plan: the file is empty/],
};
const names = Object.keys(damages);

describe.skipIf(why !== undefined)(`a damaged registry${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('hides only the image that was damaged; destroy, as is said, gives back what it had', { timeout: 120_000 }, async () => {
    // The one whose lock is damaged too has nothing that could run on.
    const text = names.map((name) => `image ${name} { vir net { veth "eth0=parent:${name}0"; } ${name === 'lock' ? '' : 'vir proc;'} }`).join('\n');
    await world.ok('up', world.file('damaged.rc', `${text}\nimage good { vir proc; }\n`));
    await world.ok('exec', '-d', 'cut', '--', 'sh', '-c', 'exec sleep 840 >/dev/null 2>&1');
    for (const [script] of Object.values(damages)) await world.sh(script);

    const listed = await world.imgctl('ls');
    expect(listed.status).toBe(0);
    expect(listed.out).toMatch(/^good +live/m);
    for (const name of names) {
      expect(listed.out).toMatch(new RegExp(`^${name} +damaged`, 'm'));
      expect(listed.err).toMatch(new RegExp(`warning: ${name} is damaged: .*imgctl get ${name} says what to do`));
    }
    await mistakes(world, names.map((name) => [1, ['get', name], new RegExp(`EBADMSG: image "${name}" is damaged: .*${damages[name]?.[1].source}(?:.*\\n)+ +imgctl destroy ${name} removes it`)] as const));
    const verbs: readonly (readonly [number, readonly string[]])[] = [
      [125, ['exec', 'cut', '--', 'echo', 'ran']], [1, ['set', 'cut', 'persist', 'true']], [1, ['ps', 'cut']], [1, ['kill', 'cut']], [1, ['refs', 'cut']], [1, ['wait', 'cut']],
      [1, ['create', 'name', 'cut', 'vir', 'proc']], [1, ['create', 'name', 'cut.inner', 'vir', 'proc']], [1, ['create', 'name', 'peer', 'vir', 'proc', 'share', 'cut']],
    ];
    await mistakes(world, verbs.map(([status, args]) => [status, args, /EBADMSG: image "cut" is damaged: (?:.*\n)+ +imgctl destroy cut removes it/] as const));
    expect(await world.ok('gc')).toBe('');

    const removed = await world.ok('destroy', '--grace', '0', ...names);
    expect(removed).toMatch(new RegExp(`^removed ${names.join(', ')}$`, 'm'));
    expect(removed).toMatch(/what "lock" had cannot be told/);
    expect(await world.ok('ls')).toMatch(/^NAME.*\ngood +live.*\n$/);
    await world.ok('gc');
    await world.ok('destroy', 'good');
    await world.sh('rm -f /run/elsewhere');
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  });

  it('a damaged parent is removed with all that is in it, and a damaged child with its parent', async () => {
    const text = 'image up { children.max 3; vir proc; image in { children.max 3; vir net { veth "eth0=parent:u0"; } image deep { vir proc; } } } image peer { vir proc share up.in.deep; }\n';
    await world.ok('up', world.file('nested.rc', text));
    await world.sh(`: > ${at('up')}/plan`);
    expect(await mistake(world, 1, 'get', 'up.in')).toMatch(/ESRCH|EBADMSG/);
    expect(await mistake(world, 1, 'destroy', 'up')).toMatch(/EBUSY: image "peer" uses what "up\.in\.deep" made\n +imgctl destroy peer first/);
    expect(await world.ok('destroy', 'peer', 'up')).toMatch(/^removed peer, up$/m);
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);

    await world.ok('up', world.file('nested.rc', text.replace(/ image peer.*/, '')));
    await world.sh(`: > ${at('up')}/img/in/plan`);
    expect(await world.ok('destroy', 'up')).toMatch(/^removed up\.in, up$/m);
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  });

  it('what vimage did not make is none of its business', async () => {
    await world.ok('create', 'name', 'web', 'vir', 'proc');
    await world.sh(`echo x > ${at('stray')}; mv ${at('web')} ${at('moved')}`);
    expect(await mistake(world, 1, 'destroy', 'stray')).toMatch(/EBADMSG: image "stray" is damaged: .*not the directory of an image\n +it was not made by vimage: move it away\n$/);
    expect(await mistake(world, 1, 'destroy', 'moved')).toMatch(/it holds "web" and stands where "moved" should\n +move the directory back to where it was\n$/);
    await world.sh(`rm ${at('stray')}; mv ${at('moved')} ${at('web')}`);
    expect(await world.ok('destroy', 'web')).toBe('removed web\n');
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  });

  it('a journal that is damaged: said, and no other image is touched by it', async () => {
    await world.ok('create', 'name', 'web', 'vir', 'net', 'veth', 'eth0=parent:w0');
    await world.sh(`{ head -c 60 /dev/zero; head -c 60 /dev/urandom; } > ${at('web')}/journal`);
    expect(await mistake(world, 1, 'destroy', 'web')).toMatch(/EBADMSG: .*journal.*\n +.*(?:by hand, then remove the file|another version)/);
    const other = await world.imgctl('create', 'name', 'other', 'vir', 'proc');
    expect(other.status, other.err).toBe(0);
    expect(other.err).toMatch(/warning: gc: web was left alone: .*journal/);
    await world.sh(`rm ${at('web')}/journal`);
    await world.ok('destroy', 'web', 'other');
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  });

  it('a registry that is another’s, or none', async () => {
    await world.ok('create', 'name', 'web', 'vir', 'proc');
    for (const [spoil, mend] of [['chmod 755 /run/vimage', 'chmod 700 /run/vimage'], ['chown 65534 /run/vimage', 'chown 0 /run/vimage'], ['mv /run/vimage /run/aside; ln -s aside /run/vimage', 'rm /run/vimage; mv /run/aside /run/vimage']] as const) {
      await world.sh(spoil);
      await mistakes(world, [[1, ['ls'], /EPERM: \/run\/vimage: expected a directory of uid 0 with mode 0700\n +if vimage made it, put that right/], [125, ['exec', 'web', '--', 'true'], /EPERM: \/run\/vimage/], [1, ['create', 'name', 'x', 'vir', 'proc'], /EPERM: \/run\/vimage/]]);
      await world.sh(mend);
    }
    await world.sh('echo rubbish > /run/vimage/generation');
    expect(await world.ok('ls')).toMatch(/^web +live/m);
    await world.ok('destroy', 'web');
    await expect.poll(() => world.traces(), { timeout: 5000 }).toEqual(before);
  });
});
