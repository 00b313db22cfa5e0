import { closeSync, mkdtempSync, openSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { probeInside, type Said } from './inner.ts';
import type { OuterContext, OuterProbe } from './probe.ts';

/** Runs one probe of imgprobe, and says what it said. */
export async function only({ image, defences }: OuterContext, name: string, facts: readonly string[], more: Partial<OuterContext['image']> = {}): Promise<Said> {
  const said = await probeInside({ ...image, ...more }, [name], [...defences.facts, ...facts]);
  return said.get(name) ?? { verdict: 'fail', reason: 'it told nothing' };
}

/** A careless caller: imgexec is started with descriptors of directories and files of the host's, beside 0-2. */
const descriptors: OuterProbe = {
  name: 'descriptors', lines: [4], walls: ['entry'], tries: 'to find a descriptor that the caller left open',
  run: async (cx) => {
    const fds = ['/', '/etc/passwd', '/proc'].map((at) => openSync(at, 'r'));
    try {
      return await only(cx, 'descriptors', [], { leaked: { fds } });
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  },
};

/** Started in a directory that an image with files of its own does not have. */
const cwd: OuterProbe = {
  name: 'cwd', lines: [4, 11], walls: ['entry'], tries: 'to climb from the caller’s directory above the root',
  run: async (cx) => {
    const dir = mkdtempSync(path.join(tmpdir(), 'selftest-'));
    try {
      return await only(cx, 'cwd', [], { leaked: { cwd: dir } });
    } finally {
      rmdirSync(dir);
    }
  },
};

/** `--clean-env` is to leave nothing of it, and what goes before the program is not to show it either. */
const environment: OuterProbe = {
  name: 'environment', lines: [32], walls: ['entry'], tries: 'to find the caller’s environment, with --clean-env',
  run: (cx) => {
    const secret = randomBytes(12).toString('hex');
    return only(cx, 'environment', [`secret=${secret}`], { options: [...cx.image.options ?? [], '--clean-env'], leaked: { env: { SELFTEST_SECRET: secret } } });
  },
};

export const leakProbes: readonly OuterProbe[] = [descriptors, cwd, environment];
