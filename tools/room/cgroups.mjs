import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n').map((line) => {
  const [before, after] = line.split(' - ');
  const [type, , options] = after.split(' ');
  return { at: before.split(' ')[4], root: before.split(' ')[3], type, options: options.split(',') };
});

const limiting = ['pids', 'memory', 'cpu', 'cpuacct'];

/** The directory of our own cgroup in each hierarchy that images use: v2, a named v1, the v1 controllers that limit. */
function ownDirectories() {
  const all = mounts();
  return readFileSync('/proc/self/cgroup', 'utf8').trimEnd().split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line);
    if (path.includes('..')) return [];
    const wanted = controllers === '' || controllers.startsWith('name=') || controllers.split(',').some((each) => limiting.includes(each));
    const mount = all.find(({ type, options, root }) => root === '/' && (controllers === '' ? type === 'cgroup2' : type === 'cgroup' && options.includes(controllers.split(',')[0])));
    return wanted && mount !== undefined ? [`${mount.at}${path === '/' ? '' : path}`] : [];
  });
}

/** Moves this process, and what it will start, into cgroups of its own, where it may make some. `leave` ends what is in them and removes them. */
export function enterCgroups() {
  const entered = [];
  for (const before of ownDirectories()) {
    const dir = `${before}/room-${process.pid}`;
    try {
      mkdirSync(dir);
      handDown(before);
      // Below it, so that what is limited in the room can be: a v2 cgroup with processes in it hands nothing down.
      mkdirSync(`${dir}/in`);
      writeFileSync(`${dir}/in/cgroup.procs`, String(process.pid));
      entered.push({ before, dir });
    } catch {
      if (existsSync(dir)) removeTree(dir);
    }
  }
  return {
    leave: async () => {
      for (const { before, dir } of entered) {
        writeFileSync(`${before}/cgroup.procs`, String(process.pid));
        for (let i = 0; existsSync(dir) && i < 100; i++) {
          if (existsSync(`${dir}/cgroup.kill`)) writeFileSync(`${dir}/cgroup.kill`, '1');
          removeTree(dir);
          if (existsSync(dir)) await sleep(20);
        }
        if (existsSync(dir)) console.error(`${dir}: could not be removed`);
      }
    },
  };
}

/** What the room needs of v2 controllers, where it can be had; where not, tests of limits say so. */
function handDown(dir) {
  if (!existsSync(`${dir}/cgroup.subtree_control`)) return;
  for (const each of readFileSync(`${dir}/cgroup.controllers`, 'utf8').trim().split(' ').filter((name) => limiting.includes(name))) {
    try {
      writeFileSync(`${dir}/cgroup.subtree_control`, `+${each}`);
    } catch {
      // it has processes in it
    }
  }
}

function removeTree(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) removeTree(`${dir}/${entry.name}`);
  try {
    rmdirSync(dir);
  } catch {
    // a process is still ending in it
  }
}
