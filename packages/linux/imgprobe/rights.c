#include "imgprobe.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>

/* Each namespace that the plan enters is the one that we are in. */
static void namespaces(void)
{
	static const char *const types[] = {"user", "net", "pid", "uts", "ipc", "cgroup", "time"};
	char key[16], path[32];
	struct stat st;
	int n = 0;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		snprintf(key, sizeof key, "ns.%s", types[i]);
		if (!fact(key))
			continue;
		snprintf(path, sizeof path, "/proc/self/ns/%s", types[i]);
		if (stat(path, &st) < 0)
			na("%s: %s", path, why(errno));
		if (st.st_ino != need_number(key))
			fail("in another %s namespace than the image's", types[i]);
		n++;
	}
	if (n == 0)
		na("the image has none of its own");
	pass("%d, all of them the image's", n);
}

/* A group of the machine's that we are still in opens files outside, and has no number here. */
static void groups(void)
{
	gid_t list[1024];
	int n = getgroups(1024, list);
	char map[256];
	bool mapped = slurp("/proc/self/gid_map", map, sizeof map) && !strstr(map, "4294967295");

	if (n < 0)
		na("getgroups: %s", why(errno));
	if (mapped && n > 0)
		for (int i = 0; i < n; i++)
			if (list[i] == 65534)
				fail("in a group that has no number here: one of the machine's");
	pass(n == 0 ? "in none" : "%d, all of them known here", n);
}

static void setgroups_file(void)
{
	char map[256], now[16];

	if (!slurp("/proc/self/uid_map", map, sizeof map))
		na("there is no /proc");
	if (strstr(map, "4294967295"))
		pass("these are the machine's own users");
	if (!slurp("/proc/self/setgroups", now, sizeof now))
		na("/proc/self/setgroups: %s", why(errno));
	if (strncmp(now, "deny", 4) != 0) {
		FILE *f = fopen("/proc/self/gid_map", "r");
		unsigned long inside, outside, count, all = 0;
		while (f && fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3)
			all += count;
		if (all <= 1)
			fail("groups can be given up, by who has only one of his own");
		pass("groups are mapped by who may");
	}
	pass("deny");
}

static bool caps_of(struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capget, &head, data) == 0;
}

static void inheritable(void)
{
	struct __user_cap_data_struct data[2];

	if (!caps_of(data))
		na("capget: %s", why(errno));
	if (data[0].inheritable | data[1].inheritable)
		fail("inheritable: %08x%08x", data[1].inheritable, data[0].inheritable);
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			fail("ambient: %d", cap);
	pass("none inheritable, none ambient");
}

static void bounding(void)
{
	uint64_t keep = fact("caps") ? strtoull(fact("caps"), NULL, 16) : 0x5fb, have;
	struct __user_cap_data_struct data[2];

	if (!caps_of(data))
		na("capget: %s", why(errno));
	have = data[0].permitted | (uint64_t)data[1].permitted << 32;
	for (int cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			have |= 1ULL << cap;
	if (have & ~keep)
		fail("more than the image permits: %llx", (unsigned long long)(have & ~keep));
	if (have & (1ULL << CAP_SYS_MODULE | 1ULL << CAP_SYS_RAWIO | 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_BOOT | 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_DAC_READ_SEARCH))
		fail("large ones: %llx", (unsigned long long)have);
	pass("%llx and no more", (unsigned long long)have);
}

static void no_new_privs(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		fail("setuid programs and file capabilities give privileges");
	pass("set");
}

static void filtered(void)
{
	char text[8192], *line;

	if (!slurp("/proc/self/status", text, sizeof text) || !(line = strstr(text, "\nSeccomp:")))
		na("there is no /proc");
	if (atoi(line + 9) != 2)
		fail("no system call is filtered");
	pass("there is a filter");
}

/* As a real user outside: root here must be nobody there. */
static void root_outside(void)
{
	char map[256];
	unsigned inside, outside, count;

	if (!slurp("/proc/self/uid_map", map, sizeof map) || sscanf(map, "%u %u %u", &inside, &outside, &count) != 3)
		na("there is no /proc");
	if (inside == 0 && outside == 0 && fact("rootless"))
		na("root here is the user who made the image: he was given no other numbers");
	if (inside == 0 && outside == 0)
		fail("root here is root outside");
	pass("root here is %u outside", outside);
}

/* What of the machine's root's could be overwritten by his number alone. */
static void files_of_root(void)
{
	static const char *const files[] = {"/etc/passwd", "/etc/shadow", "/usr/bin/env", "/bin/sh", "/lib/ld-linux.so.2", "/lib64/ld-linux-x86-64.so.2", "/sbin/init"};
	int met = 0;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		int fd = open(files[i], O_WRONLY | O_CLOEXEC);
		if (fd >= 0 || errno == ETXTBSY)
			fail("%s can be written", files[i]);
		met += errno != ENOENT;
	}
	pass(met ? "%s" : "there are none", why(errno));
}

const struct probe rights_probes[] = {
	{"namespaces", namespaces}, {"groups", groups}, {"setgroups", setgroups_file}, {"inheritable", inheritable}, {"capabilities", bounding}, {"no-new-privs", no_new_privs},
	{"filter", filtered}, {"root-outside", root_outside}, {"files-of-root", files_of_root}, {0},
};
