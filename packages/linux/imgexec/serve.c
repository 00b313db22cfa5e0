#include "imgexec.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>

enum { MESSAGE = 1 << 16, SOCKET = 3, ARGS = 10 };

static int host = -1, pins = -1, own_pid = -1, caller = -1;
static char *verb; /* our argument: --serve */
static char reply[MESSAGE];
static size_t reply_len;

static int send_reply(void)
{
	ssize_t n = send(SOCKET, reply, reply_len, MSG_NOSIGNAL);

	reply_len = 0;
	return n < 0 ? fail_at("send") : 0;
}

static void add(const char *s)
{
	size_t n = strlen(s) + 1;

	if (reply_len + n > MESSAGE)
		return;
	memcpy(reply + reply_len, s, n);
	reply_len += n;
}

static void add_number(long n)
{
	char s[24];

	snprintf(s, sizeof s, "%ld", n);
	add(s);
}

static bool returns; /* root of a user's own namespaces comes not back to the machine's pid namespace */

/* Paths mean one thing here and another there: not to be where we believe to be is the end. */
static void stand_in(int ns)
{
	if (setns(ns, CLONE_NEWNS) < 0)
		die(EXIT_OURS, errno, "setns: mount namespace: it cannot be changed to");
}

/* A root of ours in a mount namespace of ours, with nothing of the host's kept busy. */
static int make_pins(const char *base)
{
	int proc = open("/proc", O_PATH | O_CLOEXEC), ns = unshare_mnt(host, proc);

	close(proc);
	if (ns < 0)
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
	    || mount("vimage", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0 || chdir(base) < 0
	    || mkdir("proc", 0555) < 0 || mkdir(".empty", 0555) < 0
	    || (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
		/* In a user namespace a new one takes a pid namespace of the same: the one there is will do. */
		&& (errno != EPERM || mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) < 0)))
		return fail_at("mount");
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail_at("pivot_root");
	return ns;
}

/* Leaves us in the host's namespace; `pins` is set if all went well. */
static int find_pins(void)
{
	const char *base = registry_path();
	char path[PATH_MAX + 8];
	struct statfs fs;
	struct stat st;
	int root, file, ns;

	snprintf(path, sizeof path, "%s/mnt", base);
	root = open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0 || fstat(root, &st) < 0)
		return fail_at("open registry");
	close(root);
	if (st.st_uid != geteuid() || (st.st_mode & 07777) != 0700)
		return errno = EPERM, fail_at("registry: owner and mode 0700");
	for (int locked = -1;; locked = file) {
		file = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (file < 0)
			return errno = errno == EISDIR || errno == ELOOP ? EBADMSG : errno, fail_at("open mnt");
		if (fstatfs(file, &fs) == 0 && fs.f_type == NSFS) {
			if (locked >= 0)
				close(locked);
			if (ns_check(file, CLONE_NEWNS, 0, 0) < 0)
				return close(file), errno = EBADMSG, fail_at("mnt: not a mount namespace");
			pins = file;
			return 0;
		}
		if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != 0)
			return close(file), errno = EBADMSG, fail_at("mnt: neither a namespace nor an empty file");
		if (locked >= 0)
			break; /* still a plain file, and ours */
		if (flock(file, LOCK_EX) < 0)
			return close(file), fail_at("flock");
	}
	ns = make_pins(base);
	stand_in(host);
	if (ns >= 0 && bind_fd(ns, path) == 0)
		pins = ns;
	return pins < 0 ? -1 : 0;
}

static int hello(void)
{
	if (pins < 0) {
		host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
		own_pid = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
		if (host < 0 || own_pid < 0)
			return fail_at("open /proc/self/ns");
		if (find_pins() < 0)
			return -1;
		returns = setns(own_pid, CLONE_NEWPID) == 0;
		stand_in(pins);
	}
	add("ok");
	add(IMGEXEC_VERSION);
	return 0;
}

static int remove_pin(const char *serial, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/%s/%s", serial, name);
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return unlink(path) < 0 && errno != ENOENT && (errno != EISDIR || rmdir(path) < 0) ? fail_at("unlink") : 0;
}

static int pin(const char *serial, const char *name, int fd)
{
	char dir[32], path[64];
	struct statfs fs;
	int file, err;

	snprintf(dir, sizeof dir, "/%s", serial);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return fail_at("mkdir");
	file = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0);
	if (file < 0)
		return fail_at("open");
	err = fstatfs(file, &fs);
	close(file);
	if (err == 0 && fs.f_type == NSFS)
		return errno = EEXIST, fail_at("pin");
	if (bind_fd(fd, path) == 0)
		return 0;
	err = errno;
	unlink(path);
	rmdir(dir);
	return errno = err, -1;
}

static int take(const char *number)
{
	uint64_t n;
	int fd;

	if (!parse_u64(number, &n) || n > INT_MAX)
		return errno = EINVAL, fail_at("descriptor number");
	fd = (int)syscall(NR_pidfd_getfd, caller, (int)n, 0);
	return fd < 0 ? fail_at("pidfd_getfd") : fd;
}

static int pin_fd(const char *serial, const char *name, const char *number)
{
	struct statfs fs;
	int fd = take(number), result;

	if (fd < 0)
		return -1;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS) {
		close(fd);
		return errno = EINVAL, fail_at("pin: not a namespace");
	}
	result = pin(serial, name, fd);
	close(fd);
	if (result == 0)
		add("ok");
	return result;
}

static bool dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Under the lock under which a first entry makes and pins the image's mount view. */
static int unpin_all(const char *serial)
{
	char path[32];
	struct dirent *e;
	DIR *dir;
	int result = 0, err;

	snprintf(path, sizeof path, "/%s", serial);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : fail_at("opendir");
	if (flock(dirfd(dir), LOCK_EX) < 0)
		result = fail_at("flock");
	while (result == 0 && (e = readdir(dir)))
		if (!dots(e->d_name))
			result = remove_pin(serial, e->d_name);
	if (result == 0 && rmdir(path) < 0 && errno != ENOENT)
		result = fail_at("rmdir");
	err = errno;
	closedir(dir);
	return errno = err, result;
}

/* Under the same lock. */
static int unpin_one(const char *path, const char *serial, const char *name)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result, err;

	if (dir < 0)
		return errno == ENOENT ? 0 : fail_at("open");
	result = flock(dir, LOCK_EX) < 0 ? fail_at("flock") : remove_pin(serial, name);
	err = errno;
	close(dir);
	return errno = err, result;
}

static int unpin(const char *serial, const char *name)
{
	char path[32];

	snprintf(path, sizeof path, "/%s", serial);
	if (!name ? unpin_all(serial) < 0 : unpin_one(path, serial, name) < 0)
		return -1;
	rmdir(path); /* the last one takes the directory with it */
	add("ok");
	return 0;
}

/* Calls what for each pin; a non-zero result ends it. */
static int each_pin(int (*what)(const char *serial, const char *name))
{
	DIR *root = opendir("/"), *dir;
	struct dirent *e, *p;
	int result = 0;

	if (!root)
		return fail_at("opendir");
	while (result == 0 && (e = readdir(root))) {
		int fd = valid_serial(e->d_name) ? openat(dirfd(root), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd < 0 || !(dir = fdopendir(fd)))
			continue;
		while (result == 0 && (p = readdir(dir)))
			if (!dots(p->d_name))
				result = what(e->d_name, p->d_name);
		closedir(dir);
	}
	closedir(root);
	return result;
}

static int list_one(const char *serial, const char *name)
{
	char path[320];

	snprintf(path, sizeof path, "%s/%s", serial, name);
	if (reply_len + strlen(path) + 1 > MESSAGE) {
		if (send_reply() < 0)
			return -1;
		add("more");
	}
	add(path);
	return 0;
}

/* More than fits into one message comes as messages that begin with `more`; the last begins with `ok`. */
static int list(void)
{
	add("more");
	if (each_pin(list_one) < 0)
		return -1;
	memcpy(reply, "ok", 3);
	memmove(reply + 3, reply + 5, reply_len -= 5);
	reply_len += 3;
	return 0;
}

static int is_pin(const char *serial, const char *name)
{
	(void)serial, (void)name;
	return 1;
}

static int close_pins(void)
{
	char path[PATH_MAX + 8];
	int n = each_pin(is_pin);

	if (n != 0)
		return n < 0 ? -1 : (errno = EBUSY, fail_at("close: there are pins"));
	snprintf(path, sizeof path, "%s/mnt", registry_path());
	stand_in(host);
	close(pins);
	close(host);
	close(own_pid);
	pins = -1;
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 || unlink(path) < 0)
		return fail_at("umount");
	add("ok");
	return 0;
}

/* Pid 1 of a namespace: nothing is open, nothing is in sight, and it reaps for ever; or, where it has a child whose end is
 * its own, until that has ended. */
static _Noreturn void reap(pid_t until)
{
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	for (;;) {
		if (sigwaitinfo(&set, NULL) == SIGTERM)
			kill(-1, SIGTERM);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			if (pid == until)
				_exit(0);
	}
}

static void settle(void)
{
	sigset_t all;

	strncpy(verb, "init", strlen("--serve")); /* what ps shows */

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || signal(SIGCHLD, SIG_DFL) == SIG_ERR || setsid() < 0 || chroot("/.empty") < 0
	    || chdir("/") < 0 || prctl(PR_SET_NAME, "imgexec") < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		_exit(EXIT_OURS);
}

/* Each pid 1 says where it is by the namespace itself and by credentials that the kernel writes: no number is trusted. */
static int send_ns(int socket)
{
	union { struct cmsghdr h; char space[CMSG_SPACE(sizeof(int))]; } control = {.h = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec io = {(char[]){1}, 1};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	int ns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);

	memcpy(CMSG_DATA(&control.h), &ns, sizeof ns);
	if (ns < 0 || sendmsg(socket, &m, MSG_NOSIGNAL) != 1)
		return -1;
	return close(ns);
}

static int receive_ns(int socket, pid_t *pid)
{
	union { struct cmsghdr h; char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))]; } control;
	struct iovec io = {(char[1]){0}, 1};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	struct ucred cred = {0};
	int ns = -1;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1)
		return errno = ECHILD, -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&cred, CMSG_DATA(c), sizeof cred);
		else if (c->cmsg_type == SCM_RIGHTS)
			memcpy(&ns, CMSG_DATA(c), sizeof ns);
	}
	*pid = cred.pid;
	return ns;
}

/* In the view's pid 1. Until the server has published the pins (one byte), its end is ours; and the image's pid 1's, or the server
 * would wait for what that one does not say any more. */
static _Noreturn void first_of_view(int socket)
{
	struct pollfd fds[2] = {{0, POLLIN, 0}, {-1, POLLIN, 0}};
	char byte;
	pid_t inner;

	if (dup2(socket, 0) < 0 || syscall(NR_close_range, 1, ~0u, 0) < 0 || send_ns(0) < 0 || unshare(CLONE_NEWPID) < 0)
		_exit(EXIT_OURS);
	inner = fork();
	if (inner == 0) {
		if (send_ns(0) < 0)
			_exit(EXIT_OURS);
		close(0);
		settle();
		reap(0);
	}
	if (inner < 0 || (fds[1].fd = (int)syscall(NR_pidfd_open, inner, 0)) < 0)
		_exit(EXIT_OURS);
	settle();
	if (poll(fds, 2, -1) < 0 || fds[1].revents || read(0, &byte, 1) != 1)
		_exit(EXIT_OURS);
	close(fds[1].fd);
	close(0);
	reap(inner);
}

/* Returns our child: the view's pid 1, or who makes it inside the outer namespace, which only someone in there can do. */
static pid_t start_view(int socket, int cgroup, bool v1, int outer)
{
	pid_t child = -1;

	if (outer >= 0 && setns(outer, CLONE_NEWPID) < 0)
		return fail_at("setns");
	if (outer >= 0 || !returns) {
		if ((child = fork()) < 0)
			return fail_at("fork");
		if (child > 0)
			return child;
	}
	if (unshare(CLONE_NEWPID) < 0)
		fail_at("unshare");
	else if ((child = spawn(cgroup, v1, false)) == 0)
		first_of_view(socket);
	if (outer >= 0 || !returns)
		_exit(child < 0 ? EXIT_OURS : 0);
	return child;
}

/* What is published is written down before, where that is how it is found. */
static int publish(const char *serial, int socket, int members, pid_t view, pid_t first, int view_ns, int image_ns)
{
	int err;

	if (members >= 0 && (member_add(members, view, "view") < 0 || member_add(members, first, "init") < 0))
		return -1;

	if (pin(serial, "view", view_ns) < 0)
		return -1;
	if (pin(serial, "pid", image_ns) == 0) {
		if (send(socket, "", 1, MSG_NOSIGNAL) == 1)
			return 0;
		err = errno;
		remove_pin(serial, "pid");
		errno = err, fail_at("publish");
	}
	err = errno;
	unpin_all(serial);
	return errno = err, -1;
}

static int make_view(const char *serial, int cgroup, bool v1, int members, int outer)
{
	static const struct timeval patience = {10, 0};
	int pair[2], view_ns = -1, image_ns = -1, result = -1, err;
	pid_t child, view = 0, first = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_at("socketpair");
	setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int));
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	signal(SIGCHLD, SIG_DFL); /* while it is unreaped its number is its own */
	child = start_view(pair[1], cgroup, v1, outer);
	err = errno;
	if (returns && setns(own_pid, CLONE_NEWPID) < 0)
		die(EXIT_OURS, errno, "setns: pid namespace: our own cannot be returned to");
	close(pair[1]);
	errno = err;
	if (child > 0) {
		if ((view_ns = receive_ns(pair[0], &view)) < 0 || (image_ns = receive_ns(pair[0], &first)) < 0)
			fail_at("the pid 1 of the image ended early");
		else
			result = publish(serial, pair[0], members, view, first, view_ns, image_ns);
	}
	err = errno;
	close(pair[0]); /* unpublished, the view's pid 1 ends here at the latest */
	if (view_ns >= 0)
		close(view_ns);
	if (image_ns >= 0)
		close(image_ns);
	if (result < 0 && child > 0)
		kill(child, SIGKILL);
	if (child > 0 && (result < 0 || outer >= 0 || !returns))
		waitpid(child, NULL, 0);
	signal(SIGCHLD, SIG_IGN);
	if (child > 0)
		waitpid(child, NULL, WNOHANG);
	if (result == 0) {
		add("ok");
		add_number(view);
		add_number(first);
	}
	return errno = err, result;
}

static int init(char **arg, int n)
{
	uint64_t ino = 0, id = 0;
	int where, outer = -1, result, err;
	bool v1 = strcmp(arg[3], "v1") == 0, members = strcmp(arg[3], "dir") == 0, made = false;

	if (!v1 && !members && strcmp(arg[3], "v2") != 0)
		return errno = EINVAL, fail_at("KIND");

	if (n == 7) {
		const char *name = strchr(arg[4], '/');
		if (!name || !valid_pin(name + 1) || strspn(arg[4], "0123456789") != (size_t)(name - arg[4]) || !parse_u64(arg[5], &ino)
		    || (strcmp(arg[6], "-") != 0 && !parse_u64(arg[6], &id)))
			return errno = EINVAL, fail_at("pin of the outer pid namespace");
		outer = ns_open(AT_FDCWD, arg[4], CLONE_NEWPID, ino, id);
		if (outer < 0)
			return -1;
	}
	stand_in(host);
	where = members ? open(arg[2], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : cgroup_open(arg[2], v1, &made);
	err = errno;
	stand_in(pins);
	errno = err;
	if (where < 0)
		result = members ? fail_at("open the image's directory") : -1;
	else
		result = make_view(arg[1], members ? -1 : where, v1, members ? where : -1, outer);
	err = errno;
	if (result < 0 && made) {
		stand_in(host);
		rmdir(arg[2]);
		stand_in(pins);
	}
	if (where >= 0)
		close(where);
	if (outer >= 0)
		close(outer);
	return errno = err, result;
}

/* What a thread that could not come back does in a network namespace. */
struct errand {
	int ns, fd, err;
	pid_t server;
	char **arg;
	int n;
	const char *step; /* that failed, where it is known */
	char value[32 << 10];
};

/* Reads, or writes where there is a value, and closes. */
static int transfer(struct errand *e, int fd)
{
	int len = e->n == 5 ? (int)write(fd, e->arg[4], strlen(e->arg[4])) : read_all(fd, e->value, sizeof e->value - 1), err = errno;

	close(fd);
	if (len >= 0 && e->n == 4)
		e->value[len] = '\0';
	return errno = err, len < 0 ? -1 : 0;
}

/* A file that is another one in each network namespace. */
static int file_at(struct errand *e)
{
	const char *path = e->arg[3];
	int fd;

	if (strstr(path, "..") || (strncmp(path, "/proc/sys/net/", 14) != 0 && strncmp(path, "/proc/thread-self/net/", 22) != 0))
		return errno = EINVAL, -1;
	fd = open(path, (e->n == 5 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -1;
	return transfer(e, fd);
}

/* hostname NAME DOMAIN: of the uts namespace at hand, or of a new one. */
static int name_host(struct errand *e)
{
	if (e->n != 5)
		return errno = EINVAL, -1;
	if ((e->ns < 0 ? unshare(CLONE_NEWUTS) : setns(e->ns, CLONE_NEWUTS)) < 0 || sethostname(e->arg[3], strlen(e->arg[3])) < 0
	    || setdomainname(e->arg[4], strlen(e->arg[4])) < 0)
		return -1;
	return e->fd = open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC);
}

/* time [OFFSETS]: a new one, whose root is that of the user namespace at hand, or ours. */
static int make_time(struct errand *e)
{
	int self;

	if (e->n > 4 || (e->n == 4 && !valid_offsets(e->arg[3])))
		return errno = EINVAL, -1;
	if (e->ns >= 0 && (setns(e->ns, CLONE_NEWUSER) < 0 || end_with(e->server) < 0))
		return -1;
	self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (self < 0)
		return -1;
	e->fd = time_new(self, e->n == 4 ? e->arg[3] : NULL);
	e->step = failed;
	close(self);
	return e->fd;
}

/* A file that is another one in each ipc namespace. Newer kernels let only root of that namespace's users write it: by his number, which it has. */
static int ipc_open(const char *path, int flags)
{
	struct stat is;
	int fd;

	if (strstr(path, "..") || (strncmp(path, "/proc/sys/kernel/", 17) != 0 && strncmp(path, "/proc/sys/fs/mqueue/", 20) != 0 && strncmp(path, "/proc/sysvipc/", 14) != 0))
		return errno = EINVAL, -1;
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0 || errno != EACCES || stat(path, &is) < 0)
		return fd;
	return setresuid((uid_t)-1, is.st_uid, (uid_t)-1) < 0 ? -1 : open(path, flags | O_CLOEXEC);
}

/* ipc: a new ipc namespace, of the user namespace at hand. ipc PATH [VALUE]: a file of the one at hand, read or written. */
static int ipc_errand(struct errand *e)
{
	int fd;

	if (e->n == 3) {
		if ((e->ns >= 0 && (setns(e->ns, CLONE_NEWUSER) < 0 || end_with(e->server) < 0)) || unshare(CLONE_NEWIPC) < 0)
			return -1;
		return e->fd = open("/proc/thread-self/ns/ipc", O_RDONLY | O_CLOEXEC);
	}
	if (e->n > 5 || e->ns < 0)
		return errno = EINVAL, -1;
	if (setns(e->ns, CLONE_NEWIPC) < 0 || (fd = ipc_open(e->arg[3], e->n == 5 ? O_WRONLY : O_RDONLY)) < 0)
		return -1;
	return transfer(e, fd);
}

/* Errands that are not in a network namespace. */
static const struct { const char *what; int (*run)(struct errand *); } elsewhere[] = {{"time", make_time}, {"ipc", ipc_errand}, {"hostname", name_host}};

static int run_errand(void *errand)
{
	struct errand *e = errand;
	const char *what = e->arg[2];
	int result = end_with(e->server);

	for (size_t i = 0; result == 0 && i < sizeof elsewhere / sizeof *elsewhere; i++)
		if (strcmp(what, elsewhere[i].what) == 0) {
			e->err = elsewhere[i].run(e) < 0 ? errno : 0;
			_exit(0);
		}
	if (result < 0)
		; /* nor is anybody left to ask */
	else if (strcmp(what, "owned") == 0) /* a new one, whose root is that of the user namespace */
		result = setns(e->ns, CLONE_NEWUSER) < 0 || end_with(e->server) < 0 ? -1 : unshare(CLONE_NEWNET), what = "new";
	else
		result = e->ns < 0 ? unshare(CLONE_NEWNET) : setns(e->ns, CLONE_NEWNET);
	errno = result < 0 ? errno : EINVAL;
	if (result == 0 && strcmp(what, "new") == 0)
		result = e->n == 4 && loopback_up() < 0 ? -1 : (e->fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
	else if (result == 0 && strcmp(what, "socket") == 0 && e->n == 4)
		result = e->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, atoi(e->arg[3]));
	else if (result == 0 && strcmp(what, "up") == 0)
		result = loopback_up();
	else if (result == 0 && ((strcmp(what, "read") == 0 && e->n == 4) || (strcmp(what, "write") == 0 && e->n == 5)))
		result = file_at(e);
	else
		result = -1;
	e->err = result < 0 ? errno : 0;
	_exit(0);
}

/* inside FD|- WHAT ...: in a thread of its own, so to speak, that has our memory and descriptors and ends with it. */
static int inside(char **arg, int n)
{
	static char stack[64 << 10] __attribute__((aligned(16)));
	static struct errand e;

	e.server = getpid(), e.ns = e.fd = -1, e.err = ECHILD, e.arg = arg, e.n = n, e.step = NULL, *e.value = '\0';
	if (strcmp(arg[1], "-") != 0 && (e.ns = take(arg[1])) < 0)
		return -1;
	if (clone(run_errand, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &e) < 0)
		e.err = errno;
	if (e.ns >= 0)
		close(e.ns);
	if (e.err != 0)
		return errno = e.err, fail_at(e.step ? e.step : arg[2]);
	add("ok");
	if (e.fd >= 0)
		add_number(e.fd);
	else
		add(e.value);
	return 0;
}

/* In memory that all three have: an image's root can stop or kill whoever stands in its user namespace, at any instruction. */
struct made {
	int inner, fd; /* who makes it, as a pidfd; the namespace */
	int refused, err; /* what he met, and what whoever maps it did */
	char step[32];
};

/* The first number that there is in the user namespace where we stand. */
static uint32_t first_id(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read_all(fd, text, sizeof text - 1) < 0)
		*text = '\0';
	if (fd >= 0)
		close(fd);
	return (uint32_t)strtoul(text, NULL, 10);
}

/* Becomes somebody in the outer user namespace (nobody else makes one inside), and makes it. */
static int become_inner(bool outer, pid_t parent)
{
	uint32_t uid = first_id("/proc/self/uid_map"), gid = first_id("/proc/self/gid_map");

	if (outer && (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
		return -1;
	return unshare(CLONE_NEWUSER) < 0 ? -1 : end_with(parent); /* changed credentials clear it */
}

static _Noreturn void make_inner(struct made *made, bool outer, pid_t parent, int ready)
{
	int ns = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC); /* for who we become, / is closed */

	made->refused = ns < 0 || become_inner(outer, parent) < 0 || (made->fd = openat(ns, "user", O_RDONLY | O_CLOEXEC)) < 0 ? errno : 0;
	close(ns);
	if (write(ready, "", 1) != 1)
		_exit(EXIT_OURS);
	for (;;)
		pause();
}

static int map_users(struct made *made, char **arg, pid_t pid, int ready)
{
	struct pollfd said = {ready, POLLIN, 0};

	if (poll(&said, 1, STOPPED) != 1)
		return errno = ETIMEDOUT, -1;
	if (made->refused != 0)
		return errno = made->refused, -1;
	if (strcmp(arg[2], "deny") == 0 && write_map(pid, "setgroups", "deny") < 0)
		return -1;
	return write_map(pid, "uid_map", arg[3]) < 0 ? -1 : write_map(pid, "gid_map", arg[4]);
}

/* As who stands in the namespace around: only he may map it. Descriptors are the server's, who has that of the namespace when this ends. */
static _Noreturn void make_users(struct made *made, char **arg, int outer, pid_t server, const int ready[2])
{
	pid_t self = getpid(), pid = -1;
	int result = -1;

	fail_at("user namespace");
	if (end_with(server) == 0 && (outer < 0 || (setns(outer, CLONE_NEWUSER) == 0 && end_with(server) == 0))) {
		pid = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, NULL, &made->inner, NULL, NULL);
		if (pid == 0)
			make_inner(made, outer >= 0, self, ready[1]);
		if (pid > 0)
			result = map_users(made, arg, pid, ready[0]);
	}
	made->err = result < 0 ? errno : 0;
	snprintf(made->step, sizeof made->step, "%s", failed);
	_exit(0);
}

/* Returns with both gone, whatever was done to them. */
static int users_made(struct made *made, char **arg, int outer)
{
	int ready[2], fd = -1;
	pid_t self = getpid(), pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return fail_at("pipe");
	signal(SIGCHLD, SIG_DFL);
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, NULL);
	if (pid == 0)
		make_users(made, arg, outer, self, ready);
	if (pid < 0)
		made->err = errno;
	else if (!ended_within(pid, fd, STOPPED + 1000))
		made->err = ETIMEDOUT;
	if (made->inner >= 0) {
		syscall(NR_pidfd_send_signal, made->inner, SIGKILL, NULL, 0);
		close(made->inner);
	}
	signal(SIGCHLD, SIG_IGN);
	close(ready[0]);
	close(ready[1]);
	return made->err == 0 ? 0 : (errno = made->err, fail_at(made->step));
}

/* users SERIAL allow|deny UIDS GIDS [FD]: makes and pins SERIAL/user, inside the user namespace that is open as FD. */
static int users(char **arg, int n)
{
	static struct made *made;
	int outer = -1, result, err;

	if (!made && (made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
		return made = NULL, fail_at("mmap");
	if (n == 6 && (outer = take(arg[5])) < 0)
		return -1;
	*made = (struct made){-1, -1, ECHILD, ECHILD, "user namespace"};
	result = users_made(made, arg, outer);
	if (result == 0 && (result = pin(arg[1], "user", made->fd)) == 0)
		add("ok");
	err = errno;
	if (made->fd >= 0)
		close(made->fd);
	if (outer >= 0)
		close(outer);
	return errno = err, result;
}

static bool valid_room(const char *bytes, const char *inodes)
{
	uint64_t n;

	return parse_u64(bytes, &n) && n > 0 && parse_u64(inodes, &n) && n > 0;
}

/* registry SERIAL UID GID BYTES INODES: a file system of that size as SERIAL/sub, or, where it is there, that size for it, unless more is used. What is theirs
 * is in it as `own`, which is all that they get to see. */
static int registry(char **arg)
{
	enum { FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC };
	char dir[32], sub[40], own[48], data[96];
	struct stat around, at;
	uint64_t uid, gid;

	if (!parse_u64(arg[2], &uid) || !parse_u64(arg[3], &gid) || uid >= UINT32_MAX || gid >= UINT32_MAX || !valid_room(arg[4], arg[5]))
		return errno = EINVAL, fail_at("registry");
	snprintf(dir, sizeof dir, "/%s", arg[1]);
	snprintf(sub, sizeof sub, "%s/sub", dir);
	snprintf(own, sizeof own, "%s/own", sub);
	snprintf(data, sizeof data, "size=%s,nr_inodes=%s", arg[4], arg[5]);
	if ((mkdir(dir, 0700) < 0 && errno != EEXIST) || (mkdir(sub, 0700) < 0 && errno != EEXIST) || stat(dir, &around) < 0 || stat(sub, &at) < 0)
		return fail_at("mkdir");
	if (around.st_dev != at.st_dev) {
		if (mount(NULL, sub, NULL, MS_REMOUNT | FLAGS, data) < 0 && errno != EINVAL)
			return fail_at("mount");
	} else if (strncat(data, ",mode=0700", sizeof data - strlen(data) - 1), mount("vimage", sub, "tmpfs", FLAGS, data) < 0)
		return fail_at("mount");
	if ((mkdir(own, 0700) < 0 && errno != EEXIST) || lchown(own, (uid_t)uid, (gid_t)gid) < 0)
		return fail_at("mkdir");
	add("ok");
	return 0;
}

/* shm SERIAL: a file system as SERIAL/shm, for what is to be /dev/shm of those in an ipc namespace. What they see of it is `own`. */
static int shm(const char *serial)
{
	char dir[32], at[40], own[48];

	snprintf(dir, sizeof dir, "/%s", serial);
	snprintf(at, sizeof at, "%s/shm", dir);
	snprintf(own, sizeof own, "%s/own", at);
	if ((mkdir(dir, 0700) < 0 && errno != EEXIST) || mkdir(at, 0700) < 0)
		return fail_at("mkdir");
	if (mount("vimage", at, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return fail_at("mount");
	if (mkdir(own, 0700) < 0 || chmod(own, 01777) < 0)
		return fail_at("mkdir");
	add("ok");
	return 0;
}

/* look FD|- OUTER INNER: two descriptors of ours, of INNER's registry and of the pins that are its image's. */
static int look_inside(char **arg)
{
	uint64_t number;
	int from = pins, in, own;

	if (!valid_serial(arg[2]) || !valid_serial(arg[3]) || (strcmp(arg[1], "-") != 0 && (!parse_u64(arg[1], &number) || number <= SOCKET || number > INT_MAX)))
		return errno = EINVAL, fail_at("look");
	if (strcmp(arg[1], "-") != 0)
		from = (int)number;
	if (ns_check(from, CLONE_NEWNS, 0, 0) < 0 || (own = look(from, arg[2], arg[3], &in)) < 0)
		return -1;
	add("ok");
	add_number(own);
	add_number(in);
	return 0;
}

static int answer(char **arg, int n)
{
	const char *what = arg[0];

	if (strcmp(what, "hello") == 0 && n == 1)
		return hello();
	if (strcmp(what, "inside") == 0 && n >= 3)
		return inside(arg, n);
	if (strcmp(what, "drop") == 0 && n == 2) {
		uint64_t fd;
		if (parse_u64(arg[1], &fd) && fd > SOCKET && fd <= INT_MAX && close((int)fd) == 0)
			return add("ok"), 0;
		return errno = EBADF, fail_at("drop");
	}
	if (pins < 0)
		return errno = EINVAL, fail_at("hello comes first");
	if (strcmp(what, "look") == 0 && n == 4)
		return look_inside(arg);
	if (strcmp(what, "registry") == 0 && n == 6 && valid_serial(arg[1]))
		return registry(arg);
	if (strcmp(what, "shm") == 0 && n == 2 && valid_serial(arg[1]))
		return shm(arg[1]);
	if ((n > 1 && !valid_serial(arg[1])) || (n > 2 && strcmp(what, "init") != 0 && !valid_pin(arg[2])))
		return errno = EINVAL, fail_at("SERIAL or NAME");
	if (strcmp(what, "pin") == 0 && n == 4)
		return pin_fd(arg[1], arg[2], arg[3]);
	if (strcmp(what, "users") == 0 && (n == 5 || n == 6))
		return users(arg, n);
	if (strcmp(what, "unpin") == 0 && (n == 2 || n == 3))
		return unpin(arg[1], n == 3 ? arg[2] : NULL);
	if (strcmp(what, "init") == 0 && (n == 4 || n == 7))
		return init(arg, n);
	if (strcmp(what, "list") == 0 && n == 1)
		return list();
	if (strcmp(what, "close") == 0 && n == 1)
		return close_pins();
	return errno = EINVAL, fail_at("unknown request");
}

/* While a request is worked on, the lock that it is under is ours too: who sent it may be killed meanwhile. */
static int answer_under(char **arg, int n)
{
	uint64_t number;
	int lock, result, err;

	if (strcmp(arg[0], "lock") != 0)
		return answer(arg, n);
	if (n < 3 || !parse_u64(arg[1], &number) || number > INT_MAX)
		return errno = EINVAL, fail_at("lock");
	lock = (int)syscall(NR_pidfd_getfd, caller, (int)number, 0);
	if (lock < 0)
		return fail_at("pidfd_getfd of the lock");
	result = answer(arg + 2, n - 2);
	err = errno;
	close(lock);
	return errno = err, result;
}

int serve(char *argument)
{
	static char request[MESSAGE];
	static const int ignored[] = {SIGCHLD, SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
	pid_t parent = getppid();
	sigset_t none;

	verb = argument;
	setsid(); /* fails only where we lead one already */
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	caller = (int)syscall(NR_pidfd_open, parent, 0);
	if (caller < 0 || getppid() != parent)
		die(EXIT_OURS, errno, "pidfd_open: the caller: it must be alive, and Linux 5.6 or newer");
	if (fcntl(SOCKET, F_SETFD, FD_CLOEXEC) < 0 || close_all_but((int[]){SOCKET, caller}, 2) < 0)
		die(EXIT_OURS, errno, "--serve: descriptor 3: expected a SEQPACKET socket");
	for (;;) {
		char *arg[ARGS];
		int n = 0, err;
		ssize_t len = recv(SOCKET, request, sizeof request, MSG_TRUNC);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			_exit(len < 0 && errno != ECONNRESET ? EXIT_OURS : 0); /* reset: the caller left with an answer unread */
		if (len <= MESSAGE && request[len - 1] == '\0')
			for (char *s = request; s < request + len && n < ARGS; s += strlen(s) + 1)
				arg[n++] = s;
		reply_len = 0;
		errno = EBADMSG;
		if (n == 0 || n == ARGS ? fail_at("request") < 0 : answer_under(arg, n) < 0) {
			err = errno;
			reply_len = 0;
			add("err");
			add_number(err);
			add(failed);
		}
		if (send_reply() < 0)
			_exit(errno == EPIPE || errno == ECONNRESET ? 0 : EXIT_OURS);
	}
}
