// A container of crun's that stays, for `crun exec`: the host's files, read-only; its own network, processes, mounts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Missing, must, program } from './machine.mjs';

const bundle = '/run/bench-crun';
const name = 'bench';

/** Starts it; `command` is what enters it, `stop` ends it. Missing, with the reason, where crun cannot. */
export function startContainer() {
  const crun = program('crun');
  mkdirSync(`${bundle}/rootfs`, { recursive: true });
  must(program('mount'), ['--bind', '/', `${bundle}/rootfs`]);
  // crun refuses where cgroup v1 and v2 stand side by side and v2 has controllers; in the bench's room it sees none there.
  const unified = '/sys/fs/cgroup/unified/cgroup.controllers';
  try {
    if (readFileSync(unified, 'utf8').trim() !== '') must(program('mount'), ['--bind', '/dev/null', unified]);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  must(crun, ['spec'], { cwd: bundle });
  const config = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8'));
  config.process.terminal = false;
  config.process.args = [program('sleep'), '100000'];
  config.root = { path: 'rootfs', readonly: true };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
  try {
    // Not captured: the container would keep the pipe.
    must(crun, ['--cgroup-manager=cgroupfs', 'run', '--detach', '--bundle', bundle, name], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw new Missing(`crun cannot run a container here: ${error.message.split('\n')[0]}`);
  }
  return {
    command: (...words) => [crun, '--cgroup-manager=cgroupfs', 'exec', name, ...words],
    stop: () => {
      must(crun, ['--cgroup-manager=cgroupfs', 'delete', '--force', name]);
      must(program('umount'), [`${bundle}/rootfs`]);
    },
  };
}
