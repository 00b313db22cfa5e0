/** Numbers of process calls; the system call numbers above 424 are the same on every architecture. */
export const SYS_pidfd_send_signal = 424;
export const SYS_pidfd_getfd = 438;
export const SYS_pidfd_open = 434;
export const F_SETFD = 2;
export const O_CLOEXEC = 0o2000000;
export const PR_SET_DUMPABLE = 4;
export const PR_SET_CHILD_SUBREAPER = 36;
export const SIG_DFL = 0n;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;
export const MNT_DETACH = 2;

/** Bits of CapEff that making an image takes (capabilities(7)); the last two to enter mount namespaces (setns(2)) and to get at what imgexec opens (pidfd_getfd(2)). */
export const neededCaps: readonly (readonly [name: string, bit: number])[] = [
  ['CAP_NET_ADMIN', 12],
  ['CAP_SYS_ADMIN', 21],
  ['CAP_SYS_CHROOT', 18],
  ['CAP_SYS_PTRACE', 19],
];
