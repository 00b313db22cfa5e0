#include "imgexec.h"

#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

const char *failed = "";
int report_fd = -1;
bool report_all;

int fail_at(const char *step)
{
	failed = step;
	return -1;
}

const char *errno_name(int err)
{
	static char number[16];
	switch (err) {
#define E(name) case name: return #name;
	E(EPERM) E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(ENXIO) E(E2BIG) E(ENOEXEC) E(EBADF) E(ECHILD) E(EAGAIN) E(ENOMEM) E(EACCES) E(EFAULT)
	E(EBUSY) E(EEXIST) E(EXDEV) E(ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL) E(ENFILE) E(EMFILE) E(ENOTTY) E(ETXTBSY) E(EFBIG) E(ENOSPC)
	E(EROFS) E(EMLINK) E(EPIPE) E(ERANGE) E(EDEADLK) E(ENAMETOOLONG) E(ENOSYS) E(ENOTEMPTY) E(ELOOP) E(EBADMSG) E(EOVERFLOW)
	E(EUSERS) E(EOPNOTSUPP) E(ETIMEDOUT) E(ESTALE) E(EDQUOT) E(EMSGSIZE) E(EPROTO) E(ECONNRESET) E(ENOTCONN) E(ENOTSOCK)
#undef E
	}
	snprintf(number, sizeof number, "E%d", err);
	return number;
}

/* One line whatever the names in it hold, in one write. */
void die(int status, int err, const char *fmt, ...)
{
	char told[1026], *line = told + 2;
	const int size = sizeof told - 2;
	va_list args;
	int n = snprintf(line, (size_t)size, "imgexec: %s: ", errno_name(err));

	va_start(args, fmt);
	n += vsnprintf(line + n, (size_t)(size - n), fmt, args);
	va_end(args);
	if (n > size - 2)
		n = size - 2;
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	tty_restore();
	line[n++] = '\n';
	told[0] = (char)status;
	told[1] = (char)err;
	if (report_fd >= 0 && report_all)
		_exit(write(report_fd, told, (size_t)n + 2) < 0 ? EXIT_OURS : status);
	if (report_fd >= 0 && write(report_fd, told, 1) < 0) /* first: a stderr that nobody reads may be our end */
		status = EXIT_OURS;
	if (write(2, line, (size_t)n) < 0)
		status = EXIT_OURS;
	_exit(status);
}

void die_at(const char *what)
{
	die(EXIT_OURS, errno, "%s: %s: %s", failed, what, errno == EPERM || errno == EACCES
		? "this needs CAP_SYS_ADMIN, and namespaces to be permitted here" : strerror(errno));
}

const char *registry_path(void)
{
	static char path[PATH_MAX];
	const char *dir;
	struct stat run, own;

	if (*path) /* of the namespace we began in: /run may be another where we are now */
		return path;
	if (getuid() != geteuid())
		die(EXIT_OURS, EPERM, "imgexec: it is set-uid: it must not be");
	/* Root in a user's own namespaces does not own /run; root of an image may have been given what is in it. */
	if (getuid() == 0 && (stat("/run", &run) < 0 || run.st_uid == 0
			      || (lstat("/run/vimage", &own) == 0 && S_ISDIR(own.st_mode) && own.st_uid == 0)))
		return strcpy(path, "/run/vimage");
	dir = getenv("XDG_RUNTIME_DIR");
	if (!dir || *dir != '/' || strlen(dir) > PATH_MAX - 32)
		die(EXIT_OURS, ENOENT, "registry: XDG_RUNTIME_DIR: it must name a directory of your own, as /run/user/UID is (after su, or without a login: mkdir -m 700 one, and export it)");
	snprintf(path, sizeof path, "%s/vimage", dir);
	return path;
}

int registry_open(void)
{
	struct stat st;
	const char *path = registry_path();
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		die(EXIT_OURS, ESRCH, "no registry: %s: there is no image yet; imgctl create makes one", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		die(EXIT_OURS, errno, "registry: %s: it must be a directory, and not a symbolic link", path);
	if (st.st_uid != geteuid() || (st.st_mode & 07777) != 0700)
		die(EXIT_OURS, EPERM, "registry: %s: it must be owned by uid %u with mode 0700", path, geteuid());
	return fd;
}

/* Opens path below dir; no symbolic link on the way, none at the end. */
int walk(int dir, const char *path, int flags)
{
	struct { uint64_t flags, mode, resolve; } how = {(uint64_t)flags | O_CLOEXEC, 0, 0x04 | 0x08 /* NO_SYMLINKS, BENEATH */};
	int fd = (int)syscall(NR_openat2, dir, path, &how, sizeof how);
	char name[256];

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	for (int at = dir;; at = fd) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0';
		if (n >= sizeof name || n == 0)
			return errno = EINVAL, -1;
		memcpy(name, path, n);
		name[n] = '\0';
		fd = openat(at, name, (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		if (at != dir)
			close(at);
		if (fd < 0 || last)
			return fd;
		path += n + 1;
	}
}

/* An inode number comes back after its namespace is gone; the 64-bit id never does. */
int ns_check(int fd, int type, uint64_t ino, uint64_t id)
{
	struct statfs fs;
	struct stat st;
	uint64_t now;

	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS || ioctl(fd, NS_TYPE) != type || fstat(fd, &st) < 0 || (ino && st.st_ino != ino))
		return errno = ESTALE, fail_at("namespace check");
	if (id && (ioctl(fd, NS_ID, &now) == 0 || (type == CLONE_NEWNS && ioctl(fd, NS_MNT_ID, &now) == 0)) && now != id)
		return errno = ESTALE, fail_at("namespace check");
	return 0;
}

int ns_open(int dir, const char *path, int type, uint64_t ino, uint64_t id)
{
	int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail_at("open");
	if (ns_check(fd, type, ino, id) < 0) {
		close(fd);
		return errno = ESTALE, -1;
	}
	return fd;
}

/* Directories are made below a cgroup mount only: elsewhere they would be plain ones. */
int cgroup_open(const char *path, bool v1, bool *made)
{
	struct statfs fs;
	char name[NAME_MAX + 1];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*made = false;
	if (fd < 0 && errno == ENOENT) {
		fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		for (const char *s = path; fd >= 0 && *(s += strspn(s, "/"));) {
			size_t n = strcspn(s, "/");
			int up = fd;
			if (n > NAME_MAX)
				return errno = ENAMETOOLONG, fail_at("cgroup");
			memcpy(name, s, n);
			name[n] = '\0';
			s += n;
			fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (fd < 0 && errno == ENOENT) {
				if (fstatfs(up, &fs) < 0 || fs.f_type != (v1 ? 0x27e0eb : 0x63677270))
					return errno = ENOENT, fail_at("cgroup: no such hierarchy is mounted");
				if (mkdirat(up, name, 0755) == 0)
					*made = true;
				else if (errno != EEXIST)
					return fail_at("mkdir");
				fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			}
			close(up);
		}
	}
	if (fd < 0)
		return fail_at("open");
	if (fstatfs(fd, &fs) < 0 || fs.f_type != (v1 ? 0x27e0eb : 0x63677270)) {
		close(fd);
		return errno = EBADMSG, fail_at("cgroup: not a hierarchy of that kind");
	}
	return fd;
}

int cgroup_enter(int cgroup)
{
	int fd = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_at("open cgroup.procs");
	if (write(fd, "0", 1) != 1)
		return fail_at("write cgroup.procs");
	return close(fd);
}

/* The directory that counts an image's processes or, where it has no limit of its own, the nearest one around it; -1 with
 * ENOENT where there is none. */
int limit_open(const char *path)
{
	char at[PATH_MAX], *cut;
	int fd;

	snprintf(at, sizeof at, "%s", path);
	while ((cut = strrchr(at, '/')) && valid_serial(cut + 1)) {
		fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 || errno != ENOENT)
			return fd < 0 ? fail_at("open") : fd;
		*cut = '\0';
	}
	return errno = ENOENT, -1;
}

static bool read_number(int dir, const char *name, uint64_t *n)
{
	char text[24];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), len;

	if (fd < 0)
		return false;
	len = read_all(fd, text, sizeof text);
	close(fd);
	if (len < 1 || len == sizeof text)
		return false;
	text[len - 1] = '\0'; /* the newline */
	return parse_u64(text, n);
}

/* Entering by writing is not refused by the kernel as a fork is: whoever comes in over the limit has to see it himself. */
bool over_limit(int dir)
{
	uint64_t max, now;
	bool over = false;

	while (dir >= 0 && faccessat(dir, "pids.max", F_OK, 0) == 0) {
		int up = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		over |= read_number(dir, "pids.max", &max) && read_number(dir, "pids.current", &now) && now > max;
		close(dir);
		dir = up;
	}
	if (dir >= 0)
		close(dir);
	return over;
}

static uint64_t ns_age(int fd)
{
	uint64_t id;
	return ioctl(fd, NS_MNT_ID, &id) == 0 ? id : 0;
}

/* The kernel lets a mount namespace be bound only in an older one, and tells the age by the id. Ids are given out in batches
 * per CPU (Linux 6.18), so that a newer one may count as older: another CPU's batch is then ahead. */
int unshare_mnt(int older, int proc)
{
	cpu_set_t mine, one;
	uint64_t age = ns_age(older);
	int ns = -1, known = sched_getaffinity(0, sizeof mine, &mine) == 0;

	for (int cpu = -1; cpu < (known ? CPU_SETSIZE : 0) && ns < 0; cpu++) {
		if (cpu >= 0) {
			if (!CPU_ISSET(cpu, &mine))
				continue;
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof one, &one);
		}
		if (unshare(CLONE_NEWNS) < 0 || (ns = openat(proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC)) < 0)
			return fail_at("unshare");
		if (age && ns_age(ns) < age) {
			close(ns);
			ns = -1;
		}
		if (cpu >= 0)
			sched_setaffinity(0, sizeof mine, &mine);
	}
	return ns < 0 ? (errno = EAGAIN, fail_at("unshare: no CPU here gives a namespace that may be pinned")) : ns;
}

int bind_fd(int fd, const char *to)
{
	char from[32];

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	return mount(from, to, NULL, MS_BIND, NULL) < 0 ? fail_at("mount") : 0;
}

pid_t spawn(int cgroup, bool v1, bool brother)
{
	struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; } args = {
		.flags = (cgroup < 0 ? 0 : 0x200000000ULL /* CLONE_INTO_CGROUP */) | (brother ? CLONE_PARENT : 0), .exit_signal = brother ? 0 : SIGCHLD,
		.cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup,
	};
	pid_t pid;

	if (brother || (cgroup >= 0 && !v1)) {
		pid = (pid_t)syscall(NR_clone3, &args, sizeof args);
		if (pid >= 0 || brother || (errno != ENOSYS && errno != EINVAL && errno != E2BIG && errno != EOPNOTSUPP && errno != EPERM))
			return pid < 0 ? fail_at("clone3") : pid;
	}
	pid = fork();
	if (pid < 0)
		return fail_at("fork");
	if (pid == 0 && cgroup >= 0 && cgroup_enter(cgroup) < 0)
		die_at("the image's cgroup");
	return pid;
}

/* keep is sorted upwards and above 2. */
int close_all_but(const int *keep, int n)
{
	unsigned from = 3;

	for (int i = 0; i <= n; i++) {
		unsigned to = i < n ? (unsigned)keep[i] : ~0u;
		if (to > from && syscall(NR_close_range, from, i < n ? to - 1 : to, 0) < 0)
			return fail_at("close_range");
		from = to + 1;
	}
	return 0;
}

void keep_fd(int *keep, int *n, int fd)
{
	int at = *n;

	if (fd < 0)
		return;
	for (; at > 0 && keep[at - 1] > fd; at--)
		keep[at] = keep[at - 1];
	keep[at] = fd;
	++*n;
}

int read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, buf + len, size - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return fail_at("read");
		len += n > 0 ? (size_t)n : 0;
	}
	return (int)len;
}

/* Field 22 of proc_pid_stat(5): with the pid, who a process is. */
int start_of(pid_t pid, char *start, size_t size)
{
	char path[32], text[1024], *s;
	int fd, n, field = 2;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read_all(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return fail_at("stat of /proc");
	text[n] = '\0';
	for (s = strrchr(text, ')'); s && field < 22; field++)
		s = strchr(s + 1, ' ');
	if (!s || snprintf(start, size, "%.*s", (int)strcspn(s + 1, " "), s + 1) >= (int)size)
		return errno = EBADMSG, fail_at("stat of /proc");
	return 0;
}

int write_map(pid_t pid, const char *name, const char *text)
{
	char path[48];
	int fd, n;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : (int)write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n == (int)strlen(text) ? 0 : fail_at(name);
}

int time_new(int self, const char *offsets)
{
	int fd, n;

	if (unshare(CLONE_NEWTIME) < 0)
		return fail_at("unshare");
	if (offsets) {
		fd = openat(self, "timens_offsets", O_WRONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : (int)write(fd, offsets, strlen(offsets));
		if (fd >= 0)
			close(fd);
		if (n != (int)strlen(offsets))
			return fail_at("timens_offsets");
	}
	fd = openat(self, "ns/time_for_children", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? fail_at("open time_for_children") : fd;
}

int loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo), err = errno;

	if (fd >= 0)
		close(fd);
	return errno = err, result < 0 ? fail_at("lo") : 0;
}

/* The parent may be gone already. */
int end_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	return getppid() == parent ? 0 : (errno = ESRCH, -1);
}

bool ended_within(pid_t child, int pidfd, int ms)
{
	struct pollfd ended = {pidfd, POLLIN, 0};
	bool in_time = poll(&ended, 1, ms) == 1;

	syscall(NR_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	waitpid(child, NULL, 0);
	close(pidfd);
	return in_time;
}
