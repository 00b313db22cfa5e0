import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodePairs, encodePairs } from '@vimage/core';
import { imgexecPath, withNs } from '@vimage/linux';
import { ran, refusal } from '../../linux/test/ran.ts';
import { aheadIn, day, lab, needTime, offsetsOf, uptime, type Lab } from './lab.ts';

describe.skipIf(needTime.missing)(`vir time${needTime.note}`, () => {
  let at: Lab;
  beforeEach(async () => {
    at = await lab();
  });
  afterEach(() => at.close());

  const pins = async (): Promise<readonly string[]> => (await at.substrate.pinner()).list();

  test('both clocks are ahead for who lives in it and who acts on it, and for nobody else', async () => {
    await at.create('web', 'vir', 'time', 'offset', `monotonic=+1d,boottime=-${Math.floor(uptime()) - 60}s`);
    const back = Math.floor(uptime()) - 60;
    for (const name of [['web'], ['-e', 'web']]) {
      const [monotonic, boottime] = aheadIn(...name);
      expect(monotonic).toBe(day);
      expect(Math.abs(boottime + back)).toBeLessThanOrEqual(1);
    }
    expect(aheadIn()).toEqual([0, 0]);
  });

  test('fractions are the kernel’s nanoseconds; without an offset it is a namespace of its own, with the clocks around it', async () => {
    await at.create('web', 'vir', 'time', 'offset', 'monotonic=-1.5s', 'offset', 'boottime=1ns');
    expect(offsetsOf(at.run('web', 'cat', '/proc/self/timens_offsets'))).toEqual([['monotonic', '-2', '500000000'], ['boottime', '0', '1']]);
    await at.create('plain', 'vir', 'time');
    expect(offsetsOf(at.run('plain', 'cat', '/proc/self/timens_offsets'))).toEqual([['monotonic', '0', '0'], ['boottime', '0', '0']]);
    const seen = ['web', 'plain'].map((name) => at.run(name, 'readlink', '/proc/self/ns/time').trim());
    expect(new Set([...seen, readlinkSync('/proc/self/ns/time')]).size).toBe(3);
  });

  test('in an image inside another it is relative to the clocks around it', async () => {
    await at.create('lab', 'children.max', '3', 'vir', 'time', 'offset', 'monotonic=+2d,boottime=+1d');
    await at.create('lab.web', 'children.max', '1', 'vir', 'time', 'offset', 'monotonic=-1d');
    await at.create('lab.plain', 'vir', 'time');
    await at.create('lab.inherits');
    expect(aheadIn('lab.web')).toEqual([day, day]);
    expect(aheadIn('lab.plain')).toEqual([2 * day, day]);
    expect(aheadIn('lab.inherits')).toEqual([2 * day, day]);
    await at.create('lab.web.in', 'vir', 'time', 'offset', 'boottime=+1d');
    expect(aheadIn('lab.web.in')).toEqual([day, 2 * day]);
    expect(await at.kernel.get('lab.web', { all: true })).toEqual(expect.arrayContaining([['offset', 'monotonic=-1d'], ['offset.machine', 'monotonic=+1d,boottime=+1d'], ['uptime', expect.stringMatching(/^\d+s$/)]]));
  });

  test('shared, it outlives its maker', async () => {
    const web = await at.create('web', 'vir', 'time', 'offset', 'boottime=+1d');
    await at.create('db', 'vir', 'time', 'share', 'web');
    const seen = (): string => at.run('db', 'readlink', '/proc/self/ns/time');
    expect(seen()).toBe(at.run('web', 'readlink', '/proc/self/ns/time'));
    const was = seen();
    await web.destroy();
    expect(seen()).toBe(was);
    expect(aheadIn('db')).toEqual([0, day]);
    await at.kernel.destroy('db');
    expect(await pins()).toEqual([]);
  });

  test('belongs to the image’s own users, who may do nothing to it', async () => {
    const image = await at.create('web', 'vir', 'user', 'vir', 'proc', 'vir', 'time', 'offset', 'boottime=+1d');
    expect(aheadIn('web')).toEqual([0, day]);
    const users = await image.slot('user');
    const { ns } = await image.slot('time');
    // ioctl_nsfs(2) NS_GET_USERNS, by lsns(8).
    const owner = JSON.parse(ran('lsns', ['--json', '--persistent', '-t', 'time', '-o', 'NS,ONS']).out || '{}') as { namespaces?: { ns: number; ons: number }[] };
    const found = owner.namespaces?.find((each) => BigInt(each.ns) === ns?.ino);
    if (found !== undefined) expect(BigInt(found.ons)).toBe(users.ns?.ino);
    expect(at.run('web', 'sh', '-c', 'echo boottime 5 0 > /proc/self/timens_offsets')).toMatch(/denied|error/);
    expect(aheadIn('web')).toEqual([0, day]);
    expect(at.run('web', 'unshare', '--time', '--boottime', '100', 'cat', '/proc/uptime')).toMatch(/^\d+\.\d\d /);
  });

  test('sleeping and timers take as long as they say', async () => {
    await at.create('web', 'vir', 'time', 'offset', 'monotonic=+100d,boottime=+100d');
    const script = 'const from = process.hrtime.bigint(); const wall = Date.now(); setTimeout(() => console.log(Number(process.hrtime.bigint() - from) / 1e6, Date.now() - wall), 300)';
    const begun = performance.now();
    const [monotonic = 0, wall = 0] = at.run('web', process.execPath, '-e', script).split(' ').map(Number);
    for (const took of [monotonic, wall]) expect(took).toBeGreaterThan(295);
    at.run('web', 'sleep', '0.3');
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(Math.abs(Number(at.run('web', 'date', '+%s')) - Date.now() / 1000)).toBeLessThan(5);
  });

  test('what runs there is older by as much, and no process is mistaken for another', async () => {
    await at.create('web', 'vir', 'proc', 'vir', 'time', 'offset', 'boottime=+1d');
    const age = Number(at.run('web', 'ps', '-o', 'etimes=', '-p', '1'));
    expect(age).toBeLessThan(60);
    expect(await at.kernel.destroy('web', { grace: 0 })).toMatchObject({ removed: ['web'], dying: [] });
  });

  test('is found again by another kernel, and is refused where it is not that one any more', async () => {
    await at.create('web', 'persist', 'true', 'children.max', '1', 'vir', 'time', 'offset', 'boottime=+1d');
    const other = await lab();
    const again = await lab();
    try {
      expect((await (await other.kernel.lookup('web')).slot('time')).offsets).toEqual({ monotonic: 0n, boottime: 86_400_000_000_000n });
      await other.create('web.in', 'vir', 'time', 'offset', 'boottime=+1d');
      expect(aheadIn('web.in')).toEqual([0, 2 * day]);
      await other.kernel.destroy('web.in');
      const plan = `${at.substrate.home(await at.kernel.lookup('web'))}/plan`;
      const pairs = decodePairs(readFileSync(plan));
      for (const [change, code] of [[() => '[]', 'EBADMSG'], [(text: string) => text.replace(/"\+1d"/, '"x"'), 'EBADMSG'], [(text: string) => text.replaceAll(/"(ino|id)","\d+"/g, '"$1","7"'), 'ESTALE']] as const) {
        writeFileSync(plan, encodePairs(pairs.map(([key, value]) => [key, key === 'x-saved.time' ? change(value) : value] as const)));
        const late = await lab();
        expect(await refusal(late.create('web.in', 'vir', 'time'))).toMatchObject({ code, subject: 'web', hint: 'imgctl destroy web, then create it again' });
        await late.close();
      }
      expect((await again.kernel.destroy('web')).removed).toEqual(['web']);
      expect(await pins()).toEqual([]);
    } finally {
      await again.close();
      await other.close();
    }
  });

  test('refs names who stands in it', async () => {
    const image = await at.create('web', 'vir', 'time');
    const child = spawn(imgexecPath(), ['-e', 'web', '--', 'sleep', '790'], { stdio: 'ignore' });
    await expect.poll(async () => (await at.kernel.refs('web')).filter(({ kind }) => kind === 'visitor').map(({ detail }) => detail)).toEqual([expect.stringMatching(/^stands in time:\[\d+\]: sleep 790$/)]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await image.destroy();
  });

  test('programs that Node starts there have the clocks; Node itself cannot have them, and says so', async () => {
    const image = await at.create('web', 'vir', 'time', 'offset', 'boottime=+1d,monotonic=+1d');
    const before = process.hrtime.bigint();
    const { execFileSync } = await import('node:child_process');
    const [outside, inside] = [uptime(), await image.effective(() => Number(execFileSync('cat', ['/proc/uptime'], { encoding: 'latin1' }).split(' ')[0]))];
    expect(Math.abs(inside - outside - day)).toBeLessThan(60);
    expect(await image.effective(() => process.hrtime.bigint()) - before).toBeLessThan(60_000_000_000n);
    const { ns } = await image.slot('time');
    expect(() => withNs(ns === undefined ? [] : [ns], () => 1)).toThrow(/a running Node cannot enter a time namespace/);
  });

  test('one command has it without an image', async () => {
    for (const pairs of [['vir', 'time'], ['vir', 'user', 'vir', 'proc', 'vir', 'time']]) {
      const { child, gone } = await at.kernel.once([...pairs, 'offset', 'boottime=+1d,monotonic=-1.5s'], 'cat', ['/proc/uptime', '/proc/self/timens_offsets'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const out = child.stdout === null ? '' : await text(child.stdout);
      await gone;
      expect(Math.abs(Number(out.split(' ')[0]) - uptime() - day)).toBeLessThan(2);
      expect(offsetsOf(out).slice(1)).toEqual([['monotonic', '-2', '500000000'], ['boottime', '86400', '0']]);
    }
    expect(await at.kernel.list()).toEqual([]);
  });

  test('what the kernel would refuse is refused, naming the clock, where it is and how far it may go', async () => {
    await at.create('lab', 'children.max', '1', 'vir', 'time', 'offset', 'boottime=+1h');
    const cases = [
      ['lab.web', 'boottime', '-1000000d', 'at most 146 years'], ['lab.web', 'boottime', '-40000d', 'must not become negative'], ['lab.web', 'monotonic', '4611686017s', 'no more than \\+'],
      ['lab.web', 'monotonic', `-${Math.ceil(uptime()) + 100}s`, 'no less than -\\d+s'], ['lab.web', 'boottime', `-${Math.ceil(uptime()) + 3700}s`, `the clock is at ${String(Math.floor(uptime() + 3600)).slice(0, -1)}`],
    ] as const;
    for (const [name, clock, value, message] of cases) {
      expect(await refusal(at.create(name, 'vir', 'time', 'offset', `${clock}=${value}`)), value).toMatchObject({ code: 'ERANGE', message: expect.stringMatching(message) });
    }
    await at.create('lab.web', 'vir', 'time', 'offset', `boottime=-${Math.floor(uptime()) + 1800}s`);
    // What the kernel itself says, where the clock was not looked at before.
    expect(() => at.substrate.timeCreate({ monotonic: 0n, boottime: -(10n ** 17n) })).toThrow(expect.objectContaining({ code: 'ERANGE', message: expect.stringContaining('boottime -100000000 0') }));
    for (const text of ['boottime', '=1d', 'boottime=', 'boottime=1', 'wall=1d', 'boottime=1d=2', 'boottime=١d', 'boottime=1d\n', '']) {
      if (text !== '') expect((await refusal(at.create('x', 'vir', 'time', 'offset', text))).code, text).toBe('EINVAL');
    }
    expect(await refusal(at.create('x', 'vir', 'time', 'offset', 'boottime=1d', 'offset', 'boottime=1d'))).toMatchObject({ code: 'EEXIST' });
    expect(await refusal(at.kernel.set('lab', ['vir', 'time', 'offset', 'boottime=2h']))).toMatchObject({ code: 'EROFS' });
  });

  test('who stands in an image’s clocks does not take them for the machine’s', async () => {
    const image = await at.create('web', 'persist', 'true', 'vir', 'time', 'offset', 'boottime=+1d');
    const script = new URL('./child/act.mjs', import.meta.url).pathname;
    expect(JSON.parse(ran(imgexecPath(), ['-e', 'web', '--', process.execPath, script, '-1', 'create', 'x']).out || '{}')).toMatchObject({ code: 'EOPNOTSUPP', subject: 'web' });
    await image.destroy();
  });
});
