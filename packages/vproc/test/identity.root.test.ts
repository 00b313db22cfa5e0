import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processInfo } from '@vimage/linux';
import { onCall } from '@vimage/linux/door';
import { refusal } from '../../linux/test/ran.ts';
import { needRoot } from '../../linux/test/rights.ts';
import { endFirst } from '../src/end.ts';
import { lab, memberPid, type Lab } from './lab.ts';

const last = '/proc/sys/kernel/ns_last_pid';
const note = existsSync(last) ? '' : ' (skipped: this kernel has no ns_last_pid, by which a number is given again)';

describe.skipIf(needRoot.missing || note !== '')(`a number that was given to another process${needRoot.note}${note}`, () => {
  let at: Lab;
  let strangers: ChildProcess[];
  beforeEach(async () => {
    strangers = [];
    at = await lab();
    await at.create('web', 'vir', 'proc');
  });
  afterEach(async () => {
    onCall(undefined);
    for (const stranger of strangers) stranger.kill('SIGKILL');
    await at.close();
  });

  /** Ends a process, and starts one outside that gets its number. Synchronous, so that it fits between two calls. */
  const replace = (pid: number): ChildProcess => {
    process.kill(pid, 'SIGKILL');
    for (const until = Date.now() + 5000; existsSync(`/proc/${pid}`);) if (Date.now() > until) throw new Error(`${pid} does not end`);
    for (let tries = 0; tries < 100; tries++) {
      writeFileSync(last, String(pid - 1));
      const stranger = spawn('sleep', ['790'], { stdio: 'ignore' });
      strangers.push(stranger);
      if (stranger.pid === pid) return stranger;
      stranger.kill('SIGKILL');
    }
    throw new Error(`${pid} was not given again`);
  };
  const lives = (stranger: ChildProcess): boolean => stranger.exitCode === null && stranger.signalCode === null && readFileSync(`/proc/${stranger.pid}/comm`, 'utf8') === 'sleep\n';
  /** Gives a signal that was sent the time to do its work. */
  const moment = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 50); });

  test('is no process of the image', async () => {
    await at.start('web', 'echo up; exec sleep 791');
    const pid = await memberPid(at.kernel, 'web', 'sleep 791');
    const stranger = replace(pid);
    expect(await refusal(at.kernel.kill('web', pid, 'KILL'))).toMatchObject({ code: 'ESRCH', subject: String(pid), hint: 'imgctl ps lists those that do' });
    await moment();
    expect(lives(stranger)).toBe(true);
  });

  test('is not signalled when that happens after it was looked at', async () => {
    await at.start('web', 'echo up; exec sleep 792');
    const pid = await memberPid(at.kernel, 'web', 'sleep 792');
    let stranger: ChildProcess | undefined;
    onCall((name) => {
      if (name === 'pidfd_send_signal') stranger ??= replace(pid);
    });
    expect(await refusal(at.kernel.kill('web', pid, 'KILL'))).toMatchObject({ code: 'ESRCH', subject: String(pid) });
    await moment();
    expect(stranger !== undefined && lives(stranger)).toBe(true);
  });

  test('is not signalled by destroy, TERM or KILL', async () => {
    await at.start('web', "trap '' TERM; echo up; while :; do sleep 793; done");
    await at.start('web', 'echo up; exec sleep 794');
    const pid = await memberPid(at.kernel, 'web', 'sleep 794');
    let stranger: ChildProcess | undefined;
    onCall((name) => {
      if (name === 'pidfd_send_signal') stranger ??= replace(pid);
    });
    expect(await at.kernel.destroy('web', { grace: 100 })).toMatchObject({ removed: ['web'], dying: [] });
    await moment();
    expect(stranger !== undefined && lives(stranger)).toBe(true);
  });

  test('is not taken for the image’s pid 1', async () => {
    const { first } = await (await at.kernel.lookup('web')).slot('proc');
    const stranger = replace(first?.pid ?? 0);
    expect(await at.kernel.destroy('web')).toMatchObject({ removed: ['web'], dying: [] });
    await moment();
    expect(lives(stranger)).toBe(true);
  });

  test('is not taken for the image’s pid 1 where it began in the same moment', async () => {
    const { view, own } = await (await at.kernel.lookup('web')).slot('proc');
    const stranger = spawn('sleep', ['797'], { stdio: 'ignore' });
    strangers.push(stranger);
    const { pid = 0 } = stranger;
    await endFirst({ pid, start: processInfo(pid)?.start }, [`pid:[${view?.ino}]`, `pid:[${own?.ino}]`]);
    await moment();
    expect(lives(stranger)).toBe(true);
  });

  test('one that ends while all are signalled is no error', async () => {
    await at.start('web', 'echo up; exec sleep 795');
    await at.start('web', 'echo up; exec sleep 796');
    const pids = [await memberPid(at.kernel, 'web', 'sleep 795'), await memberPid(at.kernel, 'web', 'sleep 796')];
    let stranger: ChildProcess | undefined;
    onCall((name) => {
      if (name === 'pidfd_send_signal') stranger ??= replace(Math.max(...pids));
    });
    expect(await at.kernel.kill('web', undefined, 'KILL')).toBe(1);
    expect(stranger !== undefined && lives(stranger)).toBe(true);
    onCall(undefined);
    await expect.poll(() => at.kernel.processes('web')).toEqual([]);
  });
});
