import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Program } from './program.ts';
import { lab, type Lab } from './lab.ts';

/** What lives in an image that is to be destroyed. */
interface Ending {
  readonly what: string;
  /** Says `up`, once, when all are there. */
  readonly script: string;
  readonly grace: number;
  /** Between which milliseconds destroy returns. */
  readonly from?: number;
  readonly to: number;
  /** What it says when it is told to end. */
  readonly says?: string;
}

const endings = (crowd: string): readonly Ending[] => [
  { what: 'obeys SIGTERM', script: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done", grace: 20_000, to: 5000, says: 'bye' },
  { what: 'ignores SIGTERM', script: "trap '' TERM; echo up; while :; do sleep 50; done", grace: 400, from: 400, to: 5000 },
  { what: 'was stopped', script: 'sleep 800 & echo up; kill -STOP $! $$; wait', grace: 100, to: 5000 },
  { what: 'became a daemon', script: "(setsid sh -c 'echo up; exec sleep 801' &); exit 0", grace: 5000, to: 4000 },
  { what: 'forked twice, into sessions of its own', script: "(setsid sh -c '(setsid sleep 802 &); (setsid sh -c \"trap : TERM; echo up; while :; do sleep 803; done\" &)' &)", grace: 200, to: 5000 },
  { what: 'unshared its mounts, pids and users', script: "exec unshare -Umpf --map-root-user sh -c 'sleep 804 & setsid sleep 805 & echo up; wait'", grace: 200, to: 5000 },
  { what: 'made processes in a pid namespace within one', script: "exec unshare -pf sh -c 'unshare -pf sh -c \"sleep 806 & echo up; wait\"'", grace: 200, to: 5000 },
  { what: 'has zombies', script: 'sleep 0.01 & sleep 0.01 & sleep 0.1; echo up; exec sleep 807', grace: 5000, to: 4000 },
  { what: 'forks as fast as it can', script: `exec ${crowd} bomb 120`, grace: 100, to: 15_000 },
];

const mark = `VPROC_ENDING=${process.pid}`;
process.env['VPROC_ENDING'] = String(process.pid);

/** Every process, wherever it went, that came from a script of this file, but for this one, and imgexec, which waits for its program. */
function marked(): readonly string[] {
  return readdirSync('/proc').map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid).flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark) && state !== 'Z' && !command.includes('imgexec') ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}

/** The tests of how images end, for images made with `pairs`. */
export function testEndings(crowd: () => Program, pairs: readonly string[]): void {
  test.each(endings('CROWD'))('what $what', { timeout: 40_000 }, async ({ script, grace, from = 0, to, says }) => {
    const at: Lab = await lab();
    try {
      await at.create('web', ...pairs);
      const resident = await at.start('web', script.replaceAll('CROWD', crowd().path));
      if (script.includes('-STOP')) await expect.poll(async () => (await at.kernel.processes('web')).map(({ state }) => state)).toEqual(['T', 'T']);
      await expect.poll(() => marked().length).toBeGreaterThan(0);
      const begin = performance.now();
      const report = await at.kernel.destroy('web', { grace });
      const took = performance.now() - begin;
      expect(report).toMatchObject({ removed: ['web'], dying: [] });
      expect(report.ended).toBeGreaterThan(0);
      expect(took).toBeGreaterThanOrEqual(from);
      expect(took).toBeLessThan(to);
      expect(marked()).toEqual([]);
      expect(await at.kernel.list({ dying: true })).toEqual([]);
      expect((await at.substrate.pinner()).list()).toEqual([]);
      if (says !== undefined) expect(await resident.says()).toBe(says);
      const { child } = resident;
      await expect.poll(() => child.exitCode, { message: 'imgexec, which waits for its program outside and stops with it, has ended too' }).not.toBeNull();
    } finally {
      await at.close();
    }
  });
}
