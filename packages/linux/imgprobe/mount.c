#include "imgprobe.h"

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

enum { PROC = 0x9fa0, SYSFS = 0x62656572, NR_listmount = 458 };

/* A directory with files of the image's own would take what is written for the kernel, and could show anything. */
static void procfs(void)
{
	static const char *const files[] = {"/proc/self/status", "/proc/self/attr/current", "/proc/self/mountinfo", "/proc/self/ns/mnt"};
	struct statfs fs;
	char line[64];

	if (statfs("/proc/self/stat", &fs) < 0)
		na("there is no /proc: %s", why(errno));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		int fd = open(files[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != PROC))
			fail("%s is no file of procfs", files[i]);
		close(fd);
	}
	if (readlink("/proc/self", line, sizeof line) <= 0 || atoi(line) != getpid())
		fail("/proc is of another process table");
	pass("the kernel's, of our own process table");
}

static void each_fact(const char *key, void (*use)(const char *path))
{
	size_t n = strlen(key);

	for (char **s = probe_facts; strchr(*s, '='); s++)
		if (strncmp(*s, key, n) == 0 && (*s)[n] == '=')
			use(*s + n + 1);
}

/* Where that is permitted, in a copy of the view, so that nothing is lost in the view itself. */
static void into_a_copy(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int covered;

static void try_cover(const char *path)
{
	char inner[600];
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	covered++;
	if (umount2(path, MNT_DETACH) == 0)
		fail("%s: what covers it can be taken away", path);
	if (rename(path, "/.imgprobe") == 0)
		fail("%s can be moved away", path);
	if (S_ISDIR(st.st_mode)) {
		snprintf(inner, sizeof inner, "%s/.imgprobe", path);
		if (mkdir(inner, 0700) == 0) {
			rmdir(inner);
			fail("%s can be written in", path);
		}
		if (open(path, O_RDONLY | O_DIRECTORY) >= 0) {
			snprintf(inner, sizeof inner, "%s/img", path);
			if (lstat(inner, &st) == 0)
				fail("%s shows what it is to cover", path);
		}
	} else if (open(path, O_WRONLY) >= 0)
		fail("%s can be written", path);
}

static void covers(void)
{
	into_a_copy();
	each_fact("mask", try_cover);
	each_fact("cover", try_cover);
	if (covered == 0)
		na("nothing is covered in this image");
	pass("%d, none can be taken away, moved or written", covered);
}

/* Of what is mounted read-only the flag is to stay. */
static void remount(void)
{
	struct statvfs fs;
	static const char *const places[] = {"/", "/sys", "/usr"};
	int tried = 0;

	into_a_copy();
	for (int i = 0; i < 3; i++)
		if (statvfs(places[i], &fs) == 0 && fs.f_flag & ST_RDONLY) {
			tried++;
			if (mount(NULL, places[i], NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
				fail("%s could be made writable", places[i]);
		}
	if (tried == 0)
		na("nothing is read-only here");
	pass("%s", why(errno));
}

/* The kernel tells of mounts below our root only; among them is to be none of where images are kept. */
static void mountinfo(void)
{
	static char text[1 << 18];
	const char *registry = need("registry");
	char *rest = text, *line;
	int lines = 0;

	if (!slurp("/proc/self/mountinfo", text, sizeof text))
		na("there is no /proc");
	while ((line = strsep(&rest, "\n")) && *line) {
		char root[512], at[512], type[64], *more = strstr(line, " - ");
		lines++;
		if (sscanf(line, "%*s %*s %*s %511s %511s", root, at) != 2 || !more || sscanf(more + 3, "%63s", type) != 1)
			continue;
		if (strcmp(type, "nsfs") == 0)
			fail("a namespace is mounted at %s", at);
		if (strncmp(root, registry, strlen(registry)) == 0 && strncmp(at, registry, strlen(registry)) != 0 && strncmp(at, "/etc/", 5) != 0)
			fail("%s shows something of the registry: %s", at, root);
	}
	pass("%d mounts, nothing of the registry", lines);
}

static void listmount(void)
{
	struct { uint32_t size, spare; uint64_t id, last, ns; } ask = {.size = 24, .id = ~0ULL};
	uint64_t ids[4096];
	static char text[1 << 18];
	long n = syscall(NR_listmount, &ask, ids, 4096, 0);
	int lines = 0;

	if (n < 0)
		pass("%s", why(errno));
	if (!slurp("/proc/self/mountinfo", text, sizeof text))
		na("there is no /proc to compare with");
	for (char *s = text; *s; s++)
		lines += *s == '\n';
	if (n > lines)
		fail("it tells of %ld mounts, where %d are ours", n, lines);
	pass("no more than mountinfo");
}

/* Where the registry is outside: nothing of it, and nothing that could be taken for one. */
static void registry_hidden(void)
{
	const char *registry = need("registry");
	char path[512];
	struct stat st;

	snprintf(path, sizeof path, "%s/img", registry);
	if (lstat(path, &st) == 0)
		fail("%s can be seen", path);
	if (mkdir(path, 0700) == 0) {
		rmdir(path);
		fail("%s can be made: a registry of false images", path);
	}
	snprintf(path, sizeof path, "%s/mnt", registry);
	if (lstat(path, &st) == 0 && st.st_size == 0)
		fail("the pins' mount can be seen");
	pass("%s", why(ENOENT));
}

const struct probe mount_probes[] = {
	{"procfs", procfs}, {"covers", covers}, {"remount", remount}, {"mountinfo", mountinfo}, {"listmount", listmount}, {"registry", registry_hidden}, {0},
};
