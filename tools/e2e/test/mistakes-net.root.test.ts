import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, World } from './lib/world.ts';
import { mistakes } from './lib/wrong.ts';

const why = cannot();
const web = (...words: readonly string[]): readonly string[] => ['create', 'name', 'web', 'vir', 'net', ...words];

describe.skipIf(why !== undefined)(`addresses and interfaces that users get wrong${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  /** Without the addresses that the kernel gives in its own time. */
  const traces = async (): Promise<readonly string[]> => (await world.traces()).filter((line) => !line.includes('fe80:') && !line.startsWith('file ./vimage/img/ok/journal'));
  let before: readonly string[];
  beforeAll(async () => {
    world = await World.open();
    await world.sh('ip link add here type bridge; ip link add spare type bridge');
    await world.ok('create', 'name', 'ok', 'vir', 'net', 'veth', 'eth0=parent:ok0', 'addr', 'eth0=10.7.0.2/24');
    before = await traces();
  });
  afterAll(async () => {
    await world.imgctl('destroy', 'ok');
    await world[Symbol.asyncDispose]();
  });

  it('an address that is on no network of the image', async () => {
    const unreachable = (gateway: string): RegExp => new RegExp(`ENETUNREACH: route: the gateway ${gateway} is on no network of the image\\n +give an interface an address of the gateway’s network \\(addr\\), or name the interface`);
    await mistakes(world, [
      [1, web('veth', 'eth0=parent:w0', 'route', 'default=10.8.0.1'), unreachable('10.8.0.1')],
      [1, web('veth', 'eth0=parent:w0', 'addr', 'eth0=10.7.0.2/24', 'route', 'default=10.8.0.1'), unreachable('10.8.0.1')],
      [1, web('veth', 'eth0=parent:w0', 'addr', 'eth0=10.7.0.2/24', 'route', '10.9.0.0/16=10.8.0.1'), unreachable('10.8.0.1')],
      [1, web('veth', 'eth0=parent:w0', 'addr', 'eth0=fd07::2/64', 'route', 'default=fd08::1'), unreachable('fd08::1')],
      [1, ['set', 'ok', 'vir', 'net', 'route', 'default=10.200.0.1'], unreachable('10.200.0.1')],
      [1, web('veth', 'eth0=parent:w0', 'addr', 'eth1=10.7.0.2/24'), /ENODEV: addr: the image has no interface "eth1"\n +it has lo, eth0/],
      [1, web('addr', 'eth0=10.7.0.2/24'), /ENODEV: addr: the image has no interface "eth0"\n +name interfaces with if, veth, macvlan or bridge first/],
      [1, ['set', 'ok', 'vir', 'net', 'addr', 'eth5=10.1.1.1/24'], /ENODEV: addr: the image has no interface "eth5"\n +it has lo, eth0/],
      [1, web('veth', 'eth0=parent:w0', 'publish', '80:80'), /EADDRNOTAVAIL: publish: the image has no IPv4 address that the parent can reach\n +give the veth to the parent an address/],
      [1, web('veth', 'eth0=parent:w0', 'addr', 'eth0=10.7.0.2'), /EINVAL: "addr" of "vir net": expected an address with prefix length.*\n.*\n.*\n +give the prefix length too: "10\.7\.0\.2\/32"/],
    ]);
    expect(await traces()).toEqual(before);
  });

  it('an interface named as one that exists', async () => {
    const taken = (name: string, place: string): RegExp => new RegExp(`EEXIST: veth .*\\n +${place} has an interface "${name}" already: choose another name for the other end`);
    const twice = (name: string): RegExp => new RegExp(`EEXIST: the image would have two interfaces named "${name}"\\n +give one of them another name`);
    await mistakes(world, [
      [1, web('veth', 'eth0=parent:here'), taken('here', 'the parent')],
      [1, web('veth', 'eth0=parent:ok0'), taken('ok0', 'the parent')],
      [1, web('veth', 'eth0=parent:w0,eth1=parent:w0'), taken('w0', 'the parent')],
      [1, web('veth', 'eth0=ok:eth0'), taken('eth0', 'image "ok"')],
      [1, web('veth', 'eth0=parent:w0,eth0=parent:w1'), twice('eth0')],
      [1, web('veth', 'lo=parent:w0'), twice('lo')],
      [1, web('if', 'spare:eth0', 'veth', 'eth0=parent:w0'), twice('eth0')],
      [1, web('veth', 'eth0=parent:w0', 'bridge', 'eth0'), twice('eth0')],
      [1, web('macvlan', 'lo=spare'), twice('lo')],
      [1, ['set', 'ok', 'vir', 'net', 'if', 'spare:eth0'], twice('eth0')],
      [1, ['set', 'ok', 'vir', 'net', 'veth', 'eth0=parent:ok0,eth1=parent:here'], taken('here', 'the parent')],
      [1, web('if', 'nothere'), /ENODEV: if: there is no interface "nothere" in the parent\n +it has lo, /],
      [1, web('veth', 'eth0=bridge:nobridge'), /ENODEV: veth: there is no bridge "nobridge" in the parent\n +make it first: ip link add nobridge type bridge/],
    ]);
    expect(await traces()).toEqual(before);
    expect(await world.ok('get', 'ok')).not.toMatch(/eth1|spare/);
  });
});
