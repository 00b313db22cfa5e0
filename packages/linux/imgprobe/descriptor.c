#include "imgprobe.h"

#include <limits.h>
#include <sys/resource.h>

static void descriptors(void)
{
	struct rlimit most;
	struct stat st;
	int end = getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur < 65536 ? (int)most.rlim_cur : 65536;

	for (int fd = 3; fd < end; fd++)
		if (fstat(fd, &st) == 0)
			fail("descriptor %d is open: %s", fd, S_ISDIR(st.st_mode) ? "a directory" : S_ISREG(st.st_mode) ? "a file" : "something");
	pass("0, 1 and 2 only");
}

/* From a directory that was left open outside, `..` does not end at our root. */
static void cwd(void)
{
	char name[PATH_MAX];
	struct stat root, at, up;

	if (syscall(SYS_getcwd, name, sizeof name) < 0 || *name != '/')
		fail("getcwd says %s", *name && *name != '/' ? name : why(errno));
	if (stat("/", &root) < 0)
		na("/: %s", why(errno));
	for (int depth = 0; depth < 4096; depth++) {
		if (stat(".", &at) < 0 || stat("..", &up) < 0)
			na("..: %s", why(errno));
		if (at.st_ino == up.st_ino && at.st_dev == up.st_dev)
			break;
		if (chdir("..") < 0)
			na("..: %s", why(errno));
	}
	if (at.st_ino != root.st_ino || at.st_dev != root.st_dev)
		fail("above %s is a directory that is not our root", name);
	pass("%s, below our root", name);
}

static void environment(void)
{
	const char *secret = need("secret");
	extern char **environ;

	for (char **s = environ; *s; s++)
		if (strstr(*s, secret))
			fail("%.*s is the caller's", (int)strcspn(*s, "="), *s);
	pass("nothing of the caller's");
}

const struct probe descriptor_probes[] = {{"descriptors", descriptors}, {"cwd", cwd}, {"environment", environment}, {0}};
