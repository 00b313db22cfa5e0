import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { noUsers, openToUsers } from './user.ts';
import { missing, World } from './world.ts';

/** Why no way out can be tried here, or undefined. */
export function noUplink(): string | undefined {
  return noUsers() ?? missing('socat', 'socat') ?? (existsSync('/dev/net/tun') ? undefined : 'there is no /dev/net/tun: modprobe tun');
}

/** A world with one way out, at the end of which there are a server and a name server; on its own 127.0.0.1 there is another server. */
export class FarWorld implements AsyncDisposable {
  readonly world: World;
  readonly #servers: ChildProcess[] = [];

  private constructor(world: World) {
    this.world = world;
  }

  static async open(options: { readonly cgroups?: boolean } = {}): Promise<FarWorld> {
    const far = new FarWorld(await World.open(options));
    await far.#prepare();
    return far;
  }

  async #prepare(): Promise<void> {
    const farEnd = fileURLToPath(new URL('../fixtures/far-end.mjs', import.meta.url));
    await openToUsers(this.world, 1234);
    await this.world.sh(`mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod /dev/net/tun c 10 200; chmod 666 /dev/net/tun
      all=/proc/sys/net/ipv6/conf/default/disable_ipv6; [ ! -e $all ] || echo 1 > $all
      ip netns add far; ip link add m0 type veth peer name f0 netns far
      ip addr add 192.0.2.1/24 dev m0; ip link set m0 up; ip route add default via 192.0.2.2
      ip -n far link set lo up; ip -n far addr add 192.0.2.2/24 dev f0; ip -n far link set f0 up; ip -n far addr add 203.0.113.9/32 dev lo
      echo nameserver 192.0.2.2 > /run/resolv.conf; mount --bind /run/resolv.conf /etc/resolv.conf`);
    const server = [process.execPath, farEnd];
    for (const argv of [['ip', 'netns', 'exec', 'far', ...server, '0.0.0.0', 'www.example.test', '203.0.113.9', 'far'], [...server, '127.0.0.1', '', '', 'near']]) {
      const child = this.world.spawn(argv);
      this.#servers.push(child);
      if (child.stdout !== null) await once(child.stdout, 'data');
    }
  }

  /** The programs that lead out, with their numbers. */
  uplinks(): readonly string[] {
    return this.world.processes().filter((line) => /^\d+ \S*(pasta|slirp4netns) /.test(line));
  }

  /** Kills the one there is. */
  async killUplink(): Promise<void> {
    await this.world.sh(`kill -9 ${this.uplinks()[0]?.split(' ')[0] ?? ''}`);
    for (let tries = 0; tries < 100 && this.uplinks().length > 0; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    }
    await this.world[Symbol.asyncDispose]();
  }
}
