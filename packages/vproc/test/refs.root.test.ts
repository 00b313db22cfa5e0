import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Holder } from '@vimage/core';
import { openPath } from '@vimage/linux';
import { needRoot } from '../../linux/test/rights.ts';
import { lab, memberPid, type Lab } from './lab.ts';
import { Program } from './program.ts';

const act = fileURLToPath(new URL('./child/act.mjs', import.meta.url));

describe.skipIf(needRoot.missing)(`refs${needRoot.note}`, () => {
  let at: Lab;
  let hold: Program;
  let others: ChildProcess[];
  beforeAll(() => {
    hold = new Program('hold');
  });
  afterAll(() => hold[Symbol.dispose]());
  beforeEach(async () => {
    others = [];
    at = await lab();
    await at.create('web', 'children.max', '3', 'vir', 'net', 'vir', 'proc');
  });
  afterEach(async () => {
    await Promise.all(others.map(async (other) => {
      if (other.exitCode !== null || other.signalCode !== null) return;
      const gone = once(other, 'exit');
      other.kill('SIGKILL');
      await gone;
    }));
    await at.kernel.gc();
    await at.close();
  });

  /** Starts a program outside of every image; it says `up`. */
  const outside = async (command: string, ...args: readonly string[]): Promise<ChildProcess> => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    others.push(child);
    await once(child.stdout, 'data');
    return child;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  /** What is said, but for the descriptor by which this process itself has the stack in hand. */
  const held = async (name = 'web'): Promise<readonly Holder[]> => (await at.kernel.refs(name)).filter(({ kind, pid, detail }) => kind !== 'fd' || pid !== process.pid || !/ is net:/.test(detail));
  const refs = async (kind: string): Promise<readonly Holder[]> => (await held()).filter((holder) => holder.kind === kind);
  const first = async (): Promise<number> => (await (await at.kernel.lookup('web')).slot('proc')).first?.pid ?? 0;

  test('nothing, where there is nothing: neither its pid 1s nor the kernel’s own sockets', async () => {
    expect(await held()).toEqual([]);
  });

  test('a process that lives in it', async () => {
    const { child } = await at.start('web', 'echo up; exec sleep 770');
    const pid = await memberPid(at.kernel, 'web', 'sleep 770');
    expect(await held()).toEqual([{ kind: 'process', pid, detail: 'sleep 770' }]);
    process.kill(pid, 'SIGKILL');
    await once(child, 'exit');
    expect(await held()).toEqual([]);
  });

  test.each(['net', 'pid'])('a visitor, who stands in its %s namespace', async (type) => {
    const { stack } = await (await at.kernel.lookup('web')).slot('net');
    const how = type === 'net' ? `--net=/proc/${process.pid}/fd/${stack.ns.fd}` : `--pid=/proc/${await first()}/ns/pid`;
    await outside('nsenter', how, 'sh', '-c', 'echo up; exec sleep 771');
    await expect.poll(async () => (await refs('visitor')).map(({ detail }) => detail)).toEqual([expect.stringMatching(new RegExp(`^stands in ${type}:\\[\\d+\\]: sleep 771$`))]);
    process.kill((await refs('visitor'))[0]?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => refs('visitor')).toEqual([]);
  });

  test('a descriptor of one of its namespaces, opened by /proc, or by the path of the pin', async () => {
    const pid = await first();
    const pinner = await at.substrate.pinner();
    const pin = pinner.path((await at.kernel.lookup('web')).serial, 'net').replace('/self/', `/${process.pid}/`);
    const byProc = await outside('sh', '-c', `exec 9</proc/${pid}/ns/pid; echo up; exec sleep 772`);
    const byPin = await outside('sh', '-c', `exec 8<${pin}; echo up; exec sleep 773`);
    await expect.poll(async () => (await refs('fd')).map(({ pid: who, detail }) => `${who} ${detail.replace(/\d{9,}/, 'INODE')}`).sort()).toEqual([
      `${byProc.pid} descriptor 9 is pid:[INODE]: sleep 772`, `${byPin.pid} descriptor 8 is net:[INODE]: sleep 773`,
    ].sort());
    await end(byProc);
    await end(byPin);
    expect(await refs('fd')).toEqual([]);
    using own = openPath(`/proc/${pid}/ns/pid`, 'pid');
    expect(await refs('fd')).toMatchObject([{ pid: process.pid, detail: expect.stringContaining(`descriptor ${own.fd} is`) }]);
  });

  test('a bind mount somewhere else', async () => {
    const script = `mount -t tmpfs x /mnt && touch /mnt/ns && mount --bind /proc/${await first()}/ns/pid /mnt/ns && echo up && exec sleep 774`;
    const other = await outside('unshare', '-m', 'sh', '-c', script);
    expect(await refs('mount')).toMatchObject([{ pid: other.pid, detail: expect.stringMatching(/^pid:\[\d+\] is mounted at \/mnt\/ns /) }]);
    await end(other);
    expect(await refs('mount')).toEqual([]);
  });

  test('another process whose kernel has it in hand', async () => {
    const other = await outside(process.execPath, act, '-1', 'keep', 'kept');
    expect(await held('kept')).toMatchObject([{ kind: 'kernel', pid: other.pid, detail: expect.stringContaining('owner') }]);
    const gone = once(other, 'exit');
    other.stdin?.end();
    await gone;
    expect((await at.kernel.list()).map(({ name }) => name)).toEqual(['web']);
  });

  test('who shares it, and what is in it', async () => {
    await at.create('peer', 'vir', 'proc', 'share', 'web');
    await at.create('web.child', 'vir', 'net');
    expect(await held()).toEqual([
      { kind: 'child', detail: 'web.child' }, { kind: 'share', component: 'proc', detail: 'peer' }, { kind: 'inherit', component: 'proc', detail: 'web.child' },
    ]);
    await at.kernel.destroy('web.child');
    await at.kernel.destroy('peer');
    expect(await held()).toEqual([]);
  });

  test.each([
    ['tcp', /^tcp 127\.0\.0\.1:4321 \(listening\)/], ['udp', /^udp 127\.0\.0\.1:4321 /], ['unix', /^unix dgram @hold/], ['raw', /^raw, protocol icmp: /], ['raw6', /^raw, protocol icmpv6: /],
    ['packet', /^packet raw on every interface/], ['netlink', /^netlink family 0/],
  ] as const)('a socket of its stack, wherever the process stands that has it: %s', async (kind, detail) => {
    const made = await (await at.kernel.lookup('web')).slot('net');
    const other = await outside('nsenter', `--net=/proc/${process.pid}/fd/${made.stack.ns.fd}`, hold.path, kind, `/proc/${process.pid}/ns/net`);
    expect(await refs('visitor')).toEqual([]);
    expect(await held()).toEqual([{ component: 'net', kind: 'socket', pid: other.pid, detail: expect.stringMatching(detail) }]);
    await end(other);
    await expect.poll(() => held()).toEqual([]);
  });

  test('of an image that is dying: who keeps it, until they let go', async () => {
    const by = await outside('sh', '-c', `exec 9</proc/${await first()}/ns/pid; echo up; exec sleep 775`);
    expect(await at.kernel.destroy('web')).toMatchObject({ dying: ['web'] });
    expect(await held()).toEqual([{ kind: 'fd', pid: by.pid, detail: expect.stringContaining('descriptor 9') }]);
    await end(by);
    await expect.poll(async () => [...(await at.kernel.gc()), ...(await at.kernel.list({ dying: true }))]).toEqual([]);
    await expect(at.kernel.refs('web')).rejects.toMatchObject({ code: 'ESRCH' });
  });

  test('of an image that is dying for a socket only', async () => {
    const made = await (await at.kernel.lookup('web')).slot('net');
    const other = await outside('nsenter', `--net=/proc/${process.pid}/fd/${made.stack.ns.fd}`, hold.path, 'udp', `/proc/${process.pid}/ns/net`);
    expect(await at.kernel.destroy('web')).toMatchObject({ dying: ['web'] });
    expect(await held()).toEqual([{ kind: 'socket', detail: expect.stringMatching(/^net:\[\d+\] is kept by a socket/) }]);
    await end(other);
    await expect.poll(async () => [...(await at.kernel.gc()), ...(await at.kernel.list({ dying: true }))]).toEqual([]);
  });
});
