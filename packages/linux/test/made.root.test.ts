import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, readlinkSync, unlinkSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { madeBy } from '@vimage/linux';
import { MadeNotes } from '../src/made.ts';
import { memfd } from '../src/sys/file.ts';
import { needRoot } from './rights.ts';

async function socketInode(): Promise<{ readonly inode: number; readonly close: () => void }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle: unknown = Reflect.get(server, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return { inode: fstatSync(Number(fd)).ino, close: () => { server.close(); } };
}

describe('where sockets were made', () => {
  test('is told of those that are open, and of no others', async () => {
    const one = await socketInode();
    const notes = new MadeNotes();
    const it = { serial: 7n, inode: one.inode, text: 'made at here' };
    notes.add(it, () => [it]);
    notes.add({ serial: 7n, inode: 1, text: 'made by nobody' }, () => [it]);
    expect(madeBy(process.pid)).toEqual([it]);
    one.close();
    await expect.poll(() => madeBy(process.pid)).toEqual([]);
    notes.close();
  });

  test('stays short however many there were, and what is open is kept', async () => {
    const one = await socketInode();
    const notes = new MadeNotes();
    const it = { serial: 7n, inode: one.inode, text: 'made at here' };
    notes.add(it, () => [it]);
    for (let inode = 1; inode < 20_000; inode++) notes.add({ serial: 7n, inode, text: 'x'.repeat(100) }, () => [it]);
    expect(madeBy(process.pid)).toEqual([it]);
    notes.close();
    one.close();
  });

  test('is one line of printable text each', async () => {
    const one = await socketInode();
    const notes = new MadeNotes();
    const it = { serial: 7n, inode: one.inode, text: 'a\n7 1 b\u001b[2J' };
    notes.add(it, () => [it]);
    expect(madeBy(process.pid)).toEqual([{ ...it, text: 'a?7 1 b?[2J' }]);
    notes.close();
    one.close();
  });

  test.each([
    ['text without order', 'hello\n\n12 x y\n-1 2 z\n'], ['a line without end', `7 INODE ${'y'.repeat(5000)}`], ['nothing', ''],
  ])('another program may write what it likes there: %s', async (_, text) => {
    const one = await socketInode();
    const fd = memfd('vimage.made');
    writeSync(fd, text.replace('INODE', String(one.inode)));
    expect(madeBy(process.pid)).toEqual([]);
    closeSync(fd);
    one.close();
  });

  test.skipIf(needRoot.missing)(`what only has such a name, and would keep its reader waiting, is not opened${needRoot.note}`, async () => {
    const path = '/memfd:vimage.made (deleted)';
    execFileSync('mkfifo', [path]);
    try {
      const child = spawn('sh', ['-c', 'exec 9<>"$0"; echo ready; read x', path]);
      await once(child.stdout, 'data');
      expect(readlinkSync(`/proc/${child.pid}/fd/9`)).toBe(path);
      expect(madeBy(child.pid ?? 0)).toEqual([]);
      child.stdin.end();
      await once(child, 'exit');
    } finally {
      unlinkSync(path);
    }
  });

  test('nobody is asked who is not there', () => {
    expect(madeBy(2 ** 22 + 1)).toEqual([]);
  });
});
