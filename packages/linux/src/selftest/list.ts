import { joiningProbes } from './joining.ts';
import { leakProbes } from './leaks.ts';
import { loopbackProbes } from './loopback.ts';
import { neighbourProbes } from './neighbour.ts';
import type { OuterProbe, Probe } from './probe.ts';
import { removalProbes } from './removal.ts';
import type { Wall } from './walls.ts';
import { wordProbes } from './words.ts';

const inner = (name: string, lines: readonly number[], walls: readonly Wall[], tries: string): Probe => ({ name, lines, walls, tries });

/** Probes that are all in imgprobe. */
export const innerProbes: readonly Probe[] = [
  inner('tiocsti', [1], ['filter'], 'to type into a terminal'),
  inner('tiocsti-high', [1], ['filter'], 'the same, with an argument of 64 bits'),
  inner('tioclinux', [1], ['filter'], 'TIOCLINUX on a terminal'),
  inner('tioclinux-high', [1], ['filter'], 'the same, with an argument of 64 bits'),
  inner('session', [1], ['entry'], 'to be in the caller’s session'),
  inner('own-exe', [2], ['entry'], 'to write the file of the program that runs'),
  inner('imgexec', [2, 3], ['caps', 'users'], 'to get at memory, descriptors and file of imgexec, the image’s process 1'),
  inner('chroot', [11], ['filter', 'caps'], 'to leave the root by a second one'),
  inner('procfs', [9], ['processes'], 'to find a /proc that is not the kernel’s'),
  inner('covers', [9], ['filter', 'users'], 'to take away, move or write what covers a part of the view'),
  inner('remount', [10], ['filter', 'users'], 'to make writable what is mounted read-only'),
  inner('mount', [10], ['filter'], 'to mount'),
  inner('mount-fsopen', [10], ['filter'], 'to mount, by fsopen'),
  inner('mount-open-tree', [10], ['filter'], 'to copy a mount'),
  inner('pivot-root', [10], ['filter'], 'to change the root of the namespace'),
  inner('kernel-files', [9, 20], ['files', 'users'], 'to open what is the machine’s: sysrq, kcore, core_pattern, modprobe, mem'),
  inner('setuid-file', [12, 13], ['filter', 'files'], 'to plant a set-user-ID program'),
  inner('nosuid', [12], ['files'], 'to find a place to write that honours set-user-ID'),
  inner('device-file', [12], ['caps', 'users'], 'to make a device file that works'),
  inner('xattr', [13], ['caps'], 'to set trusted attributes or file capabilities'),
  inner('namespaces', [16], ['entry'], 'to be in a namespace other than the image’s'),
  inner('setns', [16, 17], ['filter'], 'to change namespace'),
  inner('groups', [15], ['users'], 'to keep a group of the caller’s'),
  inner('setgroups', [15], ['users'], 'to give up groups that nobody permitted to give up'),
  inner('inheritable', [17], ['caps'], 'to have inheritable or ambient capabilities'),
  inner('capabilities', [17], ['caps'], 'to have more capabilities than permitted, or large ones'),
  inner('no-new-privs', [17], ['caps'], 'to gain privileges by exec'),
  inner('filter', [17], ['filter'], 'to make system calls unfiltered'),
  inner('root-outside', [17, 19], ['users'], 'to be the machine’s root'),
  inner('files-of-root', [2, 12], ['files', 'users'], 'to write the machine’s programs'),
  inner('registry', [18, 33], ['files'], 'to see or make what images are read from'),
  inner('mountinfo', [32], ['files'], 'to be told of mounts outside'),
  inner('listmount', [32], ['files'], 'the same, by listmount'),
  inner('signals', [32], ['processes'], 'to signal the machine’s process 1'),
  inner('roots-of-others', [32], ['caps', 'users'], 'to walk out by /proc/PID/root'),
  inner('user-namespace', [20], ['filter'], 'to make a user namespace'),
  inner('clone-user-namespace', [20], ['filter'], 'the same, by clone'),
  inner('mount-namespace', [20], ['filter'], 'to make a mount namespace'),
  inner('net-namespace', [20], ['filter'], 'to make a network namespace'),
  inner('release-agent', [20], ['files', 'users'], 'to name a program for the kernel to run outside'),
  inner('cgroup-write', [21], ['files', 'users'], 'to move processes between cgroups'),
  inner('cgroup-mount', [20, 21], ['filter'], 'to mount a cgroup hierarchy'),
  inner('io-uring', [6], ['filter'], 'io_uring, whose operations no filter sees'),
  inner('bpf', [20], ['filter'], 'to load BPF'),
  inner('perf', [20], ['filter'], 'to count and trace'),
  inner('userfaultfd', [20], ['filter'], 'to hold the kernel up in a page fault'),
  inner('keyring', [20], ['filter'], 'the kernel’s keyrings'),
  inner('ptrace', [3], ['filter'], 'to trace'),
  inner('read-memory', [3], ['filter'], 'to read the memory of another process'),
  inner('file-handle', [11], ['filter'], 'to open a file by handle, past any root'),
  inner('module', [20], ['filter'], 'to load a module'),
  inner('kexec', [20], ['filter'], 'to load another kernel'),
  inner('reboot', [20], ['filter'], 'to reboot'),
  inner('accounting', [20], ['filter'], 'to switch process accounting'),
  inner('swap', [20], ['filter'], 'to swap to a file'),
  inner('hostname', [20], ['filter'], 'to set the host name'),
  inner('clock', [20], ['filter'], 'to set the clock'),
  inner('fanotify', [20], ['filter'], 'to watch a whole file system'),
  inner('quota', [20], ['filter'], 'to set quotas'),
  inner('kernel-log', [20], ['filter'], 'to read the kernel’s messages'),
  inner('other-abi', [1, 20], ['filter'], 'a system call as x32 numbers it'),
  inner('other-gate', [1, 20], ['filter'], 'a system call by the gate of i386'),
  inner('raw-4', [30], ['caps'], 'a raw socket'),
  inner('raw-6', [30], ['caps'], 'a raw socket of IPv6'),
  inner('packet', [30], ['caps'], 'a packet socket'),
  inner('vsock', [6], ['filter'], 'a socket of the family vsock'),
  inner('alg', [6], ['filter'], 'a socket of the family alg'),
  inner('net-admin', [30], ['caps'], 'to change an interface'),
];

/** Probes with a half outside. */
export const outerProbes: readonly OuterProbe[] = [...leakProbes, ...joiningProbes, ...neighbourProbes, ...loopbackProbes, ...removalProbes, ...wordProbes];
