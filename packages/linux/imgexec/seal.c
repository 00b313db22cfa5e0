#include "imgexec.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { TREE_CLONE = 1, RDONLY = 1 };

static bool cannot_be_written(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && seals & F_SEAL_WRITE;
}

/* Whoever runs a program can open its file again as /proc/PID/exe: this one leads to no file of the caller's, and nobody can write it. */
int sealed_copy(int from)
{
	off_t at = 0;
	ssize_t n;
	int fd;

	if (cannot_be_written(from))
		return from;
	fd = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10 /* MFD_EXEC */);
	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 all of them could be executed */
		fd = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		die(EXIT_OURS, errno, "memfd_create: needs Linux 3.17, and vm.memfd_noexec below 2");
	while ((n = sendfile(fd, from, &at, 1 << 30)) > 0)
		;
	if (n < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 || dup3(fd, from, O_CLOEXEC) < 0)
		die(EXIT_OURS, errno, "the program cannot be copied into memory");
	close(fd);
	return from;
}

/* Our file on a mount of its own, read-only and in no namespace: less than a copy. -1: not here. */
static int read_only(int exe)
{
	struct { uint64_t set, clear, propagation, userns; } attr = {.set = RDONLY};
	char path[PATH_MAX];
	struct stat ours, named;
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	int tree = -1;

	/* By its name: the mount that we were executed from may be another namespace's. */
	path[n < 0 ? 0 : n] = '\0';
	if (n > 0 && (tree = (int)syscall(NR_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC)) < 0)
		return -1;
	if (tree >= 0 && fstat(exe, &ours) == 0 && fstat(tree, &named) == 0 && ours.st_ino == named.st_ino && ours.st_dev == named.st_dev
	    && syscall(NR_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr) == 0)
		return tree;
	if (tree >= 0)
		close(tree);
	return -1;
}

/* A program that an image calls /proc/self/exe is this one when we execute it; its root could then open it for writing (CVE-2019-5736). */
void seal_self(char **argv, const int *keep, int n)
{
	int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), from;
	struct statvfs fs;

	if (exe < 0)
		die(EXIT_OURS, errno, "open: /proc/self/exe: /proc must be mounted");
	if (cannot_be_written(exe) || (fstatvfs(exe, &fs) == 0 && fs.f_flag & ST_RDONLY)) {
		close(exe);
		return;
	}
	from = read_only(exe);
	if (from < 0)
		from = sealed_copy(exe);
	for (int i = 0; i < n; i++)
		if (fcntl(keep[i], F_SETFD, 0) < 0)
			die(EXIT_OURS, errno, "descriptor %d: it must stay open", keep[i]);
	syscall(SYS_execveat, from, "", argv, environ, AT_EMPTY_PATH);
	die(EXIT_OURS, errno, "execveat: imgexec: it cannot be executed from where it cannot be written");
}
