import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pairs } from '@vimage/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { record, replay, type Recorded } from './lib/recorded.ts';
import { cannot, workspace, World } from './lib/world.ts';

const why = cannot();
const kept = fileURLToPath(new URL('../recorded', import.meta.url));
const ownVersion = String(Reflect.get(JSON.parse(readFileSync(path.join(workspace, 'packages/linux/package.json'), 'utf8')), 'version'));
const releases = readdirSync(kept).map((name) => path.basename(name, '.json')).sort();

/** What is recorded: something of each component. `RECORD=1 npm test -- tools/e2e/test/recorded.root.test.ts` writes the file of this version. */
const images: readonly (readonly [string, ...string[]])[] = [
  ['lab', 'children.max', '4', 'vir', 'net', 'bridge', 'br0', 'addr', 'br0=10.4.0.1/24,lo=10.4.1.1/32', 'vir', 'proc', 'vir', 'user', 'vir', 'limit', 'files', '64', 'vir', 'priv', 'vir', 'ipc', 'sysctl', 'kernel.msgmni=7', 'vir', 'time', 'offset', 'boottime=+3650d'],
  ['lab.web', 'vir', 'net', 'veth', 'eth0=bridge:br0', 'addr', 'eth0=10.4.0.2/24', 'vir', 'fs', 'ro', '/usr,/bin,/lib,/lib64,/sbin,/etc', 'tmpfs', '/tmp', 'vir', 'proc'],
  ['guest', 'vir', 'net', 'share', 'lab'],
  ['www', 'vir', 'jail', 'path', '/', 'host.hostname', 'www.example', 'vnet', 'true', 'allow.raw_sockets', 'true'],
];

describe.skipIf(why !== undefined)(`images of releases before this one${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  beforeEach(async () => { ({ world, before } = await World.started()); });
  afterEach(() => world[Symbol.asyncDispose]());

  const make = async (pairs: Pairs): Promise<string> => world.ok('create', ...pairs.flat());
  const made = async (): Promise<void> => { for (const [name, ...pairs] of images) await world.ok('create', 'name', name, ...pairs); };

  if (process.env['RECORD'] === '1') it('are recorded', async () => {
    await made();
    mkdirSync(kept, { recursive: true });
    writeFileSync(path.join(kept, `${ownVersion}.json`), `${JSON.stringify(await record(world, images.map(([name]) => name)), undefined, 1)}\n`);
    await world.ok('destroy', 'guest', 'www', 'lab');
  });

  it('there is a record of the first one', () => {
    expect(releases[0]).toBe('0.1.0');
  });

  it.for(releases)('%s: are listed, read, entered, changed and destroyed', async (release, task) => {
    const recorded = JSON.parse(readFileSync(path.join(kept, `${release}.json`), 'utf8')) as readonly Recorded[];
    expect(recorded.map(({ name }) => name)).toEqual(images.map(([name]) => name));
    for (const { pairs } of recorded) await make(pairs);
    const missing = await replay(world, recorded);
    if (missing !== undefined) {
      await world.ok('destroy', 'guest', 'www', 'lab');
      task.skip(missing);
    }
    expect(await world.ok('ls', '--json')).not.toMatch(/damaged/);
    for (const { name } of recorded) expect(await world.ok('get', name)).toMatch(new RegExp(`^name=${name.replace('.', '\\.')}\n`));
    expect(await world.ok('exec', 'lab', '--', 'sh', '-c', 'id -u; ulimit -n; echo $$; ip -br addr show br0 | grep -o 10.4.0.1; grep CapEff /proc/self/status; cat /proc/sys/kernel/msgmni; ls -d /dev/shm/*; cut -c1-2 /proc/uptime')).toMatch(/^0\n64\n\d\n10\.4\.0\.1\nCapEff:\t0000000000.*\n7\n.*\n?31\n$/);
    expect(await world.ok('exec', 'lab.web', '--', 'sh', '-c', 'echo /tmp/*; ls /home 2>&1; ip -br addr show eth0')).toMatch(/^\/tmp\/\*\nls: .*No such file.*\neth0.* UP +10\.4\.0\.2\/24/);
    expect(await world.ok('exec', '-e', 'guest', '--', 'ip', '-br', 'addr', 'show', 'lo')).toContain('10.4.1.1/32');
    expect(await world.ok('exec', 'www', '--', 'hostname')).toBe('www.example\n');
    expect(await world.ok('set', 'lab', 'vir', 'limit', 'files', '32')).toMatch(/^lab: changed limit\.files\n/);
    expect(await world.ok('exec', 'lab', '--', 'sh', '-c', 'ulimit -n')).toBe('32\n');
    expect(await world.ok('set', 'lab.web', 'vir', 'net', 'addr', 'eth0=10.4.0.3/24')).toBe('lab.web: changed net.addr\n');
    expect(await world.ok('refs', 'lab')).toMatch(/guest/);
    expect(await world.ok('destroy', 'guest', 'www', 'lab')).toMatch(/^removed guest, www, lab\.web, lab/m);
    expect(await world.traces()).toEqual(before);
  });

  it.each(releases)('%s: a plan of a version that nobody knows yet is shown as damaged, and nothing is done to it', async (release) => {
    const [lab] = JSON.parse(readFileSync(path.join(kept, `${release}.json`), 'utf8')) as readonly [Recorded];
    await make(lab.pairs);
    await replay(world, [{ ...lab, plan: lab.plan.map(([key, value]) => [key, key === 'vimage-plan' ? '2' : value]) }]);
    expect(await world.ok('ls')).toMatch(/^lab +damaged/m);
    const { status, err } = await world.imgctl('exec', 'lab', '--', 'true');
    expect([status, err]).toEqual([125, expect.stringMatching(/EBADMSG/)]);
    await replay(world, [lab]);
    expect(await world.ok('destroy', 'lab')).toMatch(/^removed lab/);
    expect(await world.traces()).toEqual(before);
  });
});
