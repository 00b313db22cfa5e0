// A container of podman's that stays, for `podman exec`: as those of crun and runc, the host's files, read-only, and a network of its own.
import { mkdirSync, rmSync } from 'node:fs';
import { Missing, must, program } from './machine.mjs';

const dir = '/run/bench-podman';
const name = 'bench';

/** Starts it; `command` is what enters it, `stop` ends it. Missing, with the reason, where podman cannot. */
export function startPod() {
  const file = program('podman');
  const runtime = program('runc');
  for (const each of ['rootfs', 'root', 'run']) mkdirSync(`${dir}/${each}`, { recursive: true });
  must(program('mount'), ['--bind', '/', `${dir}/rootfs`]);
  const podman = [file, '--root', `${dir}/root`, '--runroot', `${dir}/run`, '--cgroup-manager', 'cgroupfs', '--storage-driver', 'vfs', '--runtime', runtime];
  const clear = () => {
    must(program('umount'), [`${dir}/rootfs`]);
    rmSync(dir, { recursive: true, force: true });
  };
  // Limits that may not be raised here are named, as else podman raises them.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1000:1000'];
  const [, ...given] = podman;
  try {
    // Not captured: the container would keep the pipe.
    must(file, [...given, 'run', '--detach', '--name', name, '--network', 'none', ...limits, '--read-only', '--read-only-tmpfs=false', '--rootfs', `${dir}/rootfs`, program('sleep'), '100000'], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    clear();
    throw new Missing(`podman cannot run a container here: ${error.message.split('\n')[0]}`);
  }
  return {
    command: () => [...podman, 'exec', name],
    stop: () => {
      must(file, [...given, 'rm', '--force', '--time', '0', name]);
      clear();
    },
  };
}
