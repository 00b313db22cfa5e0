import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, World } from './lib/world.ts';

const why = cannot();

/** The opening screen, line by line, as it is typed. */
describe.skipIf(why !== undefined)(`the opening screen${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('create', async () => {
    await world.ok(...'create name web vir net veth eth0=parent:web0 addr eth0=10.7.0.2/24 route default=10.7.0.1 vir proc oneway true'.split(' '));
    expect(await world.sh('ip -o link show web0')).toContain('web0');
  });

  it('exec web -- ps aux: its own processes only, pid 1 is the reaper', async () => {
    const lines = (await world.ok('exec', 'web', '--', 'ps', '-eo', 'pid,comm')).trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
    expect(lines.map(([, name]) => name)).toEqual(['imgexec', 'ps']);
    expect(lines[0]?.[0]).toBe('1');
    expect(await world.ok('exec', 'web', '--', 'ps', '-o', 'args=', '-p', '1')).toMatch(/imgexec init\s*$/m);
    expect(await world.ok('exec', 'web', '--', 'ps', 'aux')).toContain('ps aux');
  });

  it('exec -e web -- ip -br addr: the host\'s own program on web\'s stack', async () => {
    const text = await world.ok('exec', '-e', 'web', '--', 'ip', '-br', 'addr');
    expect(text).toMatch(/^eth0@\S+ +\S+ +10\.7\.0\.2\/24/m);
    expect(text).toMatch(/^lo .*127\.0\.0\.1/m);
    expect(text).not.toContain('web0 ');
  });

  it('ls --tree, get, ps, refs, params', async () => {
    expect(await world.ok('ls', '--tree')).toBe('.\n└─ web  net proc\n');
    expect(await world.ok('get', 'web')).toBe([
      'name=web', 'persist=true', 'vir net', '  veth=eth0=parent:web0', '  addr=eth0=10.7.0.2/24', '  route=default=10.7.0.1', 'vir proc', '  oneway=true', '',
    ].join('\n'));
    expect(await world.json('refs', 'web'), 'nothing but the image itself').toEqual([]);
    const child = world.spawn([process.execPath, mainFile, 'exec', 'web', '--', 'sleep', '1000']);
    try {
      await expect.poll(() => world.ok('ps', 'web'), { timeout: 10_000 }).toContain('sleep 1000');
      const rows = await world.json('ps', 'web') as { pid: number; inner: number[]; command: string }[];
      const row = rows.find(({ command }) => command === 'sleep 1000');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      expect(row?.inner.length).toBe(2);
      expect(await world.ok('refs', 'web')).toMatch(/process .*sleep 1000/);
      expect(await world.ok('kill', 'web', String(row?.pid), '-s', 'KILL')).toContain('1 process of web sent SIGKILL');
      await ended;
      expect(child.exitCode).toBe(137);
    } finally {
      child.kill('SIGKILL');
    }
    expect(await world.ok('params', 'net')).toMatch(/^net +veth/m);
  });

  it('get, given to create, makes the same image again', async () => {
    const pairs = await world.ok('get', 'web');
    await world.ok('destroy', 'web');
    const again = await world.run(['xargs', process.execPath, mainFile, 'create'], { input: pairs });
    expect(again).toMatchObject({ status: 0, err: '' });
    expect(await world.ok('get', 'web')).toBe(pairs);
  });

  it('set', async () => {
    expect(await world.ok('set', 'web', 'vir', 'net', 'mtu', 'eth0=1400')).toBe('web: changed net.mtu\n');
    expect(await world.ok('exec', '-e', 'web', '--', 'ip', 'link', 'show', 'eth0')).toContain('mtu 1400');
    expect(await world.ok('set', 'web', 'vir', 'net', 'mtu', 'eth0=1400')).toBe('web: nothing to change\n');
  });

  it('destroy web, and nothing is left', async () => {
    expect(await world.ok('destroy', 'web')).toMatch(/^removed web/);
    expect(await world.traces()).toEqual(before);
  });

  it('up lab.rc ; down lab.rc', async () => {
    const file = world.file('lab.rc', `image lab {
    children.max 8;
    vir net { bridge br0; addr "br0=10.8.0.1/24"; }
    image web { vir net { veth "eth0=bridge:br0"; addr "eth0=10.8.0.2/24"; }  vir proc { oneway true; } }
    image db { vir net { veth "eth0=bridge:br0"; addr "eth0=10.8.0.3/24"; } }
}
`);
    expect(await world.ok('up', '--dry-run', file)).toBe('created   lab\ncreated   lab.web\ncreated   lab.db\n');
    expect(await world.ok('up', file)).toBe('created   lab\ncreated   lab.web\ncreated   lab.db\n3 images: 3 created\n');
    expect(await world.ok('exec', 'lab.web', '--', 'ping', '-c1', '-W2', '10.8.0.3')).toContain('1 received');
    expect(await world.ok('up', file)).toContain('3 images: 3 kept');
    const changed = world.file('lab.rc', `image lab {
    children.max 8;
    vir net { bridge br0; addr "br0=10.8.0.1/24"; }
    image web { vir net { veth "eth0=bridge:br0"; addr "eth0=10.8.0.22/24"; }  vir proc { oneway true; } }
}
`);
    expect(await world.ok('up', '--prune', '--dry-run', changed)).toContain('removed   lab.db');
    const text = await world.ok('up', '--prune', changed);
    expect(text).toContain('changed   lab.web: net.addr');
    expect(text).toContain('removed   lab.db');
    expect(await world.ok('down', file)).toMatch(/^removed lab\.web, lab/);
    expect(await world.ok('down', file)).toBe('nothing to remove\n');
    expect(await world.traces()).toEqual(before);
  });

  it('run vir net vir proc -- sh: gone when the command ends', async () => {
    const shell = await world.run([process.execPath, mainFile, 'run', 'vir', 'net', 'vir', 'proc', '--', 'sh'], { input: 'echo pid $$; ip -br link | wc -l; exit 7\n' });
    expect(shell).toMatchObject({ status: 7, err: '' });
    expect(shell.out).toMatch(/^pid \d\n1\n$/);
    expect(await world.traces()).toEqual(before);
  });

  it('run passes signals on, and the way it ended', async () => {
    const child = world.spawn([process.execPath, mainFile, 'run', 'name', 'one', 'vir', 'proc', '--', 'sh', '-c', 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done']);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    expect(await world.ok('ls')).toMatch(/^one +live +no +proc$/m);
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(child.exitCode).toBe(9);
    expect((await world.imgctl('run', 'vir', 'proc', '--', 'sh', '-c', 'kill -KILL $$')).status).toBe(137);
    expect((await world.imgctl('run', 'vir', 'proc', '--', '/no/such/program')).status).toBe(127);
    expect((await world.imgctl('run', 'vir', 'proc', '--', '/etc/passwd')).status).toBe(126);
    expect(await world.traces()).toEqual(before);
  });

  it('run -d stays until the command ends', async () => {
    const name = (await world.ok('run', '-d', 'vir', 'proc', '--', 'sleep', '1000')).trim();
    expect(name).toMatch(/^run-[0-9a-f]{8}$/);
    expect(await world.ok('ps', name)).toContain('sleep 1000');
    await world.ok('kill', name);
    await world.ok('wait', name, '--timeout', '20').catch(() => undefined);
    await expect.poll(() => world.traces(), { timeout: 10_000 }).toEqual(before);
  });

  it('run -d: what the command writes to its stderr does not end it', async () => {
    const name = (await world.ok('run', '-d', 'vir', 'proc', '--', 'sh', '-c', 'sleep 0.5; echo one >&2; echo two >&2; exec sleep 1000')).trim();
    await expect.poll(() => world.ok('ps', name), { timeout: 10_000 }).toMatch(/S +sleep 1000$/m);
    await world.ok('kill', name);
    await expect.poll(() => world.traces(), { timeout: 10_000 }).toEqual(before);
  });

  it('run -d says where the command cannot be started, and what makes no sense in the background', async () => {
    for (const [command, status] of [['/no/such/program', 127], ['/etc/passwd', 126]] as const) {
      const { out, err, ...result } = await world.imgctl('run', '-d', 'vir', 'proc', '--', command);
      expect(result.status, err).toBe(status);
      expect(out).toBe('');
      expect(err).toContain(command);
    }
    const refused = await world.imgctl('run', '-d', '--die-with-parent', 'vir', 'proc', '--', 'sleep', '1000');
    expect(refused.status).toBe(125);
    expect(refused.err).toMatch(/^imgctl: EUSAGE: .*no parent to die with/);
    expect(await world.traces()).toEqual(before);
  });

  it('run: a variable that imgctl uses for itself, set by somebody else, is nothing to it', async () => {
    const result = await world.run(['env', 'IMGCTL_RUN_REPORT=yes', process.execPath, mainFile, 'run', 'vir', 'proc', '--', 'echo', 'ran']);
    expect(result).toMatchObject({ status: 0, out: 'ran\n' });
    expect(await world.traces()).toEqual(before);
  });

  it('exec: the command\'s own status, user, folder, environment', async () => {
    await world.ok('create', 'name', 'e', 'vir', 'proc');
    expect((await world.imgctl('exec', 'e', '--', 'sh', '-c', 'exit 3')).status).toBe(3);
    expect((await world.imgctl('exec', 'e', '--', 'sh', '-c', 'kill -TERM $$')).status).toBe(143);
    expect((await world.imgctl('exec', 'e', '--', '/no/such/program')).status).toBe(127);
    expect((await world.imgctl('exec', 'e', '--', '/etc/passwd')).status).toBe(126);
    expect(await world.ok('exec', '-u', 'nobody', '--cwd', '/usr', '--env', 'A=b c', 'e', '--', 'sh', '-c', 'id -un; pwd; echo "$A"')).toBe('nobody\n/usr\nb c\n');
    await world.ok('exec', '-d', 'e', '--', 'sh', '-c', 'exec sleep 1000 >/dev/null 2>&1');
    expect((await world.imgctl('exec', '-d', 'e', '--', '/no/such/program')).status).toBe(127);
    expect(await world.ok('ps', 'e')).toContain('sleep 1000');
    await world.ok('kill', 'e', '-s', 'KILL');
    await world.ok('wait', '--empty', '--timeout', '10', 'e').catch(() => undefined);
    await world.ok('destroy', 'e');
    expect(await world.traces()).toEqual(before);
  });

  it('events and wait', async () => {
    const child = world.spawn([process.execPath, mainFile, 'events', '--json']);
    let text = '';
    child.stdout?.on('data', (data: Buffer) => { text += data.toString(); });
    const types = (): readonly string[] => text.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as { type: string }).type);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await world.ok('create', 'name', 'ev', 'vir', 'proc');
    await expect.poll(types).toEqual(['created']);
    expect(await world.imgctl('wait', 'ev', '--timeout', '0.3')).toMatchObject({ status: 1, out: '', err: expect.stringContaining('ETIMEDOUT: ev is not gone after 0.3 s') });
    expect((await world.imgctl('wait', 'ev', '--empty', '--timeout', '20')).status).toBe(0);
    const waiting = world.imgctl('wait', 'ev');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await world.ok('destroy', 'ev');
    expect((await waiting).status).toBe(0);
    await expect.poll(() => types().at(-1)).toBe('removed');
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(child.exitCode).toBe(0);
  });
});
