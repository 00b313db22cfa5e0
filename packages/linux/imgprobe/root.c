#include "imgprobe.h"

#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* A second root below the first, left by `..` from a directory outside of it: what that reaches must still be the image's. */
static void chroot_out(void)
{
	struct stat root, at, up;
	int out = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (stat("/", &root) < 0 || out < 0)
		na("/: %s", why(errno));
	if (chroot("/proc") < 0 && chroot("/dev") < 0)
		pass("%s", why(errno));
	if (fchdir(out) < 0)
		na("fchdir: %s", why(errno));
	for (;;) {
		if (stat(".", &at) < 0 || stat("..", &up) < 0 || same(&at, &up) || chdir("..") < 0)
			break;
	}
	if (!same(&at, &root))
		fail("chroot and .. lead above our root");
	pass("chroot and .. end at our root");
}

/* Calls `use` for each directory that we can write in and that is mounted. */
static void each_writable(void (*use)(const char *dir, const struct statvfs *fs))
{
	static char text[1 << 18];
	char *rest = text, *line;

	if (!slurp("/proc/self/mountinfo", text, sizeof text))
		snprintf(text, sizeof text, "0 0 0:0 / /tmp\n0 0 0:0 / /\n0 0 0:0 / /dev/shm\n");
	while ((line = strsep(&rest, "\n")) && *line) {
		char dir[512];
		struct statvfs fs;
		if (sscanf(line, "%*s %*s %*s %*s %511s", dir) == 1 && statvfs(dir, &fs) == 0 && !(fs.f_flag & ST_RDONLY) && access(dir, W_OK) == 0
		    && strncmp(dir, "/proc", 5) != 0 && strncmp(dir, "/sys", 4) != 0)
			use(dir, &fs);
	}
}

static int tried, refused;

static const char *planted(const char *dir)
{
	static char path[600];

	snprintf(path, sizeof path, "%s/.imgprobe-%d", dir, getpid());
	return path;
}

static void copy_self(const char *to, mode_t mode)
{
	char block[4096];
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ssize_t n;

	while (from >= 0 && fd >= 0 && (n = read(from, block, sizeof block)) > 0 && write(fd, block, (size_t)n) == n)
		;
	if (fd >= 0 && fchmod(fd, mode) == 0)
		tried++;
	close(from);
	close(fd);
}

static void plant_setuid(const char *dir, const struct statvfs *fs)
{
	char path[600];
	int status = 0;
	pid_t pid;

	snprintf(path, sizeof path, "%s", planted(dir));
	copy_self(path, 04755);
	pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(0);
		execl(path, "imgprobe", "--euid", NULL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	unlink(path);
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == AS_ROOT)
		fail("a setuid program in %s made another user root", dir);
	(void)fs;
}

static void setuid_file(void)
{
	each_writable(plant_setuid);
	if (tried == 0)
		pass("nowhere to plant one");
	pass("it gives nothing");
}

static void check_flags(const char *dir, const struct statvfs *fs)
{
	tried++;
	if (!(fs->f_flag & ST_NOSUID))
		fail("%s can be written and is not mounted nosuid", dir);
}

static void nosuid(void)
{
	each_writable(check_flags);
	pass(tried ? "what can be written is mounted nosuid" : "nothing can be written");
}

/* 1:3 is what /dev/null is: it could be /dev/mem or a disk as well. */
static void plant_device(const char *dir, const struct statvfs *fs)
{
	const char *path = planted(dir);
	int fd;

	(void)fs;
	if (mknod(path, S_IFCHR | 0666, makedev(1, 3)) < 0)
		return;
	tried++;
	fd = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	if (fd >= 0)
		fail("a device file made in %s works", dir);
}

static void device(void)
{
	each_writable(plant_device);
	pass(tried ? "it cannot be opened" : "none can be made");
}

static void plant_xattr(const char *dir, const struct statvfs *fs)
{
	static const char *const names[] = {"trusted.overlay.redirect", "trusted.overlay.opaque", "security.capability"};
	const struct { uint32_t magic, permitted, inheritable, more[2]; } caps = {0x02000001, 1U << 21, 0, {0, 0}};
	const char *path = planted(dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), done = -1;

	(void)fs;
	if (fd < 0)
		return;
	tried++;
	for (int i = 0; i < 3 && done < 0; i++)
		if (fsetxattr(fd, names[i], i == 2 ? (const void *)&caps : "/etc", i == 2 ? sizeof caps : 4, 0) == 0)
			done = i;
	refused = errno;
	close(fd);
	unlink(path);
	if (done >= 0)
		fail("%s can be set on a file in %s", names[done], dir);
}

static void xattr(void)
{
	each_writable(plant_xattr);
	if (tried == 0)
		pass("nothing can be written");
	pass("%s", why(refused));
}

const struct probe root_probes[] = {
	{"chroot", chroot_out}, {"setuid-file", setuid_file}, {"nosuid", nosuid}, {"device-file", device}, {"xattr", xattr}, {0},
};
