#include "imgexec.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/vfs.h>

/* What an image has made stands in mount namespaces that are its root's: he can put there what he likes, also what answers nobody.
 * Who goes there has nothing of ours but these descriptors, and is waited for no longer than this, in milliseconds. */
enum { PATIENCE = 2000, TMPFS = 0x01021994 };

struct seen {
	int pins, own, err;
};

static int to(int ns)
{
	return ns < 0 ? -1 : setns(ns, CLONE_NEWNS);
}

static int opened(const char *path, int flags)
{
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = dir < 0 ? -1 : walk(dir, path + 1, flags);

	close(dir);
	return fd;
}

static int mnt_at(const char *path)
{
	int fd = opened(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);

	if (fd >= 0 && ns_check(fd, CLONE_NEWNS, 0, 0) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* From the pins of one registry by the view of an image to those of the registry inside it. */
static int inner_pins(int from, const char *serial)
{
	const char *const places[] = {registry_path(), "/run/vimage"};
	char path[PATH_MAX];
	int fd = -1, view, in;

	snprintf(path, sizeof path, "/%s/mnt", serial);
	view = to(from) < 0 ? -1 : mnt_at(path);
	in = to(view);
	close(view);
	if (in < 0)
		return -1;
	for (size_t i = 0; i < 2 && fd < 0; i++) {
		snprintf(path, sizeof path, "%s/mnt", places[i]);
		fd = mnt_at(path);
	}
	return fd;
}

/* The directory without what may have been mounted in it, and only if it cannot but answer. */
static int own_of(const char *serial)
{
	char path[64];
	struct statfs fs;
	int tree;

	snprintf(path, sizeof path, "/%s/sub/own", serial);
	tree = view_part(path);
	if (tree >= 0 && (fstatfs(tree, &fs) < 0 || fs.f_type != TMPFS)) {
		close(tree);
		return errno = ESTALE, -1;
	}
	return tree;
}

static _Noreturn void go(struct seen *seen, int from, const char *outer, const char *inner, pid_t parent)
{
	seen->err = ECHILD; /* until it is known: we may be killed */
	if (end_with(parent) < 0 || (seen->pins = inner_pins(from, outer)) < 0 || to(seen->pins) < 0 || (seen->own = own_of(inner)) < 0)
		seen->err = errno;
	else
		seen->err = 0;
	_exit(0);
}

/* The registry inside image INNER, which was made inside image OUTER, whose pins are in the namespace `from`; pins: those in which INNER's are. */
int look(int from, const char *outer, const char *inner, int *pins)
{
	static struct seen *seen;
	pid_t parent = getpid(), pid;
	int fd;

	if (!seen && (seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
		return seen = NULL, fail_at("mmap");
	*seen = (struct seen){-1, -1, ETIMEDOUT};
	signal(SIGCHLD, SIG_DFL);
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, NULL); /* what it opens is open here, too */
	if (pid == 0)
		go(seen, from, outer, inner, parent);
	if (pid < 0)
		seen->err = errno;
	else if (!ended_within(pid, fd, PATIENCE))
		seen->err = ETIMEDOUT;
	signal(SIGCHLD, SIG_IGN);
	if (seen->err == 0)
		return *pins = seen->pins, seen->own;
	close(seen->pins);
	close(seen->own);
	return errno = seen->err, fail_at("look");
}
