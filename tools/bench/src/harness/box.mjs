// A box for what nobody trusts: files given one by one, users, privileges, network and processes of its own; and the same by the peers.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { registry } from './library.mjs';
import { ended, program } from './machine.mjs';

const given = ['/usr', '/bin', '/lib', '/lib64', '/sbin'].filter((path) => existsSync(path));

/** What a box is, for `kernel.once`. */
export const onceSpec = { fs: { ro: given, tmpfs: ['/tmp'] }, user: {}, priv: {}, net: {}, proc: {} };

export const boxSpec = (name) => ({ name, persist: true, ...onceSpec });

export async function components() {
  const [{ vfs }, { vuser }, { vpriv }] = await Promise.all([import('@vimage/vfs'), import('@vimage/vuser'), import('@vimage/vpriv')]);
  return [vuser, vfs, vpriv];
}

export const boxTypes = ['net', 'pid', 'mnt', 'user'];

/** The filter that the plan of the box has, as a file: bwrap takes the same. */
export function filterFile(name) {
  const words = readFileSync(`${registry}/img/${name}/plan`, 'latin1').split('\0');
  const hex = words[words.indexOf('filter') + 1] ?? '';
  if (!/^([0-9a-f]{16})+$/.test(hex)) throw new Error('the box has no filter');
  const file = `/run/bench-filter-${process.pid}`;
  writeFileSync(file, Buffer.from(hex, 'hex'));
  return file;
}

/** Starts programs by bwrap in the same; the filter is its descriptor 3, which it reads to the end. */
export function bwrapBox(filter) {
  const bwrap = program('bwrap');
  const words = ['--unshare-user', '--uid', '0', '--gid', '0', '--unshare-net', '--unshare-pid', '--new-session', '--cap-drop', 'ALL', '--seccomp', '3',
    ...given.flatMap((path) => ['--ro-bind', path, path]), '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  return (command, args = [], stdio = 'inherit') => {
    const fd = openSync(filter, 'r');
    try {
      return spawn(bwrap, [...words, command, ...args], { stdio: [stdio, stdio, stdio, fd] });
    } finally {
      closeSync(fd);
    }
  };
}

/** What unshare(1) leaves to others: the same files, by mount(8) and pivot_root(8), and the same capabilities, by setpriv(1). There is no filter. */
const outside = [
  'mount -t tmpfs none /mnt', 'cd /mnt', `mkdir -p old proc sys dev tmp ${given.map((path) => path.slice(1)).join(' ')}`,
  ...given.map((path) => `mount --rbind -o ro ${path} .${path}`), 'mount -t proc proc proc', 'mount --rbind /sys sys', 'mount -t tmpfs none tmp', 'mount -t tmpfs none dev',
  ...['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `touch dev/${name} && mount --bind /dev/${name} dev/${name}`),
  'pivot_root . old', 'umount -l /old', 'exec setpriv --bounding-set -all --inh-caps -all --no-new-privs "$@"',
].join(' && ');

/** Starts programs by unshare(1) and what else makes the same box of it. */
export function unshareBox() {
  const unshare = program('unshare');
  program('setpriv');
  const words = ['--user', '--map-root-user', '--net', '--pid', '--fork', '--mount', '--mount-proc', program('sh'), '-c', outside, 'sh'];
  return (command, args = [], stdio = 'inherit') => spawn(unshare, [...words, command, ...args], { stdio });
}

/** Throws unless what `start` starts has namespaces that are not ours, few of the host's files and, where `filtered`, a filter. */
export async function checkBox(start, filtered = true) {
  const child = await start(program('sh'), ['-c', `for t in ${boxTypes.join(' ')}; do readlink /proc/self/ns/$t; done; grep Seccomp: /proc/self/status; ls /; exit 0`], 'pipe');
  let out = '';
  child.stdout.on('data', (bytes) => { out += bytes; });
  await ended(child);
  const lines = out.trim().split('\n');
  boxTypes.forEach((type, i) => {
    if (!lines[i]?.startsWith(`${type}:`) || lines[i] === readlinkSync(`/proc/self/ns/${type}`)) throw new Error(`started in our own ${type} namespace: ${out}`);
  });
  if ((filtered && !/^Seccomp:\s2$/m.test(out)) || lines.includes('home') || lines.includes('root')) throw new Error(`no tight box: ${out}`);
}
