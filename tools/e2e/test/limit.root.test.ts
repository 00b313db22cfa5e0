import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, World } from './lib/world.ts';
import { mistakes } from './lib/wrong.ts';

/** Where a v1 hierarchy is mounted, and our own cgroup in it. */
function v1(controller: string): { readonly mount: string; readonly own: string } | undefined {
  const mount = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').find((line) => / - cgroup /.test(line) && line.split(' - ')[1]?.split(' ')[2]?.split(',').includes(controller) === true)?.split(' ')[4];
  const path = readFileSync('/proc/self/cgroup', 'utf8').split('\n').map((line) => line.split(':')).find(([, names]) => names?.split(',').includes(controller) === true)?.[2];
  return mount === undefined || path === undefined ? undefined : { mount, own: `${mount}${path === '/' ? '' : path}` };
}

const missing = ['memory', 'pids', 'cpu'].filter((controller) => v1(controller) === undefined);
const why = cannot() ?? (missing.length === 0 ? undefined : `needs v1 hierarchies with ${missing.join(', ')}`);

/** Cgroups of images where they are limited. */
const limits = (): readonly string[] => ['memory', 'pids', 'cpu'].flatMap((controller) => {
  const top = `${v1(controller)?.own ?? ''}/vimage`;
  return existsSync(top) ? readdirSync(top).filter((name) => /^\d+$/.test(name)).map((name) => `${controller} ${name}`) : [];
});

describe.skipIf(why !== undefined)(`limits${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { name, depth } of await world.json('ls') as { name: string; depth: number }[]) if (depth === 1) await world.imgctl('destroy', '--grace', '0', name);
  });
  const gone = async (): Promise<void> => {
    await expect.poll(async () => {
      await world.ok('gc');
      return [...(await world.traces()), ...limits()];
    }, { timeout: 10_000 }).toEqual(before);
  };

  it('who starts ever more processes stops at as many, and nobody else; they are swept up', async () => {
    await world.ok('create', 'name', 'web', 'vir', 'limit', 'pids', '40', 'vir', 'proc');
    const exec = (...command: readonly string[]): ReturnType<World['spawn']> => world.spawn([process.execPath, mainFile, 'exec', 'web', '--', ...command], { stdio: 'ignore' });
    const used = async (): Promise<string | undefined> => /pids\.used=(\d+)/.exec(await world.ok('get', '-a', 'web'))?.[1];
    const bomb = exec('sh', '-c', 'for i in $(seq 100); do sleep 1000 & done');
    await once(bomb, 'exit');
    expect(await used(), 'the shell itself was one').toBe('39');
    const last = exec('sleep', '1000');
    await expect.poll(used, { timeout: 20_000 }).toBe('40');
    expect(await world.imgctl('exec', 'web', '--', 'true')).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: EAGAIN: web: it has as many processes as it may have/) });
    expect(await world.sh('echo here')).toBe('here\n');
    expect(await world.ok('destroy', '--grace', '0', 'web')).toMatch(/^removed web/);
    await (last.exitCode === null && last.signalCode === null ? once(last, 'exit') : undefined);
    await gone();
  });

  it('who takes more memory is killed; the image goes with him', async () => {
    const { status } = await world.imgctl('run', 'vir', 'limit', 'memory', '32m', '--', 'sh', '-c', 'head -c 100m /dev/zero | tail');
    expect(status).toBe(137);
    await gone();
  });

  it('a killed imgctl leaves nothing', async () => {
    const child = world.spawn([process.execPath, mainFile, 'run', 'name', 'web', 'vir', 'limit', 'memory', '64m', 'pids', '9', 'cpu', '1', '--', 'sleep', '1000'], { stdio: 'ignore' });
    await expect.poll(() => world.ok('ps'), { timeout: 20_000 }).toContain('sleep 1000');
    expect(limits()).toHaveLength(3);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await gone();
  });

  it('in a file; the second time nothing is changed', async () => {
    const file = (pids: number): string => world.file('limit.rc', `image lab { children.max 1; vir limit { cpu 150%; memory 256m; pids ${pids}; optional cpu,pids; } image web { vir limit { files 64; } } }\n`);
    expect(await world.ok('up', file(50))).toContain('2 images: 2 created');
    expect(await world.ok('up', file(50))).toContain('2 images: 2 kept');
    expect(await world.ok('up', file(60))).toContain('changed   lab: limit.pids');
    expect(await world.ok('get', 'lab')).toBe('name=lab\npersist=true\nchildren.max=1\nvir limit\n  cpu=1.5\n  memory=256m\n  pids=60\n  optional=cpu,pids\n');
    await world.ok('down', file(60));
    await gone();
  });

  it('from which root can move itself out that is the machine’s, and cannot where the image has users of its own', async () => {
    const move = `echo 0 > ${v1('memory')?.own ?? ''}/cgroup.procs && cat /proc/self/cgroup`;
    await world.ok('create', 'name', 'open', 'vir', 'limit', 'memory', '64m');
    await world.ok('create', 'name', 'shut', 'vir', 'limit', 'memory', '64m', 'vir', 'user');
    expect((await world.imgctl('exec', 'open', '--', 'sh', '-c', move)).out).not.toMatch(/memory:.*\/vimage\//);
    const { status, err, out } = await world.imgctl('exec', 'shut', '--', 'sh', '-c', move);
    expect([status, out]).toEqual([expect.not.stringMatching(/^0$/), '']);
    expect(err).toMatch(/[Pp]ermission denied/);
    await world.ok('destroy', 'open', 'shut');
    await gone();
  });

  it('what users get wrong', async () => {
    await world.ok('create', 'name', 'ok', 'children.max', '2', 'vir', 'limit', 'pids', '20', 'cpu', '1');
    const web = (...words: readonly string[]): readonly string[] => ['create', 'name', 'ok.web', 'vir', 'limit', ...words];
    await mistakes(world, [
      [1, web('cpu', '0'), /ERANGE: "cpu" of "vir limit": expected a number of CPUs, as 1\.5 or 150%/],
      [1, web('cpu', '1,5'), /EINVAL: "cpu" of "vir limit": expected a number of CPUs.*\n(?:.*\n)* +write 1\.5 or 150%/],
      [1, web('memory', '512'), /ERANGE: "memory" of "vir limit": expected a size in bytes/],
      [1, web('memory', '64mb'), /EINVAL: "memory" of "vir limit"/],
      [1, web('optional', 'files'), /EINVAL: "optional" of "vir limit": expected "memory", "pids" or "cpu"/],
      [1, web('cputime', '1500ms'), /EINVAL: cputime 1500ms: the kernel counts in whole seconds\n +say 2s/],
      [1, web('pids', '21'), /EPERM: limit\.pids 21 permits more than image "ok" does: it has 20\n/],
      [1, web('cpu', '101%'), /EPERM: limit\.cpu 1\.01 permits more than image "ok" does: it has 1\n/],
      [1, web('memory.used', '5m'), /memory\.used/],
      [1, ['create', 'name', 'web', 'vir', 'limit', 'share', 'ok'], /EOPNOTSUPP: "vir limit" cannot be shared: .*\n +give the image its own "vir limit", or make it inside "ok"/],
    ]);
    await world.ok('destroy', 'ok');
    await gone();
  });
});
