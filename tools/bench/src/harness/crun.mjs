// Containers of crun's: the host's files, read-only; their own network, processes, mounts. One that stays, for `crun exec`, and any number that pass.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Missing, must, program } from './machine.mjs';

const bundle = '/run/bench-crun';
const name = 'bench';
const cgroups = '--cgroup-manager=cgroupfs';

/** Makes the bundle of a container that runs `args`. */
function prepare(args) {
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
  // Another scenario may have written one.
  rmSync(`${bundle}/config.json`, { force: true });
  must(crun, ['spec'], { cwd: bundle });
  const config = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8'));
  config.process.terminal = false;
  config.process.args = args;
  config.root = { path: 'rootfs', readonly: true };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
  return crun;
}

function remove() {
  must(program('umount'), [`${bundle}/rootfs`]);
}

function cannot(error) {
  return new Missing(`crun cannot run a container here: ${error.message.split('\n')[0]}`);
}

/** The command lines of containers that run `command` once, each another; `stop` when there is to be no more. Missing, with the reason, where crun cannot. */
export function passingContainers(...command) {
  const crun = prepare(command);
  let count = 0;
  const next = () => [crun, cgroups, 'run', '--bundle', bundle, `${name}${count++}`];
  try {
    const [program_, ...args] = next();
    must(program_, args);
  } catch (error) {
    remove();
    throw cannot(error);
  }
  return { next, stop: remove };
}

/** Starts one that stays; `command` is what enters it, `stop` ends it. Missing, with the reason, where crun cannot. */
export function startContainer() {
  const crun = prepare([program('sleep'), '100000']);
  try {
    // Not captured: the container would keep the pipe.
    must(crun, [cgroups, 'run', '--detach', '--bundle', bundle, name], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw cannot(error);
  }
  return {
    command: (...words) => [crun, cgroups, 'exec', name, ...words],
    stop: () => {
      must(crun, [cgroups, 'delete', '--force', name]);
      remove();
    },
  };
}
