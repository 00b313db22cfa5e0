// A registry of npm packages on loopback, empty, which asks nobody else; it ends with this process at the latest.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

/** Starts one. `npmrc`: a file for npm's --userconfig that knows it. */
export async function startRegistry() {
  const dir = mkdtempSync(path.join(tmpdir(), 'vimage-registry-'));
  const server = fork(fileURLToPath(new URL('registry-server.mjs', import.meta.url)), [dir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  const [url] = await Promise.race([once(server, 'message'), once(server, 'exit').then(([code]) => { throw new Error(`the registry ended with ${code}`); })]);
  const npmrc = path.join(dir, 'npmrc');
  writeFileSync(npmrc, [`registry=${url}`, `${url.replace('http:', '')}:_authToken=anybody`, `cache=${path.join(dir, 'cache')}`, 'audit=false', 'fund=false', 'update-notifier=false', ''].join('\n'));
  return {
    npmrc,
    publish: (tarball) => run('npm', ['publish', tarball, '--userconfig', npmrc, '--access', 'public', '--tag', 'latest']),
    close: async () => {
      const ended = once(server, 'exit');
      server.disconnect();
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
