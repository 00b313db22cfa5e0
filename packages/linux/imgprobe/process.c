#include "imgprobe.h"

/* A process outside that the caller started for this: its number there, and a word in its arguments and environment. */
static void host_process(void)
{
	int pid = (int)need_number("victim");
	char path[48], text[4096];
	const char *secret = need("secret");

	if (kill(pid, 0) < 0 && errno == ESRCH)
		pass("%s", why(ESRCH));
	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	for (size_t n = slurp(path, text, sizeof text), i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	if (!strstr(text, secret)) {
		if (kill(pid, 0) < 0)
			pass("%s", why(errno)); /* not told apart from others: nothing is sent */
		pass("that number is another process here");
	}
	if (kill(pid, SIGTERM) < 0)
		fail("process %d of outside is seen: %s, not ESRCH", pid, why(errno));
	fail("process %d of outside was sent a signal", pid);
}

static const char *word;

static bool search(int pid)
{
	static const char *const files[] = {"cmdline", "environ"};
	static char text[1 << 16];
	char path[48];

	for (int f = 0; f < 2; f++) {
		size_t n;
		snprintf(path, sizeof path, "/proc/%d/%s", pid, files[f]);
		n = slurp(path, text, sizeof text);
		if (memmem(text, n, word, strlen(word)))
			fail("%s can be read, of a process outside", path);
	}
	return false;
}

static void environ_of_others(void)
{
	word = need("secret");
	each_process(search);
	pass("of no process that can be seen");
}

static struct statx our_root;

/* The same directory on another mount is another root: other things are mounted below it. */
static bool root_of(const char *path, struct statx *st)
{
	return statx(AT_FDCWD, path, 0, STATX_INO | STATX_MNT_ID, st) == 0;
}

static bool enter_root(int pid)
{
	char path[48];
	struct statx st;

	snprintf(path, sizeof path, "/proc/%d/root/", pid);
	if (root_of(path, &st) && (st.stx_ino != our_root.stx_ino || st.stx_dev_minor != our_root.stx_dev_minor || st.stx_dev_major != our_root.stx_dev_major
				   || st.stx_mnt_id != our_root.stx_mnt_id))
		fail("%s leads out of ours", path);
	return false;
}

static void roots_of_others(void)
{
	if (!root_of("/", &our_root))
		na("/: %s", why(errno));
	each_process(enter_root);
	pass("no process has another");
}

static void signals(void)
{
	char name[32];

	if (kill(1, 0) < 0)
		pass("%s", why(errno));
	if (slurp("/proc/1/comm", name, sizeof name) && strncmp(name, "imgexec", 7) == 0)
		pass("process 1 is the image's own");
	fail("the machine's process 1 could be sent one");
}

/* Files of the kernel's that are the machine's: opened for what would harm, and closed. */
static void kernel_files(void)
{
	static const struct { const char *path; int flags; } files[] = {
		{"/proc/sysrq-trigger", O_WRONLY}, {"/proc/kcore", O_RDONLY}, {"/proc/kmsg", O_RDONLY | O_NONBLOCK}, {"/proc/sys/kernel/core_pattern", O_WRONLY},
		{"/proc/sys/kernel/modprobe", O_WRONLY}, {"/proc/sys/vm/overcommit_memory", O_WRONLY}, {"/proc/sys/kernel/hotplug", O_WRONLY},
		{"/proc/sys/fs/binfmt_misc/register", O_WRONLY}, {"/proc/sys/kernel/panic", O_WRONLY}, {"/sys/kernel/uevent_helper", O_WRONLY},
		{"/sys/power/state", O_WRONLY}, {"/sys/kernel/debug/tracing/trace", O_RDONLY}, {"/dev/mem", O_RDWR}, {"/dev/kmsg", O_WRONLY}, {"/dev/port", O_RDWR},
		{"/proc/scsi/scsi", O_WRONLY}, {"/proc/acpi/wakeup", O_WRONLY},
	};
	int met = 0;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		int fd = open(files[i].path, files[i].flags | O_CLOEXEC | O_NOCTTY);
		if (fd >= 0)
			fail("%s can be opened for %s", files[i].path, (files[i].flags & O_ACCMODE) == O_RDONLY ? "reading" : "writing");
		met += errno != ENOENT;
	}
	pass(met ? "of those there are, none opens" : "there are none");
}

const struct probe process_probes[] = {
	{"host-process", host_process}, {"environ-of-others", environ_of_others}, {"roots-of-others", roots_of_others}, {"signals", signals}, {"kernel-files", kernel_files}, {0},
};
