// Containers of crun's, or runc's: the host's files, read-only; their own network, processes, mounts. One that stays, for `crun exec`, and any number that pass.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Missing, must, program } from './machine.mjs';

const name = 'bench';
/** What each is told before its command. */
const globals = { crun: ['--cgroup-manager=cgroupfs'], runc: [] };
const bundleOf = (runtime) => `/run/bench-${runtime}`;

/** Makes the bundle of a container that runs `args`; how the runtime is called. */
function prepare(runtime, args) {
  const file = program(runtime);
  const bundle = bundleOf(runtime);
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
  must(file, ['spec'], { cwd: bundle });
  const config = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8'));
  config.process.terminal = false;
  config.process.args = args;
  config.root = { path: 'rootfs', readonly: true };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
  return [file, ...globals[runtime]];
}

function remove(runtime) {
  must(program('umount'), [`${bundleOf(runtime)}/rootfs`]);
}

function cannot(runtime, error) {
  return new Missing(`${runtime} cannot run a container here: ${error.message.split('\n')[0]}`);
}

/** The command lines of containers that run `command` once, each another; `stop` when there is to be no more. Missing, with the reason, where crun cannot. */
export function passingContainers(...command) {
  const crun = prepare('crun', command);
  let count = 0;
  const next = () => [...crun, 'run', '--bundle', bundleOf('crun'), `${name}${count++}`];
  try {
    const [file, ...args] = next();
    must(file, args);
  } catch (error) {
    remove('crun');
    throw cannot('crun', error);
  }
  return { next, stop: () => remove('crun') };
}

/** Starts one that stays; `command` is what enters it, `stop` ends it. Missing, with the reason, where the runtime cannot. */
export function startContainer(runtime = 'crun') {
  const [file, ...given] = prepare(runtime, [program('sleep'), '100000']);
  try {
    // Not captured: the container would keep the pipe.
    must(file, [...given, 'run', '--detach', '--bundle', bundleOf(runtime), name], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    remove(runtime);
    throw cannot(runtime, error);
  }
  return {
    command: (...words) => [file, ...given, 'exec', name, ...words],
    stop: () => {
      must(file, [...given, 'delete', '--force', name]);
      remove(runtime);
    },
  };
}
