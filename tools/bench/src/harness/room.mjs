// The bench runs in a room of its own, so that it neither meets the images of this machine nor leaves anything on it: a mount
// namespace with an empty /run, a network namespace, a cgroup.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, program } from './machine.mjs';

const mark = 'VIMAGE_BENCH_ROOM';

/** Pid of the process outside of the room, whose namespaces are the host's; undefined outside. */
export function outside() {
  const pid = process.env[mark];
  return pid === undefined ? undefined : Number(pid);
}

/** Runs this program again inside; returns its exit status. */
export async function inRoom(argv) {
  const cgroup = ownCgroup();
  try {
    const args = ['--mount', '--net', '--propagation', 'private', process.execPath, ...argv];
    const child = spawn(program('unshare'), args, { stdio: 'inherit', env: { ...process.env, [mark]: String(process.pid), [`${mark}_SHARED`]: rootIsShared() ? '1' : '' } });
    const ignore = () => undefined; // the child gets it from the terminal too; we clean up after it
    process.on('SIGINT', ignore);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
    });
  } finally {
    await cgroup?.leave();
  }
}

/** Makes the room what it should be; the first thing done inside. */
export function furnish() {
  must(program('mount'), ['-t', 'tmpfs', '-o', 'mode=0755', 'bench', '/run']);
  // A host's mounts are usually shared; what unshare -m costs depends on it.
  if (process.env[`${mark}_SHARED`] === '1') must(program('mount'), ['--make-rshared', '/']);
  must(program('ip'), ['link', 'set', 'lo', 'up']);
}

/** Arguments for nsenter that lead to the host's network stack. */
export function hostNet() {
  return [`--net=/proc/${outside()}/ns/net`];
}

function mountinfo() {
  return readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
}

function rootIsShared() {
  return mountinfo().some((line) => line.split(' ')[4] === '/' && / shared:\d+ /.test(line));
}

/** A cgroup for all that the bench starts; undefined where there is no cgroup2 to make one in. */
function ownCgroup() {
  const mount = mountinfo().find((line) => line.includes(' - cgroup2 '))?.split(' ')[4];
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (mount === undefined || own === undefined || own.includes('..')) return undefined;
  const before = `${mount}${own === '/' ? '' : own}`;
  const dir = `${before}/vimage-bench-${process.pid}`;
  try {
    mkdirSync(dir);
    writeFileSync(`${dir}/cgroup.procs`, String(process.pid));
  } catch {
    return undefined;
  }
  return {
    leave: async () => {
      writeFileSync(`${before}/cgroup.procs`, String(process.pid));
      for (let i = 0; existsSync(dir) && i < 100; i++) {
        if (existsSync(`${dir}/cgroup.kill`)) writeFileSync(`${dir}/cgroup.kill`, '1');
        removeTree(dir);
        await sleep(20);
      }
      if (existsSync(dir)) console.error(`${dir}: could not be removed`);
    },
  };
}

function removeTree(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) removeTree(`${dir}/${entry.name}`);
  try {
    rmdirSync(dir);
  } catch {
    // a process is still ending in it
  }
}

/** Why the room cannot be entered here, or undefined. */
export function refusal() {
  if (process.getuid?.() !== 0) return 'the bench needs root: it makes namespaces, bridges and cgroups';
  const tried = spawnSync(program('unshare'), ['--mount', '--net', program('true')], { encoding: 'utf8' });
  return tried.status === 0 ? undefined : `the bench needs the right to make namespaces: ${tried.stderr.trim()}`;
}
