import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stop } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlers } from '../src/bundle.mjs';
import { all, nodes, says, type Program } from '../src/says.ts';

// No other system is at hand: what differs there is taken away here. The name of the system and its users are made up; that nothing of Linux is touched is not.

const here = import.meta.dirname;
const guard = path.join(here, '../src/elsewhere.cjs');
let scratch = '';
const bundled = (program: Program): string => path.join(scratch, `${program}.mjs`);

beforeAll(async () => {
  scratch = mkdtempSync(path.join(tmpdir(), 'vimage-elsewhere-'));
  chmodSync(scratch, 0o755);
  for (const program of all) writeFileSync(bundled(program), await bundlers.esbuild(program, ['vimage-single']));
  execFileSync('cc', ['-static', '-o', path.join(scratch, 'deny-call'), path.join(here, '../../e2e/test/fixtures/deny-call.c')]);
});
afterAll(async () => {
  await stop();
  rmSync(scratch, { recursive: true });
});

const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): { readonly status: number | null; readonly out: string; readonly err: string } => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: scratch, encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, out: stdout.trim(), err: stderr.trim() };
};
const programs = (program: Program): 'may' | 'may not' => (program === 'linux' ? 'may' : 'may not');

describe.each(['darwin', 'win32'])('on a system that says it is %s, and has nothing of Linux', (system) => {
  test.each(all)('%s runs, bundled and by its condition', (program) => {
    const env = { SYSTEM: system, PROGRAMS: programs(program) };
    for (const [version, node] of nodes) {
      const ways = [[bundled(program)], ['--conditions=vimage-single', path.join(here, `../programs/${program}.mjs`)]];
      for (const way of ways) expect(run(node, ['--require', guard, ...way], env), `Node ${version}`).toEqual({ status: 0, out: says[program], err: '' });
    }
  });

  test('the ordinary build does not, and the guard sees why', () => {
    const env = { SYSTEM: system, PROGRAMS: 'may' };
    expect(run(process.execPath, ['--require', guard, path.join(here, '../programs/linux.mjs')], env)).toMatchObject({ status: 1, out: '' });
    for (const touch of ['require("node:fs").readFileSync("/proc/self/status")', 'require("koffi")']) {
      expect(run(process.execPath, ['--require', guard, '-e', touch], env)).toMatchObject({ status: 86, err: expect.stringMatching(/^touched: /) as unknown });
    }
    expect(run(process.execPath, ['--require', guard, '-e', 'require("node:child_process").spawn("true")'], { SYSTEM: system })).toMatchObject({ status: 86, err: 'touched: spawn' });
  });
});

describe('as a user without rights', () => {
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

  test.each(all)('%s runs without /proc, /sys and /run', (program) => {
    const bare = 'for dir in proc sys run; do mount -t tmpfs none /$dir || exit 9; done; ! [ -e /proc/self ] || exit 8; exec "$@"';
    for (const [version, node] of nodes) {
      expect(run('unshare', ['--mount', 'sh', '-c', bare, 'sh', ...user, node, bundled(program)]), `Node ${version}`).toEqual({ status: 0, out: says[program], err: '' });
    }
  });

  test.each(all)('%s runs under a filter of system calls', (program) => {
    const [setpriv = '', ...args] = user;
    const filter = path.join(scratch, 'deny-call');
    expect(run(setpriv, [...args, filter, 'userns', 'unshare', '--user', 'true']).status).not.toBe(0);
    for (const denied of ['userns', 'mount']) {
      expect(run(setpriv, [...args, filter, denied, process.execPath, bundled(program)]), denied).toEqual({ status: 0, out: says[program], err: '' });
    }
  });
});
