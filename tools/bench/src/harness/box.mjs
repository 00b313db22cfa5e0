// A box for what nobody trusts: files given one by one, users, privileges, network and processes of its own; and the same by the peers.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { registry } from './library.mjs';
import { ended, program } from './machine.mjs';

const given = ['/usr', '/bin', '/lib', '/lib64', '/sbin'].filter((path) => existsSync(path));

export const boxSpec = (name) => ({ name, persist: true, fs: { ro: given, tmpfs: ['/tmp'] }, user: {}, priv: {}, net: {}, proc: {} });

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

/** Starts programs by unshare(1): the namespaces alone, neither files nor filter nor capabilities. */
export function unshareBox() {
  const unshare = program('unshare');
  return (command, args = [], stdio = 'inherit') => spawn(unshare, ['--user', '--map-root-user', '--net', '--pid', '--fork', '--mount', '--mount-proc', command, ...args], { stdio });
}

/** Throws unless what `start` starts has namespaces that are not ours and, where `tight`, a filter and few of the host's files. */
export async function checkBox(start, tight = true) {
  const child = start(program('sh'), ['-c', `for t in ${boxTypes.join(' ')}; do readlink /proc/self/ns/$t; done; grep Seccomp: /proc/self/status; ls /; exit 0`], 'pipe');
  let out = '';
  child.stdout.on('data', (bytes) => { out += bytes; });
  await ended(child);
  const lines = out.trim().split('\n');
  boxTypes.forEach((type, i) => {
    if (!lines[i]?.startsWith(`${type}:`) || lines[i] === readlinkSync(`/proc/self/ns/${type}`)) throw new Error(`started in our own ${type} namespace: ${out}`);
  });
  if (tight && (!/^Seccomp:\s2$/m.test(out) || lines.includes('home') || lines.includes('root'))) throw new Error(`no tight box: ${out}`);
}
