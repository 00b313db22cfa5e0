import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needRoot } from '../../linux/test/rights.ts';
import { ran } from '../../linux/test/ran.ts';
import { memberPid } from '../../vproc/test/lab.ts';
import { Lab, count, files } from './lab.ts';

const one = 'ipcmk -M 4096 -Q -S 2 > /dev/null';
const sysctl = (...settings: readonly string[]): readonly string[] => settings.flatMap((each) => ['sysctl', each]);

describe.skipIf(needRoot.missing)(`IPC of its own${needRoot.note}`, () => {
  let at: Lab;
  beforeEach(async () => { at = await Lab.open(); });
  afterEach(() => at.close());

  test('is seen by no other image, nor the machine; by those who share it, have it from their parent, or act on it', async () => {
    const machine = ran('sh', ['-c', count]).out;
    await at.create('web', 'children.max', '2', 'vir', 'ipc');
    await at.create('web.in', 'vir', 'proc');
    await at.create('web.own', 'vir', 'ipc');
    await at.create('db', 'vir', 'ipc');
    await at.create('near', 'vir', 'ipc', 'share', 'web');
    expect(at.sh('web', one)).toBe('');
    expect(['web', 'web.in', 'near', 'web.own', 'db'].map((name) => at.sh(name, count).trim())).toEqual(['1 1 1', '1 1 1', '1 1 1', '0 0 0', '0 0 0']);
    expect(at.sh('web', count, '-e')).toBe('1 1 1\n');
    expect(at.sh('web', 'ipcs -m | grep -c 4096', '-e', '--no-view')).toBe('1\n');
    expect(ran('sh', ['-c', count]).out).toBe(machine);
    const values = await at.values('web');
    expect(['shm.used', 'sem.used', 'msg.used'].map((key) => values.get(key))).toEqual(['1', '1', '1']);
    expect(at.sh('near', 'ipcrm -a')).toBe('');
    expect(at.sh('web', count)).toBe('0 0 0\n');
  });

  test('POSIX message queues and shared memory go with it, where there is a /dev of its own and where there is the machine’s', async () => {
    for (const [name, more] of [['web', files], ['bare', []], ['users', ['vir', 'user', ...files]]] as const) {
      await at.create(name, 'vir', 'ipc', ...more);
      await at.create(`${name}2`, 'vir', 'ipc', ...more);
      await at.create(`${name}3`, 'vir', 'ipc', 'share', name, ...more);
    }
    for (const name of ['web', 'users']) {
      expect(at.sh(name, 'touch /dev/mqueue/q && echo hi > /dev/shm/m && ls /dev/mqueue && stat -f -c %T /dev/mqueue')).toMatch(/^q\n/);
      expect(at.sh(`${name}2`, 'ls /dev/mqueue /dev/shm')).toBe('/dev/mqueue:\n\n/dev/shm:\n');
      if (name === 'web') expect(at.sh(`${name}3`, 'ls /dev/mqueue; cat /dev/shm/m')).toBe('q\nhi\n');
    }
    // The machine's /dev may have no place for queues.
    const made = mkdirSync('/dev/mqueue', { recursive: true });
    try {
      expect(at.sh('bare', 'touch /dev/mqueue/q && echo hi > /dev/shm/m && ls /dev/mqueue /dev/shm')).toBe('/dev/mqueue:\nq\n\n/dev/shm:\nm\n');
      expect(at.sh('bare2', 'ls /dev/mqueue /dev/shm')).toBe('/dev/mqueue:\n\n/dev/shm:\n');
      expect(at.sh('bare3', 'ls /dev/mqueue; cat /dev/shm/m')).toBe('q\nhi\n');
    } finally {
      for (const name of ['bare3', 'bare2', 'bare']) await at.kernel.destroy(name);
      if (made !== undefined) rmdirSync(made);
    }
  });

  test('what is in /dev/shm outlives a change of the view, and not the image', async () => {
    await at.create('web', 'vir', 'ipc', ...files);
    at.sh('web', 'echo kept > /dev/shm/m');
    expect(at.sh('web', 'cat /dev/shm/m', '-e')).toBe('kept\n');
    await at.kernel.set('web', ['vir', 'fs', 'tmpfs', '/tmp']);
    expect(at.sh('web', 'cat /dev/shm/m; touch /tmp/x && echo anew')).toBe('kept\nanew\n');
    await at.kernel.destroy('web');
    await at.create('web', 'vir', 'ipc', ...files);
    expect(at.sh('web', 'ls /dev/shm')).toBe('');
  });

  test('its limits hold, each, and can be changed; what is left out is as new', async () => {
    await at.create('web', ...files, 'vir', 'ipc', ...sysctl('kernel.msgmni=2', 'kernel.shmmni=1', 'kernel.sem=3 30 5 1', 'fs.mqueue.queues_max=1'));
    const tries = (script: string): string => at.sh('web', `${script} > /dev/null 2>&1 && echo yes || echo no`).trim();
    expect([1, 2, 3].map(() => tries('ipcmk -Q'))).toEqual(['yes', 'yes', 'no']);
    expect([1, 2].map(() => tries('ipcmk -M 10'))).toEqual(['yes', 'no']);
    expect([4, 3, 3].map((n) => tries(`ipcmk -S ${n}`))).toEqual(['no', 'yes', 'no']);
    await at.set('web', ...sysctl('kernel.msgmni=3', 'fs.mqueue.queues_max=1'));
    expect([1, 2].map(() => tries('ipcmk -Q'))).toEqual(['yes', 'no']);
    expect((await at.values('web')).get('msg.used')).toBe('3');
    await at.create('new', 'vir', 'ipc');
    const now = (name: string): string => at.sh(name, 'cat /proc/sys/kernel/shmmni /proc/sys/kernel/sem');
    expect(now('web')).toBe(now('new'));
    // With CAP_SYS_RESOURCE there may be more of them.
    expect(at.sh('web', 'cd /dev/mqueue; touch a; setpriv --reuid 65534 --clear-groups touch b 2>/dev/null || ls')).toBe('a\n');
  });

  test('root of the image’s own users is root of it: may change its limits, as may who is outside', async () => {
    await at.create('web', 'vir', 'user', 'vir', 'ipc', ...sysctl('kernel.msgmni=5', 'fs.mqueue.queues_max=3'));
    const now = (): string => at.sh('web', 'cat /proc/sys/kernel/msgmni /proc/sys/fs/mqueue/queues_max').trim().replace('\n', ' ');
    expect(now()).toBe('5 3');
    expect(at.sh('web', one)).toBe('');
    expect(at.sh('web', count)).toBe('1 1 1\n');
    expect(at.sh('web', 'ipcs -m -c | grep -c "root *root"')).toBe('1\n');
    await at.set('web', ...sysctl('kernel.msgmni=6', 'fs.mqueue.queues_max=4'));
    expect(now()).toBe('6 4');
    expect(readFileSync('/proc/sys/kernel/msgmni', 'latin1')).not.toBe('6\n');
  });

  test('who stands in it and did not come from here is told, and holds it', async () => {
    await at.create('web', 'vir', 'ipc');
    at.start('web', 'sleep', '930');
    const pid = await memberPid(at.kernel, 'web', 'sleep');
    const ns = readlinkSync(`/proc/${pid}/ns/ipc`);
    const visitor = spawn('nsenter', [`--ipc=/proc/${pid}/ns/ipc`, 'sleep', '931'], { stdio: 'ignore' });
    const ended = once(visitor, 'exit');
    try {
      await expect.poll(() => readlinkSync(`/proc/${visitor.pid ?? 0}/ns/ipc`)).toBe(ns);
      expect(await at.kernel.refs('web')).toContainEqual(expect.objectContaining({ kind: 'visitor', pid: visitor.pid, detail: expect.stringContaining(`stands in ${ns}`) }));
      expect(await at.kernel.destroy('web', { grace: 0 })).toMatchObject({ dying: ['web'] });
    } finally {
      visitor.kill('SIGKILL');
      await ended;
    }
    await at.kernel.gc();
    expect((await at.kernel.list({ dying: true })).map(({ name }) => name)).toEqual([]);
  });

  test('for one command it is made by that, and leaves nothing in the registry', async () => {
    for (const more of [[], ['vir', 'user'], ['vir', 'user', ...files, 'vir', 'proc']]) {
      const { child, gone } = await at.kernel.once(['vir', 'ipc', ...more], 'sh', ['-c', `echo hi > /dev/shm/m; ${one}; ${count}; ls /dev/shm; ls /run/vimage/img 2>&- || :`]);
      let out = '';
      child.stdout?.on('data', (data: Buffer) => { out += data.toString(); });
      await gone;
      expect(out).toBe('1 1 1\nm\n');
    }
  });
});
