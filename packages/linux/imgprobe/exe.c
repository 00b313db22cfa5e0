#include "imgprobe.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <time.h>

/* Reopening it for writing is what CVE-2019-5736 does. */
static bool writable(int exe)
{
	char again[32];
	struct stat st;

	if (fstat(exe, &st) < 0 || st.st_nlink == 0) /* a copy in memory */
		return false;
	snprintf(again, sizeof again, "/proc/self/fd/%d", exe);
	return access(again, W_OK) == 0; /* to open it would fail while somebody runs it, and only then */
}

static void own_exe(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);

	if (fd < 0)
		na("/proc/self/exe: %s", why(errno));
	if (seals >= 0 && seals & F_SEAL_WRITE)
		pass("a sealed copy");
	if (writable(fd))
		fail("the file of this program can be overwritten");
	pass("%s", why(errno));
}

static bool called(int pid, const char *name)
{
	char path[32], comm[32];

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	return slurp(path, comm, sizeof comm) && strcmp(comm, name) == 0;
}

static int seen;

static int open_of(int pid, const char *what, int flags)
{
	char path[340];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
	return open(path, flags | O_CLOEXEC);
}

static void reach_exe(int pid)
{
	int fd = open_of(pid, "exe", O_PATH);

	if (fd >= 0 && writable(fd))
		fail("imgexec can be overwritten by way of /proc/%d/exe", pid);
	if (fd >= 0)
		close(fd);
}

/* What is executed here is a copy in memory, which has no name: whoever has become that is no imgexec any more, though called so for a moment. */
static bool still_imgexec(int pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	if (stat(path, &st) == 0)
		return st.st_nlink > 0;
	return errno != ENOENT && errno != ESRCH;
}

static void look_into(int pid, const char *what, int flags)
{
	int fd = open_of(pid, what, flags);

	if (fd < 0)
		return;
	close(fd);
	if (still_imgexec(pid))
		fail("/proc/%d/%s of imgexec can be opened", pid, what);
}

/* That there are descriptors root may see; to open one takes more. */
static void look_into_descriptors(int pid)
{
	char name[300];
	struct dirent *entry;
	int dir = open_of(pid, "fd", O_RDONLY | O_DIRECTORY);
	DIR *list = dir < 0 ? NULL : fdopendir(dir);

	while (list && (entry = readdir(list)))
		if (*entry->d_name != '.') {
			snprintf(name, sizeof name, "fd/%s", entry->d_name);
			look_into(pid, name, O_PATH);
		}
	if (list)
		closedir(list);
}

static bool reach_into(int pid)
{
	char byte;
	struct iovec mine = {&byte, 1}, its = {(void *)0x400000, 1};

	if (!called(pid, "imgexec\n"))
		return false;
	seen++;
	reach_exe(pid);
	look_into_descriptors(pid);
	look_into(pid, "root", O_PATH);
	look_into(pid, "cwd", O_PATH);
	look_into(pid, "environ", O_RDONLY);
	look_into(pid, "mem", O_RDWR);
	if (syscall(SYS_process_vm_readv, pid, &mine, 1, &its, 1, 0) == 1 && still_imgexec(pid))
		fail("the memory of imgexec (%d) can be read", pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
		bool is = still_imgexec(pid);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		if (is)
			fail("imgexec (%d) can be traced", pid);
	}
	return false;
}

static bool reach_file(int pid)
{
	if (called(pid, "exe\n") || called(pid, "imgexec\n")) {
		seen++;
		reach_exe(pid);
	}
	return false;
}

static void imgexec(void)
{
	each_process(reach_into);
	if (seen == 0)
		pass("hidden");
	pass("none of its descriptors, memory, files");
}

static int ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)(now.tv_sec % 100000) * 1000 + (int)(now.tv_nsec / 1000000);
}

static void watch(bool (*see)(int pid))
{
	int end = ms() + (int)need_number("watch");

	while (ms() < end)
		each_process(see);
	if (seen == 0)
		na("nobody was seen to enter");
	pass("seen %d times, never open", seen);
}

/* Who is entering, all the while that the outer half has programs enter. */
static void joining(void)
{
	watch(reach_into);
}

/* The same of whoever is made to execute imgexec's own file, as /proc/self/exe. */
static void exe_of_joining(void)
{
	watch(reach_file);
}

const struct probe exe_probes[] = {{"own-exe", own_exe}, {"imgexec", imgexec}, {"joining", joining}, {"exe-of-joining", exe_of_joining}, {0}};
