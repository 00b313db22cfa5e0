/* probe DIR NAME...: tries each, in a process of its own, and says "NAME ok", or the name of the error. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/fs.h>

static const char *dir;

static const char *path_of(const char *name, uid_t owner)
{
	static char path[4096];

	snprintf(path, sizeof path, "%s/%s.%d", dir, name, getpid());
	close(open(path, O_CREAT | O_RDWR, 0600));
	return chown(path, owner, owner) < 0 ? "" : path;
}

static long drop(const char *path, long result)
{
	int err = errno;

	unlink(path);
	errno = err;
	return result;
}

static long join_ns(int type)
{
	return setns(open("/proc/self/ns/uts", O_RDONLY), type);
}

static long traced(void)
{
	pid_t other = fork();
	long result;
	int err;

	if (other == 0)
		for (;;)
			pause();
	result = ptrace(PTRACE_SEIZE, other, NULL, NULL);
	err = errno;
	kill(other, SIGKILL);
	errno = err;
	return result;
}

static long read_memory(void)
{
	char from[8] = "memory", to[8];
	struct iovec local = {to, 8}, remote = {from, 8};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static long terminal(uint64_t request)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	static char word[2] = "x";

	grantpt(master);
	unlockpt(master);
	setsid();
	slave = open(ptsname(master), O_RDWR);
	return syscall(SYS_ioctl, (long)slave, request, word);
}

static long mark(void)
{
	int one = 1;

	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_MARK, &one, sizeof one);
}

static long low_port(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return bind(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&to, sizeof to);
}

static long shm(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	return id < 0 ? id : shmctl(id, IPC_RMID, NULL);
}

static long host_name(void)
{
	char name[65];

	gethostname(name, sizeof name);
	return sethostname(name, strlen(name));
}

static long immutable(void)
{
	const char *path = path_of("flags", 0);
	int fd = open(path, O_RDONLY), flags, was;
	long result;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return drop(path, -1);
	was = flags;
	flags |= FS_IMMUTABLE_FL;
	result = ioctl(fd, FS_IOC_SETFLAGS, &flags);
	if (result == 0)
		ioctl(fd, FS_IOC_SETFLAGS, &was);
	return drop(path, result);
}

static long device(void)
{
	const char *path = path_of("device", 0);

	unlink(path);
	return drop(path, mknod(path, S_IFCHR | 0600, makedev(1, 3)));
}

static long pipe_file(void)
{
	const char *path = path_of("fifo", 0);

	unlink(path);
	return drop(path, mknod(path, S_IFIFO | 0600, 0));
}

static long file_caps(void)
{
	static const uint32_t value[5] = {0x02000000, 1, 0, 0, 0};
	const char *path = path_of("caps", 0);

	return drop(path, setxattr(path, "security.capability", value, sizeof value, 0));
}

static long lease(void)
{
	const char *path = path_of("lease", 1);

	return drop(path, fcntl(open(path, O_RDONLY), F_SETLEASE, F_RDLCK));
}

static long lock_memory(void)
{
	struct rlimit none = {0, 0};
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setrlimit(RLIMIT_MEMLOCK, &none);
	return mlock(page, 4096);
}

static long more_files(void)
{
	struct rlimit few = {10, 10}, more = {11, 11};

	setrlimit(RLIMIT_NOFILE, &few);
	return setrlimit(RLIMIT_NOFILE, &more);
}

static long cloned(unsigned long flags)
{
	pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long cloned3(void)
{
	uint64_t args[8] = {0, 0, 0, 0, SIGCHLD};
	pid_t pid = (pid_t)syscall(435, args, sizeof args);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long old_abi(void)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	if (result > 0)
		return 0;
	errno = (int)-result;
#else
	errno = ENOSYS;
#endif
	return -1;
}

static long try(const char *name)
{
	static struct timespec now;

#define IS(word) (strcmp(name, word) == 0)
	if (IS("nothing")) return 0;
	if (IS("mount")) return mount("none", "/", "nosuchfs", 0, NULL);
	if (IS("umount")) return umount2("/", 0x80);
	if (IS("fsopen")) return syscall(430, "nosuchfs", 0L);
	if (IS("chroot")) return chroot("/");
	if (IS("raw")) return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (IS("packet")) return socket(AF_PACKET, SOCK_RAW, 0);
	if (IS("packet-high")) return syscall(SYS_socket, (long)AF_PACKET | 1L << 32, (long)SOCK_RAW, 0L);
	if (IS("alg")) return socket(AF_ALG, SOCK_SEQPACKET, 0);
	if (IS("alg-pair")) return socketpair(AF_ALG, SOCK_SEQPACKET, 0, (int[2]){0, 0});
	if (IS("mark")) return mark();
	if (IS("low-port")) return low_port();
	if (IS("shm")) return shm();
	if (IS("hostname")) return host_name();
	if (IS("immutable")) return immutable();
	if (IS("device")) return device();
	if (IS("fifo")) return pipe_file();
	if (IS("file-caps")) return file_caps();
	if (IS("lease")) return lease();
	if (IS("mlock")) return lock_memory();
	if (IS("rlimit")) return more_files();
	if (IS("nice")) return setpriority(PRIO_PROCESS, 0, -5);
	if (IS("mempolicy")) return syscall(SYS_get_mempolicy, NULL, NULL, 0L, NULL, 0L);
	if (IS("setuid")) return setuid(1);
	if (IS("handle")) return syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0L);
	if (IS("fanotify")) return syscall(SYS_fanotify_init, 0x80000000L, 0L);
	if (IS("quota")) return syscall(SYS_quotactl, 0x70000000L, NULL, 0L, NULL);
	if (IS("unshare")) return unshare(CLONE_NEWNS | CLONE_NEWUTS);
	if (IS("unshare-user")) return unshare(CLONE_NEWUSER);
	if (IS("unshare-files")) return unshare(CLONE_FILES);
	if (IS("clone-uts")) return cloned(CLONE_NEWUTS);
	if (IS("clone-user")) return cloned(CLONE_NEWUSER);
	if (IS("clone-plain")) return cloned(0);
	if (IS("clone3")) return cloned3();
	if (IS("setns")) return join_ns(CLONE_NEWUTS);
	if (IS("setns-any")) return join_ns(0);
	if (IS("ptrace")) return traced();
	if (IS("vm-read")) return read_memory();
	if (IS("kcmp")) return syscall(SYS_kcmp, getpid(), getpid(), 0L, 0L, 0L);
	if (IS("no-aslr")) return syscall(SYS_personality, 0x40000L);
	if (IS("read-implies-exec")) return syscall(SYS_personality, 0x400000L);
	if (IS("personality")) return syscall(SYS_personality, 0xffffffffL);
	if (IS("userfaultfd")) return syscall(SYS_userfaultfd, 5L);
	if (IS("bpf")) return syscall(SYS_bpf, 0xffffL, NULL, 0L);
	if (IS("perf")) return syscall(SYS_perf_event_open, NULL, 0L, -1L, -1L, 0L);
	if (IS("keyctl")) return syscall(SYS_keyctl, 0L, -3L, 0L);
	if (IS("add_key")) return syscall(SYS_add_key, "user", "vimage", "x", 1L, -3L);
	if (IS("request_key")) return syscall(SYS_request_key, "user", "none", NULL, 0L);
	if (IS("uring")) return syscall(SYS_io_uring_setup, 1L, NULL);
	if (IS("tiocsti")) return terminal(0x5412);
	if (IS("tiocsti-high")) return terminal(0x5412 | 1ULL << 32);
	if (IS("tioclinux")) return terminal(0x541c);
	if (IS("tioclinux-high")) return terminal(0x541c | 0xffffffffULL << 32);
	if (IS("vhangup")) return setsid() < 0 ? -1 : syscall(SYS_vhangup);
	if (IS("syslog")) return syscall(SYS_syslog, 10L, NULL, 0L);
	if (IS("acct")) return acct("/nosuchfile");
	if (IS("clock")) return clock_settime(CLOCK_MONOTONIC, &now);
	if (IS("alarm")) return timerfd_create(CLOCK_BOOTTIME_ALARM, 0);
	if (IS("reboot")) return syscall(SYS_reboot, 0L, 0L, 0L, NULL);
	if (IS("kexec")) return syscall(SYS_kexec_load, 0L, 0L, NULL, 0xffL);
	if (IS("module")) return syscall(SYS_delete_module, "nosuchmodule", 0L);
	if (IS("x32")) return syscall(0x40000000L + 39);
	if (IS("i386")) return old_abi();
	if (IS("newer")) return syscall(1000L);
	fprintf(stderr, "no probe %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "euid") == 0) {
		printf("%u\n", geteuid());
		return 0;
	}
	dir = argv[1];
	for (int i = 2; i < argc; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			errno = 0;
			long result = try(argv[i]);
			printf("%s %s\n", argv[i], result >= 0 ? "ok" : strerrorname_np(errno));
			return 0;
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		if (WIFSIGNALED(status)) {
			printf("%s SIG%s\n", argv[i], sigabbrev_np(WTERMSIG(status)));
			fflush(stdout);
		}
	}
	return 0;
}
