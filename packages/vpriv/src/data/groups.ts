/** System calls that are permitted in every image, and why. */
export interface CallGroup {
  readonly why: string;
  /** Names, separated by blanks; each exists on at least one architecture. */
  readonly calls: string;
}

export const baseGroups: readonly CallGroup[] = [
  {
    why: 'reading and writing what is open',
    calls: 'read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek sendfile splice tee vmsplice copy_file_range readahead fadvise64 fsync fdatasync sync syncfs '
      + 'sync_file_range fallocate ftruncate truncate close close_range dup dup2 dup3 fcntl flock pipe pipe2 cachestat',
  },
  {
    why: 'files by name; the rights to them are the file system’s to say',
    calls: 'open openat openat2 creat access faccessat faccessat2 stat fstat lstat newfstatat statx readlink readlinkat rename renameat renameat2 link linkat symlink symlinkat unlink '
      + 'unlinkat mkdir mkdirat rmdir mknod mknodat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat umask getcwd chdir fchdir getdents '
      + 'getdents64 name_to_handle_at file_getattr file_setattr',
  },
  {
    why: 'extended attributes; trusted.* takes CAP_SYS_ADMIN in the first user namespace',
    calls: 'setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat',
  },
  { why: 'what is mounted, and how full it is; read only', calls: 'statfs fstatfs ustat statmount listmount sysfs' },
  { why: 'being told of changes of files', calls: 'inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark' },
  {
    why: 'waiting for events',
    calls: 'poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime '
      + 'pause',
  },
  { why: 'the older asynchronous input and output, which asks for the rights of each operation', calls: 'io_setup io_destroy io_getevents io_submit io_cancel io_pgetevents' },
  {
    why: 'memory of one’s own; how much is locked is bounded by RLIMIT_MEMLOCK',
    calls: 'mmap mprotect munmap brk mremap msync mincore madvise mlock mlock2 mlockall munlock munlockall remap_file_pages memfd_create memfd_secret membarrier pkey_mprotect pkey_alloc '
      + 'pkey_free mseal map_shadow_stack process_madvise process_mrelease',
  },
  {
    why: 'starting and ending processes; namespaces are held back by the arguments of clone',
    calls: 'fork vfork execve execveat exit exit_group wait4 waitid kill tkill tgkill pidfd_open pidfd_send_signal set_tid_address restart_syscall',
  },
  {
    why: 'signals',
    calls: 'rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend sigaltstack',
  },
  {
    why: 'threads: locks, per-thread state of the machine',
    calls: 'futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list rseq arch_prctl set_thread_area get_thread_area prctl',
  },
  {
    why: 'scheduling; more than an ordinary user has takes CAP_SYS_NICE',
    calls: 'sched_yield sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_setaffinity '
      + 'sched_getaffinity sched_setattr sched_getattr getcpu getpriority setpriority ioprio_set ioprio_get',
  },
  {
    why: 'who one is; to become another takes the capabilities of allow.setuid',
    calls: 'getpid gettid getppid getuid geteuid getgid getegid getgroups getresuid getresgid getpgid getpgrp getsid setpgid setsid setuid setgid setreuid setregid setresuid setresgid setfsuid '
      + 'setfsgid setgroups capget capset',
  },
  { why: 'limits and use of resources; none is raised without CAP_SYS_RESOURCE', calls: 'getrlimit setrlimit prlimit64 getrusage times sysinfo uname' },
  {
    why: 'time; to set the clock with adjtimex takes CAP_SYS_TIME',
    calls: 'time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer alarm timer_create timer_settime timer_gettime timer_getoverrun timer_delete adjtimex '
      + 'clock_adjtime',
  },
  {
    why: 'sockets, once made; of which families is held back by the arguments of socket',
    calls: 'connect accept accept4 bind listen sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockname getpeername setsockopt getsockopt',
  },
  { why: 'random numbers', calls: 'getrandom' },
  { why: 'what the kernel itself has a program call that is probed from outside', calls: 'uretprobe uprobe' },
  {
    why: 'restricting oneself further: filters, Landlock; they only take away',
    calls: 'seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_get_self_attr lsm_list_modules',
  },
];
