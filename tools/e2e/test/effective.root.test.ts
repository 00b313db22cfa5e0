import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cannot, mainFile, missing, World } from './lib/world.ts';

const why = cannot();

/** A test of an unmodified program; skipped, naming the package, where it is not installed. */
function tool(program: string, debianPackage: string, what: string, fn: () => Promise<void>): void {
  const absent = missing(program, debianPackage);
  it.skipIf(absent !== undefined)(`${program}: ${absent ?? what}`, fn);
}

describe.skipIf(why !== undefined)(`effective image${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];

  /** On web's components, from here. */
  const on = (...command: readonly string[]): Promise<string> => world.ok('exec', '-e', 'web', '--', ...command);
  /** In web's view: its processes. */
  const view = (...command: readonly string[]): Promise<string> => world.ok('exec', '-e', '--only', 'proc', 'web', '--', ...command);
  const here = (...command: readonly string[]): Promise<string> => world.sh(command.join(' '));
  /** Something that lives in web; its number in the view. */
  const resident = async (seconds: number): Promise<number> => {
    await world.ok('exec', '-d', 'web', '--', 'sh', '-c', `exec sleep ${seconds} >/dev/null 2>&1`);
    const rows = await world.json('ps', 'web') as { inner: number[]; command: string }[];
    return rows.find(({ command }) => command === `sleep ${seconds}`)?.inner[0] ?? 0;
  };

  beforeAll(async () => {
    ({ world, before } = await World.started());
    await world.ok(...'create name web vir net veth eth0=parent:web0 addr eth0=10.7.0.2/24 vir proc oneway true'.split(' '));
    await world.sh('ip addr add 10.7.0.1/24 dev web0; ip link set web0 up');
    await world.ok('exec', '-d', 'web', '--', 'sh', '-c', `exec ${process.execPath} -e 'require("node:net").createServer().listen(4242)' >/dev/null 2>&1`);
  });
  afterAll(async () => {
    try {
      await world.ok('destroy', 'web', '--grace', '1');
      expect(await world.traces()).toEqual(before);
    } finally {
      await world[Symbol.asyncDispose]();
    }
  });

  describe('its network', () => {
    tool('ip', 'iproute2', 'shows and changes the image\'s interfaces', async () => {
      const text = await on('ip', '-br', 'addr');
      expect(text).toMatch(/^eth0@.*10\.7\.0\.2\/24/m);
      expect(text).not.toMatch(/^web0/m);
      await on('ip', 'link', 'add', 'd0', 'type', 'bridge');
      expect(await on('ip', '-br', 'link')).toMatch(/^d0 /m);
      expect(await here('ip -br link')).not.toMatch(/^d0 /m);
      await on('ip', 'link', 'del', 'd0');
    });

    tool('ss', 'iproute2', 'sees the image\'s sockets', async () => {
      await expect.poll(() => on('ss', '-ltnH'), { timeout: 10_000 }).toContain(':4242');
      expect(await here('ss -ltnH')).not.toContain(':4242');
    });

    tool('ifconfig', 'net-tools', 'by /proc/net and ioctl', async () => {
      const text = await on('ifconfig', '-a');
      expect(text).toContain('inet 10.7.0.2');
      expect(text).not.toContain('web0');
    });

    tool('route', 'net-tools', 'by /proc/net/route', async () => {
      expect(await on('route', '-n')).toMatch(/^10\.7\.0\.0 .*eth0$/m);
    });

    tool('netstat', 'net-tools', 'by /proc/net/tcp', async () => {
      await expect.poll(() => on('netstat', '-ltn'), { timeout: 10_000 }).toContain(':4242');
      expect(await here('netstat -ltn')).not.toContain(':4242');
    });

    tool('brctl', 'bridge-utils', 'by ioctl and /sys/class/net', async () => {
      await on('brctl', 'addbr', 'br9');
      expect(await on('brctl', 'show')).toMatch(/^br9\b/m);
      expect(await here('ip -br link')).not.toMatch(/^br9 /m);
      await on('brctl', 'delbr', 'br9');
    });

    it('/sys/class/net and /proc/net are the image\'s', async () => {
      expect((await on('ls', '/sys/class/net')).split(/\s+/).filter((name) => name !== '' && name !== 'bonding_masters').sort()).toEqual(['eth0', 'lo']);
      expect(await on('cat', '/proc/net/dev')).toContain('eth0:');
    });

    tool('ethtool', 'ethtool', 'on the image\'s interface', async () => {
      expect(await on('ethtool', '-i', 'eth0')).toContain('driver: veth');
      expect((await world.imgctl('exec', '-e', 'web', '--', 'ethtool', '-i', 'web0')).status).not.toBe(0);
    });

    tool('sysctl', 'procps', 'sets the image\'s value only', async () => {
      await on('sysctl', '-qw', 'net.ipv4.ip_forward=1');
      expect((await on('sysctl', '-n', 'net.ipv4.ip_forward')).trim()).toBe('1');
      expect((await here('sysctl -n net.ipv4.ip_forward')).trim()).toBe('0');
    });

    tool('ping', 'iputils-ping', 'from the image\'s address', async () => {
      expect(await on('ping', '-c1', '-W3', '10.7.0.1')).toContain('1 received');
    });

    tool('iptables', 'iptables', 'rules of the image', async () => {
      await on('iptables', '-A', 'INPUT', '-s', '192.0.2.1', '-j', 'DROP');
      expect(await on('iptables', '-S', 'INPUT')).toContain('192.0.2.1');
      expect(await here('iptables -S INPUT')).not.toContain('192.0.2.1');
    });

    tool('nft', 'nftables', 'tables of the image', async () => {
      await on('nft', 'add', 'table', 'inet', 'e2e');
      expect(await on('nft', 'list', 'tables')).toContain('table inet e2e');
      expect(await here('nft list tables')).not.toContain('e2e');
    });

    tool('tcpdump', 'tcpdump', 'hears the image\'s interface', async () => {
      const hearing = world.imgctl('exec', '-e', 'web', '--', 'sh', '-c', 'tcpdump -Z root -ni eth0 -c1 icmp & sleep 1; ping -c3 -i0.3 10.7.0.1 >/dev/null; wait');
      expect((await hearing).out).toMatch(/10\.7\.0\.\d > 10\.7\.0\.\d: ICMP/);
    });

    it('the program, its root, its user and its processes are the caller\'s', async () => {
      const pid = (await world.sh('sleep 300 >/dev/null 2>&1 & echo $!')).trim();
      expect(await on('sh', '-c', `kill -0 ${pid} && echo seen`)).toBe('seen\n');
      await world.sh(`kill ${pid}`);
      expect(await on('id', '-u')).toBe('0\n');
      expect(await on('cat', world.file('mine', 'x'))).toBe('x');
    });

    it('status and signals are the program\'s', async () => {
      expect((await world.imgctl('exec', '-e', 'web', '--', 'sh', '-c', 'exit 5')).status).toBe(5);
      expect((await world.imgctl('exec', '-e', 'web', '--', '/no/such')).status).toBe(127);
    });
  });

  describe('its processes', () => {
    tool('ps', 'procps', 'shows the image\'s and itself, and nothing else', async () => {
      const number = await resident(501);
      const rows = (await view('ps', '-eo', 'pid,args', '--no-headers')).trim().split('\n').map((line) => line.trim());
      expect(rows.some((row) => row === `${number} sleep 501`)).toBe(true);
      expect(rows.filter((row) => !/imgexec|sleep 501|createServer|ps -eo/.test(row))).toEqual([]);
      await view('kill', String(number));
    });

    tool('top', 'procps', 'the same', async () => {
      const number = await resident(502);
      expect(await view('top', '-bn1')).toMatch(new RegExp(`^ *${number} .*sleep`, 'm'));
      await view('kill', '-9', String(number));
    });

    tool('pgrep', 'procps', 'finds the image\'s only', async () => {
      const outside = world.spawn(['sleep', '503']);
      const number = await resident(503);
      expect((await view('pgrep', '-f', '^sleep 503')).trim()).toBe(String(number));
      await view('kill', String(number));
      outside.kill('SIGKILL');
    });

    tool('pkill', 'procps', 'ends the image\'s only', async () => {
      const outside = world.spawn(['sleep', '504']);
      await resident(504);
      await view('pkill', '-f', '^sleep 504');
      await expect.poll(() => world.ok('ps', 'web')).not.toContain('sleep 504');
      expect(outside.exitCode).toBeNull();
      outside.kill('SIGKILL');
    });

    tool('kill', 'procps', 'by the view\'s number, and no number reaches outside', async () => {
      const number = await resident(505);
      await view('kill', '-KILL', String(number));
      await expect.poll(() => world.ok('ps', 'web')).not.toContain('sleep 505');
      // A number that means something here is one of the view's own processes, whatever it is outside.
      const script = 'for n; do kill -0 $n 2>/dev/null && [ ! -d /proc/$n ] && echo $n; done; :';
      expect(await view('sh', '-c', script, 'sh', String(process.pid), String(process.ppid), '2', '3', '4')).toBe('');
      expect(await view('sh', '-c', 'cat /proc/[0-9]*/comm')).not.toMatch(/vitest|systemd/);
    });

    tool('strace', 'strace', 'attaches to a process of the image', async () => {
      const number = await resident(506);
      const text = await view('sh', '-c', `strace -p ${number} 2>&1 & sleep 1; kill ${number}; wait`);
      expect(text).toMatch(/SIGTERM/);
    });

    it('is not seen by the image', async () => {
      const child = world.spawn([process.execPath, mainFile, 'exec', '-e', '--only', 'proc', 'web', '--', 'sh', '-c', 'echo up; sleep 507']);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      expect(await world.ok('exec', 'web', '--', 'ps', '-eo', 'args')).not.toContain('sleep 507');
      expect(await view('ps', '-eo', 'args')).toContain('sleep 507');
      expect(await world.ok('ps', 'web')).not.toContain('sleep 507');
      await view('pkill', '-f', '^sleep 507');
      await ended;
    });

    it('from a shell: kill $!', async () => {
      expect(await view('sh', '-c', 'sleep 508 & kill $!; wait $!; echo $?')).toBe('143\n');
    });

    tool('script', 'bsdutils', 'job control on a terminal', async () => {
      const command = `${process.execPath} ${mainFile} exec -e --only proc web -- bash --norc --noprofile -i`;
      const input = "PS1=; stty -echo\nsleep 509 &\njobs\nkill %1\nwait %1 2>/dev/null\nsleep 510 & fg %?510 >/dev/null\n";
      const terminal = world.spawn(['script', '-qec', command, '/dev/null']);
      let text = '';
      terminal.stdout?.on('data', (data: Buffer) => { text += data.toString(); });
      const ended = new Promise((resolve) => terminal.once('exit', resolve));
      terminal.stdin?.write(input);
      await expect.poll(() => text, { timeout: 15_000 }).toMatch(/Running +sleep 509/);
      await expect.poll(() => view('ps', '-eo', 'args'), { timeout: 15_000 }).toContain('sleep 510');
      // ^Z stops what stands in front, then it goes on in the background and is ended there.
      terminal.stdin?.write('\u001a');
      await expect.poll(() => text, { timeout: 15_000 }).toMatch(/Stopped +sleep 510/);
      terminal.stdin?.write('bg %?510; kill %?510; wait; echo "end"ed; exit 6\n');
      await expect.poll(() => text, { timeout: 15_000 }).toContain('ended');
      await ended;
      expect(terminal.exitCode).toBe(6);
      expect(await view('ps', '-eo', 'args')).not.toMatch(/sleep 5(09|10)/);
    });
  });

  it('both at once, when both are asked for', async () => {
    const text = await world.ok('exec', '-e', '--only', 'net,proc', 'web', '--', 'sh', '-c', 'ip -br addr; ps -eo args');
    expect(text).toContain('10.7.0.2/24');
    expect(text).toContain('imgexec');
    expect(text).not.toContain('vitest');
  });

  it('a component that the image does not have is an error', async () => {
    const result = await world.imgctl('exec', '-e', '--only', 'sound', 'web', '--', 'echo', 'ran');
    expect(result).toMatchObject({ status: 125, out: '' });
    expect(result.err).toContain('sound');
  });
});
