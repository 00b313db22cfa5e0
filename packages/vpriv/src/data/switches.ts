import type { Capability } from './capabilities.ts';
import type { Errno } from '../policy.ts';

/** What one `allow.*` of `vir priv` stands for. */
export interface SwitchSpec {
  /** One line. */
  readonly describe: string;
  /** What holds where nothing is said. */
  readonly on: boolean;
  /** Capabilities that this switch alone stands for. */
  readonly caps?: readonly Capability[];
  /** Capabilities of another switch without which it would have no effect; its own system calls are what it opens of them. */
  readonly needs?: readonly Capability[];
  /** System calls, separated by blanks, that it permits. Those whose arguments are looked at are in rules.ts. */
  readonly calls?: string;
  /** Switches that it stands for. */
  readonly means?: readonly Switch[];
  /** What they return where it is off; EPERM unless said. ENOSYS: as in a kernel without them, where programs then do without. */
  readonly refused?: Errno;
}

export type Switch =
  | 'allow.images' | 'allow.setuid' | 'allow.reserved_ports' | 'allow.raw_sockets' | 'allow.socket_af' | 'allow.net_admin' | 'allow.mount' | 'allow.chroot' | 'allow.mknod' | 'allow.chflags'
  | 'allow.file_caps' | 'allow.file_handles' | 'allow.fanotify' | 'allow.lease' | 'allow.quotas' | 'allow.resource' | 'allow.mlock' | 'allow.nice' | 'allow.sysvipc' | 'allow.set_hostname'
  | 'allow.namespaces' | 'allow.userns' | 'allow.new_privs' | 'allow.ptrace' | 'allow.checkpoint' | 'allow.userfaultfd' | 'allow.bpf' | 'allow.perf' | 'allow.keyring' | 'allow.io_uring'
  | 'allow.tiocsti' | 'allow.tty' | 'allow.audit' | 'allow.read_msgbuf' | 'allow.accounting' | 'allow.clock' | 'allow.suspend' | 'allow.reboot' | 'allow.kexec' | 'allow.modules';

/** Every switch, in the order in which they are printed. */
export const switchTable: Readonly<Record<Switch, SwitchSpec>> = {
  'allow.images': {
    describe: 'to make images inside of it (with `vir user` and children.max): `allow.net_admin`, `.mount`, `.chroot`, `.namespaces`, `.userns`, `.file_caps` and `.ptrace`', on: false,
    means: ['allow.net_admin', 'allow.mount', 'allow.chroot', 'allow.namespaces', 'allow.userns', 'allow.file_caps', 'allow.ptrace'],
  },
  'allow.setuid': { describe: 'root may become other users and groups, and give up capabilities', on: true, caps: ['SETUID', 'SETGID', 'SETPCAP'] },
  'allow.reserved_ports': { describe: 'ports below 1024', on: true, caps: ['NET_BIND_SERVICE'] },
  'allow.raw_sockets': { describe: 'raw and packet sockets', on: false, caps: ['NET_RAW'] },
  'allow.socket_af': { describe: 'sockets of every family, not only unix, inet, inet6 and netlink', on: false },
  'allow.net_admin': { describe: 'to configure its network: interfaces, addresses, routes, packet filters', on: false, caps: ['NET_ADMIN', 'NET_BROADCAST'] },
  'allow.mount': {
    describe: 'to mount and unmount, also what masks a part of its own view', on: false, caps: ['SYS_ADMIN'],
    calls: 'mount umount2 pivot_root fsopen fsconfig fsmount fspick open_tree open_tree_attr move_mount mount_setattr',
  },
  'allow.chroot': { describe: 'chroot', on: false, caps: ['SYS_CHROOT'], calls: 'chroot' },
  'allow.mknod': { describe: 'to make device files', on: false, caps: ['MKNOD'] },
  'allow.chflags': { describe: 'the immutable and append-only flags of files', on: false, caps: ['LINUX_IMMUTABLE'] },
  'allow.file_caps': { describe: 'to give capabilities to files, and to map root into a user namespace', on: false, caps: ['SETFCAP'] },
  'allow.file_handles': { describe: 'to read every file, and to open files by handle, which leads out of a root', on: false, caps: ['DAC_READ_SEARCH'], calls: 'open_by_handle_at' },
  'allow.fanotify': { describe: 'to watch or hold up the use of files of a whole file system', on: false, needs: ['SYS_ADMIN'], calls: 'fanotify_init' },
  'allow.lease': { describe: 'leases on files of others', on: false, caps: ['LEASE'] },
  'allow.quotas': { describe: 'to read and set disk quotas', on: false, needs: ['SYS_ADMIN'], calls: 'quotactl quotactl_fd' },
  'allow.resource': { describe: 'to exceed limits and quotas', on: false, caps: ['SYS_RESOURCE'] },
  'allow.mlock': { describe: 'to lock more memory than RLIMIT_MEMLOCK', on: false, caps: ['IPC_LOCK'] },
  'allow.nice': {
    describe: 'to raise priorities, to schedule in real time, and to place memory on nodes', on: false, caps: ['SYS_NICE'],
    calls: 'mbind set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages',
  },
  'allow.sysvipc': {
    describe: 'System V shared memory, semaphores and messages, and POSIX message queues', on: false, caps: ['IPC_OWNER'], refused: 'ENOSYS',
    calls: 'shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr',
  },
  'allow.set_hostname': { describe: 'to set the host name', on: false, needs: ['SYS_ADMIN'], calls: 'sethostname setdomainname' },
  'allow.namespaces': { describe: 'to make and enter namespaces other than of users', on: false, needs: ['SYS_ADMIN'], calls: 'clone3' },
  'allow.userns': { describe: 'to make user namespaces, in which one has all capabilities (other namespaces: allow.namespaces)', on: false },
  'allow.new_privs': { describe: 'setuid programs and capabilities of files work', on: false },
  'allow.ptrace': {
    describe: 'to debug: ptrace, memory and descriptors of other processes', on: false, caps: ['SYS_PTRACE'],
    calls: 'ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp',
  },
  'allow.checkpoint': { describe: 'to checkpoint and restore processes, and to choose their numbers', on: false, caps: ['CHECKPOINT_RESTORE'], calls: 'kcmp' },
  'allow.userfaultfd': { describe: 'to handle page faults', on: false, calls: 'userfaultfd' },
  'allow.bpf': { describe: 'to load BPF programs', on: false, caps: ['BPF'], calls: 'bpf' },
  'allow.perf': { describe: 'performance counters and tracing', on: false, caps: ['PERFMON'], calls: 'perf_event_open' },
  'allow.keyring': { describe: 'keyrings of the kernel', on: false, calls: 'keyctl add_key request_key', refused: 'ENOSYS' },
  'allow.io_uring': { describe: 'io_uring, whose operations no filter sees', on: false, calls: 'io_uring_setup io_uring_enter io_uring_register', refused: 'ENOSYS' },
  'allow.tiocsti': { describe: 'to type into a terminal in another’s name (ioctls TIOCSTI and TIOCLINUX)', on: false },
  'allow.tty': { describe: 'to hang up and configure terminals', on: false, caps: ['SYS_TTY_CONFIG'], calls: 'vhangup' },
  'allow.audit': { describe: 'to read, write and control the audit log', on: false, caps: ['AUDIT_WRITE', 'AUDIT_CONTROL', 'AUDIT_READ'] },
  'allow.read_msgbuf': { describe: 'to read and clear the kernel’s messages', on: false, caps: ['SYSLOG'], calls: 'syslog' },
  'allow.accounting': { describe: 'to switch process accounting', on: false, caps: ['SYS_PACCT'], calls: 'acct' },
  'allow.clock': { describe: 'to set the machine’s clock', on: false, caps: ['SYS_TIME'], calls: 'settimeofday clock_settime' },
  'allow.suspend': { describe: 'to wake the machine, and to keep it from sleeping', on: false, caps: ['WAKE_ALARM', 'BLOCK_SUSPEND'] },
  'allow.reboot': { describe: 'to reboot', on: false, caps: ['SYS_BOOT'], calls: 'reboot' },
  'allow.kexec': { describe: 'to load another kernel', on: false, needs: ['SYS_BOOT'], calls: 'kexec_load kexec_file_load' },
  'allow.modules': { describe: 'to load and unload kernel modules', on: false, caps: ['SYS_MODULE'], calls: 'init_module finit_module delete_module' },
};

/** Whether this is the name of a switch. */
export function isSwitch(name: string): name is Switch {
  return Object.hasOwn(switchTable, name);
}

/** All of them, in that order. */
export const switches: readonly Switch[] = Object.keys(switchTable).filter(isSwitch);
