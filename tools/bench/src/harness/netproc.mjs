// An image with a network stack and a process table, and the peers that enter the same, or make it.
import { existsSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { withImage } from './library.mjs';
import { program } from './machine.mjs';

export const types = ['net', 'pid', 'mnt'];

/** Runs `work` with the image and the pid of a program that stays in it. */
export function withNetProc(kernel, work) {
  return withImage(kernel, { name: 'web', persist: true, net: {}, proc: {} }, async (image) => {
    const started = image.spawn(program('sleep'), ['100000'], { stdio: 'inherit' });
    const gone = new Promise((resolve) => started.once('exit', resolve));
    try {
      return await work(image, await settled(image));
    } finally {
      started.kill('SIGKILL');
      await gone;
    }
  });
}

/** The program's pid out here, once it is what it will be. */
async function settled(image) {
  for (let i = 0; i < 200; i++) {
    const found = (await image.processes()).find(({ pid }) => existsSync(`/proc/${pid}`) && linkOf(`/proc/${pid}/exe`).endsWith('sleep'));
    if (found !== undefined) return found.pid;
    await sleep(10);
  }
  throw new Error('the program that stays in the image is not to be found in it');
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The command that enters the namespaces of a process, the image's mount view among them. */
export function nsenter(pid, ...command) {
  return [program('nsenter'), '--target', String(pid), '--net', '--pid', '--mount', ...command];
}

/** The command that makes the same isolation for one program: its own network, process table, /proc and mounts. */
export function bwrap(...command) {
  return [program('bwrap'), '--unshare-net', '--unshare-pid', '--dev-bind', '/', '/', '--proc', '/proc', ...command];
}
