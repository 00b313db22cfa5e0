// floor BATCH TIMES: makes BATCH network images and removes them, TIMES times over, and prints the nanoseconds that took.
// It is the system calls of the library and of imgexec --serve for `create` and `destroy` of an image with `vir net`, in their order
// and with their arguments, and nothing else: no pairs are parsed, no tree is kept, nothing is checked but that each call succeeds.
// What the job does not need is not here, whatever the library does: an image without nat has no rules, and nobody to be looked for.
// Two processes, as there: the second stands in the pins' mount namespace and is asked over a socket. See docs/bench.md.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOME "/run/vimage-floor"
#define NSFS 0x6e736673
#define NS_TYPE _IO(0xb7, 0x3)
#define NS_ID _IOR(0xb7, 13, uint64_t)
enum { PIDFD_GETFD = 438, PIDFD_OPEN = 434 };

static const char generation[] = "00000000-0000-0000-0000-000000000000 00000000000000000000 00000000000000000000\n";
static char text[1 << 16];
static int host, root_lock, count_fd, asked, parent_pidfd;
static const char *cgroup, *pids_cgroup;

struct image {
	char serial[24], name[16], dir[96], home[96];
	int net, lock;
	uint64_t id;
	struct stat st;
};

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

#define must(call) ({ __typeof__(call) result_ = (call); if (result_ == (__typeof__(call))-1) die(#call); result_; })
#define refused(call, error) do { if ((call) != -1 || errno != (error)) die(#call ": expected " #error); } while (0)

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void stat_path(const char *path)
{
	struct statx st;
	must(statx(AT_FDCWD, path, 0, STATX_ALL, &st));
}

static void stat_fd(int fd)
{
	struct statx st;
	must(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &st));
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
	must(write(fd, bytes, n));
	close(fd);
}

// The root lock, then what the registry holds.
static void lock_root(void)
{
	must(flock(root_lock, LOCK_EX | LOCK_NB));
	stat_path(HOME "/lock");
	stat_fd(root_lock);
	must(pread(count_fd, text, 80, 0));
	stat_path(HOME "/mnt");
}

static void lock_image(struct image *im, const char *path)
{
	im->lock = must(open(path, O_RDWR | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0600));
	must(flock(im->lock, LOCK_EX | LOCK_NB));
}

static void count(void)
{
	must(pwrite(count_fd, generation, sizeof generation - 1, 0));
}

static void still_alive(void)
{
	struct pollfd p = {asked, POLLIN, 0};

	if (poll(&p, 1, 0) != 0)
		die("the second process has ended");
}

// A question is sent, and its answer taken where it is needed.
static void post(const char *question, int n)
{
	must(send(asked, question, (size_t)n, MSG_NOSIGNAL));
}

static void settle(void)
{
	struct pollfd p = {asked, POLLIN, 0};

	if (poll(&p, 1, 20000) != 1 || recv(asked, text, sizeof text, MSG_TRUNC | MSG_DONTWAIT) != 3 || memcmp(text, "ok", 3) != 0)
		die("the second process");
}

// The loopback device, by the oldest way: the kernel lets go of the stack as soon as such a socket is closed.
static void lo_up(void)
{
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = must(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	must(ioctl(fd, SIOCSIFFLAGS, &up));
	close(fd);
}

static void create(struct image *im, int number)
{
	static const char plan[500];
	char path[128];
	int n;

	lock_root();
	sprintf(im->serial, "%lld", now());
	sprintf(im->name, "n%d", number);
	sprintf(im->dir, HOME "/img/.new-%s", im->serial);
	sprintf(im->home, HOME "/img/%s", im->name);
	must(mkdir(im->dir, 0700));
	sprintf(path, "%s/lock", im->dir);
	lock_image(im, path);
	must(pwrite(im->lock, plan, 174, 0));

	must(unshare(CLONE_NEWNET));
	lo_up();
	im->net = must(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
	must(ioctl(im->net, NS_TYPE));
	must(fstat(im->net, &im->st));
	im->id = 0;
	ioctl(im->net, NS_ID, &im->id);
	must(setns(host, CLONE_NEWNET));

	n = sprintf(text, "lock %d pin %s net %d", im->lock, im->serial, im->net);
	for (char *s = text; s < text + n; s++)
		if (*s == ' ')
			*s = '\0';
	post(text, n + 1);

	count();
	sprintf(path, "%s/pairs", im->dir);
	write_file(path, plan, 30);
	sprintf(path, "%s/plan", im->dir);
	write_file(path, plan, sizeof plan);
	settle();
	must(rename(im->dir, im->home));
	close(im->lock);
	count();
	must(flock(root_lock, LOCK_UN));
}

static void no_journal(const char *dir)
{
	char path[128];

	sprintf(path, "%s/journal", dir);
	refused(access(path, F_OK), ENOENT);
}

// Whether the namespace is still there though nobody of ours holds it.
static void is_gone(struct image *im)
{
	struct { struct file_handle h; struct { uint64_t id; uint32_t type, ino; } ns; } handle = {
		{.handle_bytes = 16, .handle_type = 0xf1}, {im->id, CLONE_NEWNET, (uint32_t)im->st.st_ino},
	};

	if (im->id)
		refused(open_by_handle_at(host, &handle.h, O_RDONLY | O_CLOEXEC), ESTALE);
}

static void empty_dir(const char *dir)
{
	char path[400];
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		die(dir);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
			must(unlink(path));
		}
	closedir(d);
	must(rmdir(dir));
}

static void destroy(struct image *im)
{
	char path[128], hidden[128];
	int n;

	lock_root();
	sprintf(path, "%s/plan", im->home);
	sprintf(hidden, "%s/%s/procs", cgroup, im->serial);
	refused(access(hidden, F_OK), ENOENT);
	no_journal(im->home);
	count();
	sprintf(hidden, "%s/plan.removing", im->home);
	must(rename(path, hidden));
	sprintf(path, "%s/lock", im->home);
	lock_image(im, path);
	stat_path(path);
	stat_fd(im->lock);
	no_journal(im->home);

	close(im->net);
	still_alive();
	sprintf(im->dir, HOME "/dying/%s", im->serial);
	must(rename(im->home, im->dir));
	n = sprintf(text, "unpin %s", im->serial);
	text[5] = '\0';
	post(text, n + 1);
	sprintf(path, "%s/%s", cgroup, im->serial);
	refused(access(path, F_OK), ENOENT);
	sprintf(path, "%s/%s", pids_cgroup, im->serial);
	refused(access(path, F_OK), ENOENT);
	no_journal(im->dir);
	settle();
	is_gone(im);

	empty_dir(im->dir);
	close(im->lock);
	count();
	must(flock(root_lock, LOCK_UN));
}

static void pin(int lock, const char *serial, int number)
{
	char dir[32], path[64], from[32];
	struct statfs fs;
	int held = (int)must(syscall(PIDFD_GETFD, parent_pidfd, lock, 0)), fd = (int)must(syscall(PIDFD_GETFD, parent_pidfd, number, 0)), file;

	must(fstatfs(fd, &fs));
	snprintf(dir, sizeof dir, "/%.20s", serial);
	snprintf(path, sizeof path, "/%.20s/net", serial);
	must(mkdir(dir, 0700));
	file = must(open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0));
	must(fstatfs(file, &fs));
	close(file);
	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	must(mount(from, path, NULL, MS_BIND, NULL));
	close(fd);
	close(held);
}

static void unpin(const char *serial)
{
	char dir[32], path[300];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof dir, "/%.20s", serial);
	d = opendir(dir);
	if (!d)
		die(dir);
	must(flock(dirfd(d), LOCK_EX));
	while ((e = readdir(d)))
		if (e->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
			must(umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW));
			refused(umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW), EINVAL);
			must(unlink(path));
		}
	must(rmdir(dir));
	closedir(d);
	refused(rmdir(dir), ENOENT);
}

static void serve(int fd)
{
	for (;;) {
		static char request[1 << 16];
		ssize_t n = must(recv(fd, request, sizeof request, MSG_TRUNC));

		if (n == 0)
			exit(0);
		if (strcmp(request, "lock") == 0) {
			const char *lock = request + 5, *serial = lock + strlen(lock) + 5, *number = serial + strlen(serial) + 5;

			pin(atoi(lock), serial, atoi(number));
		} else
			unpin(request + 6);
		must(send(fd, "ok", 3, MSG_NOSIGNAL));
	}
}

// The pins' mount namespace: a file system of its own, with nothing of the host's in it.
static void pins_namespace(void)
{
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("floor", HOME, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"));
	must(chdir(HOME));
	must(mkdir("proc", 0555));
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	must(syscall(SYS_pivot_root, ".", "."));
	must(umount2(".", MNT_DETACH));
	must(chdir("/"));
}

static void places(void)
{
	struct rlimit files;

	must(getrlimit(RLIMIT_NOFILE, &files));
	files.rlim_cur = files.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &files));
	must(mkdir(HOME, 0700));
	must(mkdir(HOME "/img", 0700));
	must(mkdir(HOME "/dying", 0700));
	host = must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	root_lock = must(open(HOME "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	count_fd = must(open(HOME "/generation", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	close(must(open(HOME "/mnt", O_RDWR | O_CREAT | O_CLOEXEC, 0600)));
	count();
	cgroup = access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified/vimage" : "/sys/fs/cgroup/vimage";
	pids_cgroup = access("/sys/fs/cgroup/pids", F_OK) == 0 ? "/sys/fs/cgroup/pids/vimage" : "/sys/fs/cgroup/vimage";
}

int main(int argc, char **argv)
{
	int batch = argc == 3 ? atoi(argv[1]) : 0, times = argc == 3 ? atoi(argv[2]) : 0, pair[2], status;
	struct image *images = calloc((size_t)batch + 1, sizeof *images);
	long long from;
	pid_t child;

	if (batch < 1 || times < 1 || !images)
		return fprintf(stderr, "usage: floor BATCH TIMES\n"), 2;
	places();
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	parent_pidfd = (int)must(syscall(PIDFD_OPEN, getpid(), 0));
	child = must(fork());
	if (child == 0) {
		close(pair[0]);
		pins_namespace();
		must(send(pair[1], "ok", 3, 0));
		serve(pair[1]);
	}
	close(pair[1]);
	asked = pair[0];
	if (recv(asked, text, sizeof text, 0) != 3)
		die("the second process");
	from = now();
	for (int i = 0; i < times; i++) {
		for (int n = 0; n < batch; n++)
			create(images + n, n);
		for (int n = 0; n < batch; n++)
			destroy(images + n);
	}
	printf("%lld\n", now() - from);
	close(asked);
	if (waitpid(child, &status, 0) != child || status != 0)
		return fprintf(stderr, "floor: the second process: wait status %#x\n", status), 1;
	for (int i = 0; i < 3; i++)
		must(unlink((const char *[]){HOME "/mnt", HOME "/lock", HOME "/generation"}[i]));
	must(rmdir(HOME "/img"));
	must(rmdir(HOME "/dying"));
	must(rmdir(HOME));
	return 0;
}
