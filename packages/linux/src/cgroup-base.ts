import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What of v2 limits here; the others are not used. */
const limiting = ['memory', 'pids', 'cpu'];

/** Files by which a v2 cgroup bounds what is below it, and what each says where it does not. */
const bounds = {
  'pids.max': 'max', 'memory.max': 'max', 'memory.high': 'max', 'memory.swap.max': 'max', 'cpu.max': 'max', 'cpuset.cpus': '', 'cpuset.mems': '', 'io.max': '',
} as const;

/** The words in a file of a cgroup; none where it is not there. */
export function words(file: string): readonly string[] {
  return read(file).split(/\s+/).filter((word) => word !== '');
}

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'latin1').trim() : '');

/** Whether a cgroup bounds what is below it: by a v2 limit that is set. */
export function isLimited(path: string): boolean {
  return Object.entries(bounds).some(([name, none]) => existsSync(`${path}/${name}`) && read(`${path}/${name}`).split(' ')[0] !== none);
}

function mayWrite(path: string): boolean {
  try {
    // The second also: what is started below is moved there from where we are.
    for (const file of [path, `${path}/cgroup.procs`, `${path}/cgroup.subtree_control`]) accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A cgroup with processes in it hands nothing down, except the root of the hierarchy, which alone has no cgroup.type (cgroups(7), "no internal processes"). */
function handsDown(path: string): boolean {
  if (!words(`${path}/cgroup.controllers`).some((each) => limiting.includes(each))) return false;
  return !existsSync(`${path}/cgroup.type`) || read(`${path}/cgroup.procs`) === '';
}

/**
 * The v2 cgroup below which those of images are made: that of this process, or the nearest around it that can limit what is below. No cgroup
 * is left that limits something: who was bounded, by a service manager for one, does not get out by making an image.
 */
export function cgroupBase(mount: string, own: string): string {
  for (let at = own; ; at = dirname(at)) {
    if (!mayWrite(at)) return own;
    if (handsDown(at)) return at;
    if (at === mount || isLimited(at)) return own;
  }
}

/** Whether a cgroup has a controller and cannot hand it down, as processes are in it. */
export function isOccupied(path: string, controller: string): boolean {
  return words(`${path}/cgroup.controllers`).includes(controller) && !handsDown(path);
}
