import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, World, type Result } from './lib/world.ts';

const why = cannot();

describe.skipIf(why !== undefined)(`what users get wrong${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  beforeAll(async () => {
    ({ world, before } = await World.started());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const wrong = async (status: number, ...args: readonly string[]): Promise<Result> => {
    const result = await world.imgctl(...args);
    expect(result, args.join(' ').slice(0, 200)).toMatchObject({ status, out: '' });
    expect(result.err).toMatch(/^imgctl: [A-Z0-9]+: /m);
    expect(await world.traces()).toEqual(before);
    return result;
  };

  it('an unknown key: the nearest', async () => {
    const { err } = await wrong(1, 'create', 'name', 'web', 'vir', 'net', 'adr', 'eth0=10.0.0.1/24');
    expect(err).toContain('EINVAL: "vir net" has no parameter "adr"');
    expect(err).toContain('did you mean "addr"?');
    expect(err).toMatch(/\n +name web vir net adr eth0=10\.0\.0\.1\/24\n +\^+\n/);
  });

  it('an unknown component: the package that would carry it', async () => {
    const { err } = await wrong(1, 'create', 'name', 'web', 'vir', 'sound');
    expect(err).toContain('ENOENT: no component "sound"');
    expect(err).toContain('npm install @vimage/vsound');
    expect((await wrong(1, 'create', 'name', 'web', 'vir', 'nte')).err).toContain('did you mean "net"?');
  });

  it('an odd name', async () => {
    for (const name of ['a b', '../x', 'a..b', '.', '-', 'a/b', '\u001b[2J']) {
      const { err } = await wrong(1, 'create', `name=${name}`, 'vir', 'net');
      expect(err).not.toContain('\u001b');
    }
  });

  it('a control byte', async () => {
    expect((await wrong(1, 'create', 'name', 'web', 'vir', 'net', 'hosts', 'a\nb')).err).toContain('control byte');
    // A NUL cannot be in an argument at all; in a file it can.
    const file = world.file('nul.rc', 'image web { persist "tr\0ue"; }\n');
    expect((await wrong(1, 'up', file)).err).toContain('EINVAL');
  });

  it('an image that is not there', async () => {
    for (const args of [['get', 'nope'], ['set', 'nope', 'persist', 'true'], ['destroy', 'nope'], ['ps', 'nope'], ['kill', 'nope'], ['refs', 'nope'], ['wait', 'nope']]) {
      expect((await wrong(1, ...args)).err).toContain('ESRCH');
    }
    expect((await wrong(125, 'exec', 'nope', '--', 'true')).err).toContain('ESRCH');
  });

  it('an image whose name is nearly this', async () => {
    await world.ok('create', 'name', 'shop', 'children.max', '1');
    await world.ok('create', 'name', 'shop.till');
    try {
      for (const [typed, meant] of [['shpo', 'shop'], ['shop.tlil', 'shop.till'], ['shpo.till', 'shop.till']] as const) {
        expect((await world.imgctl('get', typed)).err).toContain(`ESRCH: no image "${typed}"\n  did you mean "${meant}"?`);
      }
      expect((await world.imgctl('get', 'shop.till.x')).err).toContain('imgctl ls lists those that there are');
    } finally {
      await world.ok('destroy', 'shop');
    }
  });

  it('an interface name that is too long', async () => {
    expect((await wrong(1, 'create', 'name', 'web', 'vir', 'net', 'veth', `${'e'.repeat(16)}=parent:x`)).err).toContain('15 bytes');
  });

  it('a missing value, twice a key, the end forgotten', async () => {
    expect((await wrong(1, 'create', 'name', 'web', 'vir', 'net', 'mtu')).err).toContain('"mtu" (word 5) has no value');
    expect((await wrong(1, 'create', 'name', 'web', 'name', 'web2')).err).toContain('EEXIST: "name" is given twice');
    expect((await wrong(1, 'create', 'vir', 'net')).err).toContain('begin with: name NAME');
  });

  it('no "vir" before a component, or none after it', async () => {
    expect((await wrong(1, 'create', 'name', 'web', 'net')).err).toContain('"net" (word 3) has no value\n  write: vir net\n');
    expect((await wrong(1, 'create', 'name', 'web', 'vir')).err).toContain('write: vir COMPONENT');
  });

  it('no pairs but a name first', async () => {
    const { err } = await wrong(2, 'create', 'web', 'vir', 'net');
    expect(err).toContain('imgctl create name web vir net');
  });

  it('no "--" before the command', async () => {
    expect((await wrong(125, 'exec', 'web', 'ip', 'addr')).err).toContain('imgctl exec web -- ip addr');
    expect((await wrong(2, 'ls', '--', 'x')).err).toContain('takes no command');
  });

  it('an unknown command or option', async () => {
    expect((await wrong(2, 'creat')).err).toContain('did you mean "create"?');
    expect((await wrong(2, 'ls', '--tre')).err).toContain('--tree');
    expect((await wrong(2, 'destroy', 'x', '--grace', 'soon')).err).toContain('expected seconds');
    expect((await wrong(2, 'kill', 'x', '-s', 'KIL')).err).toContain('did you mean "KILL"?');
  });

  it('errors in a file show the line', async () => {
    const file = world.file('lab.rc', 'image lab {\n    children.max 4;\n    image web {\n        vir net { adr "eth0=10.0.0.1/24"; }\n    }\n}\n');
    const { err } = await wrong(1, 'up', file);
    expect(err).toContain('lab.rc:4:');
    expect(err).toMatch(/4 \| {8,}vir net \{ adr/);
    expect(err).toContain('did you mean "addr"?');
    expect((await wrong(1, 'up', world.file('open.rc', 'image lab {'))).err).toContain('open.rc:1:');
    expect((await wrong(1, 'up', '/nowhere.rc')).err).toContain('ENOENT: cannot read /nowhere.rc');
    expect((await wrong(1, 'up', '/tmp')).err).toContain('EISDIR: cannot read /tmp: it is a directory');
    const unknown = (await wrong(1, 'up', world.file('nett.rc', 'image lab {\n    image web {\n        vir nett;\n    }\n}\n'))).err;
    expect(unknown).toMatch(/nett\.rc:3:\d+: no component "nett"\n {2}3 \| {9}vir nett;\n/);
  });

  it('errors as JSON', async () => {
    const { status, out, err } = await world.imgctl('create', 'name', 'web', 'vir', 'net', 'adr', 'x', '--json');
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'EINVAL', subject: 'adr', hint: 'did you mean "addr"?', place: { pair: 2 } } });
  });
});
