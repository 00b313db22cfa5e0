import { readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needRoot } from '../../linux/test/rights.ts';
import { memberPid } from '../../vproc/test/lab.ts';
import { Program } from '../../vproc/test/program.ts';
import { boundFile, boundsOf, fileOf, imageCgroups, kindOf, without } from './cgroups.ts';
import { vlimitParams } from '../src/index.ts';
import { Lab } from './lab.ts';

let at: Lab;
let use: Program;
let crowd: Program;
beforeAll(() => {
  if (needRoot.missing) return;
  use = new Program('use', import.meta.url);
  crowd = new Program('crowd');
});
afterAll(() => {
  if (needRoot.missing) return;
  use[Symbol.dispose]();
  crowd[Symbol.dispose]();
});
beforeEach(async () => {
  if (!needRoot.missing) at = await Lab.open();
});
afterEach(async () => {
  if (!needRoot.missing) await at.close();
});

const suite = (name: string, controllers: readonly string[], tests: () => void): void => {
  const why = without(controllers);
  describe.skipIf(needRoot.missing || why !== undefined)(`${name}${needRoot.note}${why === undefined ? '' : ` (skipped: ${why})`}`, tests);
};

suite('memory', ['memory'], () => {
  test('who takes more is killed, inside only', async () => {
    await at.create('web', 'vir', 'limit', 'memory', '32m');
    await at.create('db', 'vir', 'limit', 'memory', '128m');
    const other = at.start('db', use.path, 'memory', '64');
    expect(await other.says()).toBe('all');
    expect(at.run('web', '--', use.path, 'memory', '64').status).toBe(128 + 9);
    expect(at.run('web', '--', use.path, 'memory', '8')).toMatchObject({ status: 0, out: 'all\n' });
    expect(other.child.exitCode).toBeNull();
    const used = vlimitParams['memory.used'].type.parse(await at.value('db', 'memory.used') ?? '');
    expect(used).toBeGreaterThanOrEqual(64 << 20);
    expect(used).toBeLessThan(128 << 20);
  });

  test('swap does not go round it', async () => {
    await at.create('web', 'vir', 'limit', 'memory', '32m');
    const pid = at.start('web', use.path, 'memory', '1').child.pid;
    expect(pid).toBeDefined();
    const inside = await memberPid(at.kernel, 'web', use.path);
    expect([boundsOf('memory', inside), boundsOf('swap', inside)]).toEqual([32 << 20, 32 << 20]);
  });

  test('holds for all the images inside together', async () => {
    await at.create('lab', 'children.max', '3', 'vir', 'limit', 'memory', '48m');
    await at.create('lab.a', 'vir', 'limit');
    await at.create('lab.b');
    const first = at.start('lab.a', use.path, 'memory', '30');
    expect(await first.says()).toBe('all');
    const second = at.run('lab.b', '--', use.path, 'memory', '30');
    // The kernel ends the larger one.
    if (second.status === 0) await expect.poll(() => first.child.exitCode).toBe(128 + 9);
    else expect(second.status).toBe(128 + 9);
  });

  test('is changed while programs run; to less than is in use it is not', async () => {
    await at.create('web', 'vir', 'limit', 'memory', '64m');
    const running = at.start('web', use.path, 'memory', '40');
    expect(await running.says()).toBe('all');
    // v2 takes it, and kills.
    if (kindOf('memory') === 'v1') await expect(at.set('web', 'memory', '16m')).rejects.toMatchObject({ code: 'EBUSY', subject: 'memory', message: expect.stringMatching(/in use/) });
    const inside = await memberPid(at.kernel, 'web', use.path);
    const now = (): readonly number[] => [boundsOf('memory', inside), boundsOf('swap', inside)];
    expect(now()).toEqual([64 << 20, 64 << 20]);
    for (const size of [50, 100, 60]) {
      await at.set('web', 'memory', `${size}m`);
      expect(now()).toEqual([size << 20, size << 20]);
    }
    expect(running.child.exitCode).toBeNull();
  });
});

suite('pids', ['pids'], () => {
  const fill = (name: string): Promise<string> => at.start(name, crowd.path, 'fork', '20').says();

  test('a fork bomb is bounded, in images inside too', async () => {
    // On v2 the two pid 1s of an image count for what is around it.
    const most = kindOf('pids') === 'v2' ? '8' : '6';
    await at.create('lab', 'children.max', '3', 'vir', 'limit', 'pids', most);
    await at.create('lab.a', 'vir', 'limit', 'pids', '4');
    await at.create('lab.b', 'vir', 'proc');
    expect(await fill('lab.a')).toBe('3 EAGAIN');
    expect(await at.value('lab.a', 'pids.used')).toBe('4');
    expect(await fill('lab.b')).toBe('1 EAGAIN');
    expect(await at.value('lab', 'pids.used')).toBe(most);
    expect(at.run('lab', '--', 'true')).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: EAGAIN: .*as many processes/) });
  });

  test('and max of proc: the smaller holds, whichever is changed', async () => {
    await at.create('web', 'vir', 'limit', 'pids', '50', 'vir', 'proc', 'max', '40');
    at.start('web', 'sleep', '1000');
    const pid = await memberPid(at.kernel, 'web', 'sleep');
    const now = (): number => boundsOf('pids', pid);
    expect(now()).toBe(40);
    await at.set('web', 'pids', '30');
    expect(now()).toBe(30);
    await at.kernel.set('web', ['vir', 'proc', 'max', '20']);
    expect(now()).toBe(20);
    await at.kernel.set('web', ['vir', 'limit', 'pids', '90', 'vir', 'proc', 'max', '80']);
    expect(now()).toBe(80);
    await at.kernel.set('web', ['vir', 'limit', 'pids', '70', 'vir', 'proc', 'max', '100']);
    expect(now()).toBe(70);
  });
});

suite('cpu', ['cpu'], () => {
  const quota = (pid: number): number => boundsOf('cpu', pid);

  test('bounds what is used, by the count of the kernel', async () => {
    await at.create('web', 'vir', 'limit', 'cpu', '10%');
    await at.start('web', use.path, 'spin').says();
    const pid = await memberPid(at.kernel, 'web', use.path);
    const stat = (key: string): number => Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(boundFile('cpu', pid, 'cpu.stat'))?.[1]);
    while (stat('nr_throttled') < 10) await sleep(50);
    const text = await at.value('web', 'cpu.used');
    const used = vlimitParams['cpu.used'].type.parse(text ?? '');
    // 10 ms in each period, and a slice of each CPU beyond that.
    expect(used).toBeGreaterThan(50);
    expect(used).toBeLessThan((stat('nr_periods') + 2) * 10 + 50);
  });

  test('is never more inside; who tightens it tightens those inside, who relaxes it gives them theirs back', async () => {
    await at.create('lab', 'children.max', '3', 'vir', 'limit', 'cpu', '2');
    await expect(at.create('lab.x', 'vir', 'limit', 'cpu', '2.5')).rejects.toMatchObject({ code: 'EPERM', subject: 'limit.cpu' });
    await at.create('lab.web', 'children.max', '1', 'vir', 'limit', 'cpu', '1.5');
    await at.create('lab.web.a', 'vir', 'limit', 'cpu', '50%');
    for (const name of ['lab', 'lab.web', 'lab.web.a']) at.start(name, 'sleep', '1000');
    const pids: number[] = [];
    for (const name of ['lab', 'lab.web', 'lab.web.a']) pids.push(await memberPid(at.kernel, name, 'sleep'));
    expect(pids.map(quota)).toEqual([200_000, 150_000, 50_000]);
    await at.set('lab', 'cpu', '1');
    expect(pids.map(quota)).toEqual([100_000, 100_000, 50_000]);
    await at.set('lab', 'cpu', '0.25');
    expect(pids.map(quota)).toEqual([25_000, 25_000, 25_000]);
    await at.set('lab', 'cpu', '3');
    expect(pids.map(quota)).toEqual([300_000, 150_000, 50_000]);
  });

  test('is set where there was none, for what runs already, and for an image around', async () => {
    await at.create('lab', 'children.max', '1', 'vir', 'limit');
    await at.create('lab.web', 'vir', 'limit');
    at.start('lab', 'sleep', '1000');
    at.start('lab.web', 'sleep', '1000');
    const outer = await memberPid(at.kernel, 'lab', 'sleep');
    const inner = await memberPid(at.kernel, 'lab.web', 'sleep');
    await at.set('lab.web', 'cpu', '1');
    expect(quota(inner)).toBe(100_000);
    await at.set('lab', 'cpu', '50%');
    expect([quota(outer), quota(inner)]).toEqual([50_000, 50_000]);
  });
});

describe.skipIf(needRoot.missing)(`what each process may have${needRoot.note}`, () => {
  test('is so from its first instruction on, acting on the image too; nothing else is limited', async () => {
    await at.create('web', 'vir', 'limit', 'files', '64', 'stack', '1m', 'fsize', '2m', 'memlock', '16k', 'cputime', '7s');
    const expected = [['open files', '64'], ['stack size', '1048576'], ['file size', '2097152'], ['locked memory', '16384'], ['cpu time', '7'], ['core file size', '0']] as const;
    for (const [what, value] of expected) {
      expect(at.limit('web', what), what).toEqual([value, value]);
      expect(at.limit('web', what, '-e'), what).toEqual([value, value]);
    }
    await at.create('bare', 'vir', 'limit', 'core', '8t');
    for (const [what] of expected.slice(0, 5)) expect(at.limit('bare', what), what).toEqual(at.limit('web', what).map(() => expect.not.stringMatching(/^(64|16384|7)$/)));
    expect(at.run('web', '--', 'sh', '-c', 'ulimit -n').out).toBe('64\n');
  });

  test('is never more inside, and tightened there with the image around', async () => {
    await at.create('lab', 'children.max', '3', 'vir', 'limit', 'files', '100');
    await expect(at.create('lab.x', 'vir', 'limit', 'files', '101')).rejects.toMatchObject({ code: 'EPERM', subject: 'limit.files' });
    await expect(at.create('lab.x', 'vir', 'limit', 'core', '1m'), 'what holds by default holds inside').rejects.toMatchObject({ code: 'EPERM', subject: 'limit.core' });
    await at.create('lab.web', 'vir', 'limit', 'files', '80');
    await at.create('lab.plain');
    expect(['lab', 'lab.web', 'lab.plain'].map((name) => at.limit(name, 'open files')[1])).toEqual(['100', '80', '100']);
    expect(await at.set('lab', 'files', '50')).toEqual([expect.stringMatching(/what runs in "lab" by now keeps its files/), 'also holds in lab.plain, lab.web']);
    expect(['lab', 'lab.web', 'lab.plain'].map((name) => at.limit(name, 'open files')[1])).toEqual(['50', '50', '50']);
    await expect(at.set('lab.web', 'files', '60')).rejects.toMatchObject({ code: 'EPERM' });
  });
});

describe.skipIf(needRoot.missing)(`its cgroups${needRoot.note}`, () => {
  test('are of no other image, and go with it', async () => {
    const before = imageCgroups();
    await at.create('lab', 'children.max', '3', 'vir', 'limit', 'cpu', '1', 'pids', '100', 'memory', '1g');
    await at.create('lab.web', 'vir', 'limit', 'cpu', '1', 'pids', '100', 'memory', '1g');
    await at.create('db', 'vir', 'limit', 'memory', '1g');
    for (const name of ['lab', 'lab.web', 'db']) at.start(name, 'sleep', '1000');
    for (const controller of ['pids', 'memory']) {
      if (kindOf(controller) === undefined) continue;
      const inside = await Promise.all(['lab', 'lab.web', 'db'].map(async (name) => fileOf(controller, await memberPid(at.kernel, name, 'sleep'), 'cgroup.procs')));
      expect(new Set(inside).size, controller).toBe(3);
      for (const list of inside) expect(list.split('\n'), controller).toHaveLength(1);
    }
    await at.kernel.destroy('lab', { grace: 0 });
    await at.kernel.destroy('db', { grace: 0 });
    expect(imageCgroups()).toEqual(before);
  });

  test.skipIf(without(['memory', 'pids'], ['v1']) !== undefined)('have to be there: nothing runs unbounded, and a change makes them whole', async () => {
    await at.create('lab', 'children.max', '1', 'vir', 'limit', 'memory', '32m', 'pids', '7');
    await at.create('lab.web');
    const dirs = imageCgroups().filter((dir) => /\/(?:memory|pids)\/(?:.*\/)?vimage\/\d+$/.test(dir));
    expect(dirs).toHaveLength(2);
    for (const dir of dirs) rmdirSync(dir);
    for (const name of ['lab', 'lab.web']) expect(at.run(name, '--', 'true')).toMatchObject({ status: 125, err: expect.stringMatching(/^imgexec: ESTALE: within: .*what bounds .* is gone/) });
    await at.set('lab', 'pids', '8');
    expect(at.run('lab', '--', use.path, 'memory', '64').status).toBe(128 + 9);
    expect(dirs.map((dir) => readFileSync(`${dir}/${dir.includes('/pids/') ? 'pids.max' : 'memory.limit_in_bytes'}`, 'utf8').trim()).sort()).toEqual([String(32 << 20), '8']);
  });

  test('bound what the library starts, from the first program on', async () => {
    const image = await at.create('web', 'vir', 'limit');
    for (let n = 0; n < 3; n++) {
      const child = image.spawn('cat', ['/proc/self/cgroup']);
      let text = '';
      for await (const part of child.stdout ?? []) text += String(part);
      for (const controller of ['memory', 'pids']) {
        const line = { v1: `:${controller}:.*/vimage/${image.serial}$`, v2: `^0::.*/vimage/${image.serial}/procs$` };
        const kind = kindOf(controller);
        if (kind !== undefined) expect(text, `program ${n}`).toMatch(new RegExp(line[kind], 'm'));
      }
    }
  });

  test('cannot be shared', async () => {
    await at.create('web', 'vir', 'limit', 'pids', '10');
    await expect(at.create('db', 'vir', 'limit', 'share', 'web')).rejects.toMatchObject({ code: 'EOPNOTSUPP', subject: 'limit', hint: expect.stringContaining('inside "web"') });
    expect(await at.kernel.list()).toHaveLength(1);
  });

  test('are found again by another kernel', async () => {
    await at.create('web', 'persist', 'true', 'vir', 'limit', 'pids', '10');
    const other = await Lab.open();
    try {
      expect((await other.kernel.get('web', { all: true })).slice(2)).toEqual([['vir', 'limit'], ['pids', '10'], ['memory.used', expect.any(String)], ['pids.used', '0'], ['cpu.used', expect.any(String)]]);
      await other.set('web', 'pids', '12');
      expect(await at.value('web', 'pids')).toBe('12');
    } finally {
      await other.kernel.destroy('web');
      await other.close();
    }
  });
});
