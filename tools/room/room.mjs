// A machine within the machine: a mount namespace with an empty /run, a network namespace, cgroups, and, where asked, a process table.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { enterCgroups } from './cgroups.mjs';

/** In the environment of what runs in a room: the pid, outside, of the process that made it. */
export const mark = 'VIMAGE_ROOM';

/** Why there can be no room here, or undefined. */
export function refusal() {
  if (process.getuid?.() !== 0) return 'it takes root';
  const tried = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `it takes the right to make namespaces: ${(tried.stderr || String(tried.error)).trim()}`;
}

/**
 * Runs `command` in a room; its exit status. `pids`: with a process table of its own, whose pid 1 is a shell that reaps, and which
 * ends with the command.
 */
export async function inRoom(command, { pids = false, env = process.env } = {}) {
  const cgroups = enterCgroups();
  try {
    const child = spawn('unshare', [...words(pids), 'sh', '-c', script(pids), 'sh', ...command], { stdio: 'inherit', env: { ...env, [mark]: String(process.pid) } });
    const ignore = () => undefined; // the child gets it from the terminal too; we clean up after it
    process.on('SIGINT', ignore);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
    });
  } finally {
    await cgroups.leave();
  }
}

function words(pids) {
  return ['--mount', '--net', '--propagation', 'private', ...(pids ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : [])];
}

function script(pids) {
  const steps = ['mount -t tmpfs -o mode=0755 room /run', 'ip link set lo up'];
  // A host's mounts are usually shared, and what unshare(2) costs depends on it.
  if (rootIsShared()) steps.push('mount --make-rshared /');
  return `${steps.join(' && ')} && ${pids ? '"$@"; exit $?' : 'exec "$@"'}`;
}

function rootIsShared() {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').some((line) => line.split(' ')[4] === '/' && / shared:\d+ /.test(line));
}
