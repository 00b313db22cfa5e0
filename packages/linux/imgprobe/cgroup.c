#include "imgprobe.h"

#include <ftw.h>
#include <sys/mount.h>

static const char *wanted[4];
static char found[512];
static int met;

static int look(const char *path, const struct stat *st, int type, struct FTW *at)
{
	int fd;

	(void)st;
	if (at->level > 3)
		return FTW_SKIP_SUBTREE;
	for (int i = 0; type == FTW_F && wanted[i]; i++) {
		if (strcmp(path + at->base, wanted[i]) != 0)
			continue;
		met++;
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		close(fd);
		snprintf(found, sizeof found, "%s", path);
		return FTW_STOP;
	}
	return FTW_CONTINUE;
}

static void search(void)
{
	nftw("/sys/fs/cgroup", look, 16, FTW_PHYS | FTW_ACTIONRETVAL);
	if (*found)
		fail("%s can be opened for writing", found);
	pass(met ? "%d of them, none can be written" : "there is none", met);
}

/* Named in it is a program that the kernel runs outside, as root. */
static void release_agent(void)
{
	wanted[0] = "release_agent";
	wanted[1] = "notify_on_release";
	search();
}

static void cgroup_write(void)
{
	wanted[0] = "cgroup.procs";
	wanted[1] = "tasks";
	wanted[2] = "cgroup.subtree_control";
	search();
}

static void cgroup_mount(void)
{
	if (mount("none", "/", "cgroup", 0, "none,name=imgprobe,none=none") == 0 || (errno != EPERM && errno != EACCES))
		fail("the kernel was asked, and said %s", why(errno));
	pass("%s", why(errno));
}

const struct probe cgroup_probes[] = {{"release-agent", release_agent}, {"cgroup-write", cgroup_write}, {"cgroup-mount", cgroup_mount}, {0}};
