import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SpawnRequest, StoredImage } from '@vimage/core';
import { LinuxSubstrate, processInfo } from '../src/index.ts';
import { needRoot } from './rights.ts';
import { makeNet, removeNet } from './rig.ts';

const live = (command: string, ...args: string[]): SpawnRequest => ({ command, args, effective: false, only: [] });
const sh = (script: string): SpawnRequest => live('sh', '-c', script);
const read = (stream: Readable | null): Promise<string> => (stream === null ? Promise.reject(new Error('no pipe')) : text(stream));
const exit = async (child: ChildProcess): Promise<unknown> => child.exitCode ?? child.signalCode ?? once(child, 'exit').then(([code, signal]: unknown[]) => code ?? signal);

describe.skipIf(needRoot.missing)(`programs started by the launcher${needRoot.note}`, () => {
  let linux: LinuxSubstrate;
  let web: StoredImage;

  beforeEach(async () => {
    linux = new LinuxSubstrate();
    linux.open();
    web = await makeNet(linux, 'web');
    expect(await exit(linux.spawn(web, sh('grep -q imgexec /proc/$PPID/comm'), 'ignore')), 'the first is imgexec’s own').toBe(0);
  });
  afterEach(async () => {
    await linux.end(web, { grace: 0 });
    await removeNet(linux, web);
    await linux.close();
  });

  /** Of the process that started it: the launcher, or ourselves. */
  const starter = (child: ChildProcess): string => readFileSync(`/proc/${processInfo(child.pid ?? 0)?.ppid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();

  it('are what execution by imgexec makes of them, without a process between', async () => {
    const child = linux.spawn(web, sh('echo up; echo to-err >&2; readlink /proc/self/ns/net; cat; exit 7'), ['pipe', 'pipe', 'pipe']);
    expect([child.stdin, child.stdout, child.stderr].every((stream) => stream !== null)).toBe(true);
    await once(child, 'spawn');
    const [out, err] = [read(child.stdout), read(child.stderr)];
    expect(starter(child)).toMatch(/imgexec --launch$/);
    await expect.poll(() => processInfo(child.pid ?? 0)?.command).toMatch(/^sh -c echo up/);
    expect(linux.processes(web).map(({ pid }) => pid)).toContain(child.pid);
    child.stdin?.end('what was written');
    expect(await once(child, 'close')).toEqual([7, null]);
    using pin = await linux.openPin(web.serial, 'net', 'net');
    expect(await out).toBe(`up\nnet:[${pin.ino}]\nwhat was written`);
    expect(await err).toBe('to-err\n');
  });

  it('have the folder, mask, environment, signals and descriptors of their caller', async () => {
    const [mask, cwd] = [process.umask(0o027), process.cwd()];
    process.chdir('/usr');
    try {
      const child = linux.spawn(web, { ...sh('pwd; umask; echo $A-$HOME; ls /proc/self/fd | wc -l; grep -E "Sig(Ign|Blk)" /proc/self/status; ps -o sid= -p $$; echo $$'), env: { A: '1' }, cleanEnv: true }, ['ignore', 'pipe', 'inherit']);
      const lines = (await read(child.stdout)).trim().split('\n').map((line) => line.trim());
      expect(lines.slice(0, 4)).toEqual(['/usr', '0027', '1-', '4']);
      expect(lines.slice(4, 6).map((line) => line.split(/\s+/)[1])).toEqual(['0000000000000000', '0000000000000000']);
      expect(lines[6], 'a session of its own').toBe(lines[7]);
    } finally {
      process.umask(mask);
      process.chdir(cwd);
    }
  });

  it('write where they are told: to a descriptor, to nowhere', async () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-launch-'));
    const fd = openSync(`${scratch}/out`, 'w');
    try {
      expect(await exit(linux.spawn(web, sh('echo one; test -r /dev/stdin; echo $?'), ['ignore', fd, 'ignore']))).toBe(0);
      expect(readFileSync(`${scratch}/out`, 'utf8')).toBe('one\n0\n');
    } finally {
      closeSync(fd);
      rmSync(scratch, { recursive: true });
    }
  });

  it('end as they end: by signals, by not being there, by the image not being there', async () => {
    const child = linux.spawn(web, live('sleep', '977'), 'ignore');
    expect([child.kill(0), child.kill('SIGINT'), await exit(child), child.kill()]).toEqual([true, true, 'SIGINT', false]);
    expect(await exit(linux.spawn(web, live('no-such-program'), ['ignore', 'ignore', 'ignore']))).toBe(127);
    const lost = linux.spawn({ ...web, name: 'nowhere' }, live('true'), ['ignore', 'ignore', 'pipe']);
    const [err, status] = await Promise.all([read(lost.stderr), exit(lost)]);
    expect([lost.pid, status, err]).toEqual([undefined, 125, expect.stringMatching(/^imgexec: ESRCH: no image "nowhere"/)]);
  });

  it('are not signalled where there is none', async () => {
    const lost = linux.spawn({ ...web, name: 'nowhere' }, live('true'), 'ignore');
    expect([lost.pid, lost.kill(0), await exit(lost)]).toEqual([undefined, false, 125]);
  });

  it('start also from a folder that was removed', async () => {
    const cwd = process.cwd();
    const scratch = mkdtempSync(path.join(tmpdir(), 'vimage-launch-'));
    process.chdir(scratch);
    rmSync(scratch, { recursive: true });
    try {
      const child = linux.spawn(web, live('pwd'), ['ignore', 'pipe', 'inherit']);
      expect(await read(child.stdout)).toBe('/\n');
    } finally {
      process.chdir(cwd);
    }
  });

  it('leave no descriptor, and no process, where descriptors run out', async () => {
    await exit(linux.spawn(web, live('true'), 'ignore'));
    const { pid } = process;
    const most = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    const limit = (soft: number): void => { execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:${most?.[2]}`]); };
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    const highest = Math.max(...readdirSync('/proc/self/fd').map(Number)) + 1;
    const filled: number[] = [];
    limit(highest + 12);
    try {
      expect(() => { for (;;) filled.push(openSync('/dev/null', 'r')); }).toThrow('EMFILE');
      for (let free = 0; free < 7; free++) {
        expect(() => linux.spawn(web, live('sleep', '981'), 'pipe'), `${free} left`).toThrow(expect.objectContaining({ code: 'EMFILE' }));
        closeSync(filled.pop() ?? -1);
      }
    } finally {
      for (const fd of filled) closeSync(fd);
      limit(Number(most?.[1]));
    }
    expect(linux.processes(web)).toEqual([]);
    expect(open()).toBe(before);
  });

  it('do not enter another image that has the name by now', async () => {
    const old = web;
    await removeNet(linux, web);
    web = await makeNet(linux, 'web');
    const child = linux.spawn(old, live('true'), ['ignore', 'ignore', 'pipe']);
    const [err, status] = await Promise.all([read(child.stderr), exit(child)]);
    expect([status, err]).toEqual([125, expect.stringMatching(/^imgexec: ESRCH: no image "web" any more/)]);
    const living = linux.spawn(web, live('sleep', '980'), 'ignore');
    expect([linux.processes(old), await linux.end({ ...old, state: 'removing' }, { grace: 0 }), living.exitCode]).toEqual([[], 0, null]);
    expect(linux.processes(web).map(({ pid }) => pid)).toEqual([living.pid]);
  });

  it('keep the context in which they were started', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen = await context.run('mine', () => new Promise((resolve) => {
      linux.spawn(web, live('true'), 'ignore').on('exit', () => resolve(context.getStore()));
    }));
    expect(seen).toBe('mine');
  });

  it('two hundred at once', async () => {
    const children = Array.from({ length: 200 }, (_, i) => linux.spawn(web, sh(`exit ${i % 100}`), 'ignore'));
    expect(new Set(children.map(({ pid }) => pid)).size).toBe(200);
    expect(await Promise.all(children.map(exit))).toEqual(children.map((_, i) => i % 100));
  });

  it.each([
    ['a channel', sh('true'), ['ignore', 'ignore', 'ignore', 'ipc'] as const],
    ['a fourth pipe', sh('true'), ['ignore', 'ignore', 'ignore', 'pipe'] as const],
    ['a terminal', { ...sh('test -t 0'), tty: true }, 'ignore' as const],
    ['a long environment', { ...sh('test ${#LONG} = 130000'), env: { LONG: 'x'.repeat(130_000) } }, 'ignore' as const],
  ])('%s takes the execution of imgexec', async (_, request, stdio) => {
    const child = linux.spawn(web, request, typeof stdio === 'string' ? stdio : [...stdio]);
    expect(starter(child)).not.toMatch(/imgexec --launch$/);
    expect(await exit(child)).toBe(0);
  });

  it('go on when the launcher is killed; the next ones have another', async () => {
    const child = linux.spawn(web, live('sleep', '978'), 'ignore');
    process.kill(processInfo(child.pid ?? 0)?.ppid ?? 0, 'SIGKILL');
    await expect.poll(() => starter(child)).not.toMatch(/imgexec/);
    await expect.poll(() => processInfo(child.pid ?? 0)?.command).toBe('sleep 978');
    expect(await exit(linux.spawn(web, sh('exit 3'), 'ignore'))).toBe(3);
    child.kill();
    expect(await exit(child), 'how it ended nobody can say').toBe(125);
  });

  it('--die-with-parent: end when their caller does', async () => {
    const child = linux.spawn(web, { ...live('sleep', '979'), dieWithParent: true }, 'ignore');
    process.kill(processInfo(child.pid ?? 0)?.ppid ?? 0, 'SIGKILL');
    await exit(child);
    await expect.poll(() => linux.processes(web)).toEqual([]);
    expect(await exit(linux.spawn(web, live('true'), 'ignore'))).toBe(0);
  });

  it('are told of also after the substrate has been closed', async () => {
    const other = new LinuxSubstrate();
    other.open();
    await exit(other.spawn(web, live('true'), 'ignore'));
    const child = other.spawn(web, sh('sleep 0.2; exit 9'), 'ignore');
    const launcher = processInfo(child.pid ?? 0)?.ppid ?? 0;
    await other.close();
    expect(await exit(child)).toBe(9);
    await expect.poll(() => processInfo(launcher)?.state ?? 'gone').toMatch(/gone|Z/);
    expect(readlinkSync('/proc/self/exe')).toContain('node');
  });
});
