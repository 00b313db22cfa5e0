#include "imgexec.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* An ordinary user's images are made in one user namespace, in which he is root, and one mount namespace. An idle process of ours,
 * the holder, keeps them; DIR/vimage.holder says which: its pid, and its start time. That file is locked, shared, by all who are in
 * there, and looked at and changed only under the lock on DIR. */

#define NS_OWNER _IO(0xb7, 0x4)

/* Whether a filter of system calls is on this process. */
static bool filtered(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	int mode = 0;

	while (f && mode == 0 && fgets(line, sizeof line, f))
		sscanf(line, "Seccomp: %d", &mode);
	if (f)
		fclose(f);
	return mode == 2;
}

/* The kernel makes no user namespace for whoever's root is not that of the mount namespace: then no mount is seen there. */
static bool in_chroot(void)
{
	static char line[PATH_MAX + 512], at[PATH_MAX];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool root = !f, whole = true;

	while (f && !root && fgets(line, sizeof line, f)) {
		bool begins = whole;
		whole = strchr(line, '\n') != NULL;
		root = begins && sscanf(line, "%*s %*s %*s %*s %4095s", at) == 1 && strcmp(at, "/") == 0;
	}
	if (f)
		fclose(f);
	return !root;
}

static const char *reason(int err)
{
	static const struct { const char *path; char forbids; const char *why; } knobs[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", '0', "kernel.unprivileged_userns_clone is 0: only root makes user namespaces here; set it to 1, or run as root"},
		{"/proc/sys/user/max_user_namespaces", '0', "user.max_user_namespaces is 0: there are no user namespaces here; raise it, or run as root without `vir user`"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1', "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor takes the rights in a user namespace away; give imgexec a profile with `userns,` (docs/rootless.md has it), or run as root"},
	};
	char value[2];

	for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
		int fd = open(knobs[i].path, O_RDONLY | O_CLOEXEC);
		bool found = fd >= 0 && read(fd, value, 2) == 2 && value[0] == knobs[i].forbids && value[1] == '\n';
		if (fd >= 0)
			close(fd);
		if (found)
			return knobs[i].why;
	}
	if (err == ENOSPC || err == EUSERS)
		return "there are as many user namespaces as may be (user.max_user_namespaces, here or around a container), or 32 within each other; raise it, or run as root without `vir user`";
	if (err == EINVAL || err == ENOSYS)
		return "this kernel has no user namespaces (CONFIG_USER_NS); run as root";
	if (in_chroot())
		return "this process is in a chroot(2), where none is made; enter that root with pivot_root(2) instead, or run as root";
	if (filtered())
		return "a filter of system calls (seccomp) is on this process, as of a container or a sandbox; let the container have user namespaces (docker run --security-opt seccomp=FILE), or run outside of it, or as its root";
	return "a security module, or a container around this process, may forbid it; run outside of it, or as root";
}

/* Why an ordinary user gets no user namespace, or nothing in it; ERR is what the kernel said, and errno stays that. */
static const char *why_not(int err)
{
	const char *why = reason(err);

	errno = err;
	return why;
}

static void must_map(pid_t pid, const char *name, const char *text)
{
	if (write_map(pid, name, text) < 0)
		die(EXIT_OURS, errno, "user namespace: /proc/%d/%s cannot be written: %s", pid, name, why_not(errno));
}

/* The user's lines in /etc/subuid: `NAME:START:COUNT`, the first of them. */
static bool subordinate(const char *file, uid_t uid, char *start, char *count)
{
	const char *name = user_name(uid);
	char line[256], number[16];
	FILE *f = fopen(file, "re");
	bool found = false;

	snprintf(number, sizeof number, "%u", uid);
	while (f && !found && fgets(line, sizeof line, f)) {
		char *a = strchr(line, ':'), *b = a ? strchr(a + 1, ':') : NULL;
		if (!b)
			continue;
		*a++ = *b++ = '\0';
		b[strcspn(b, "\n")] = '\0';
		found = (strcmp(line, number) == 0 || (name && strcmp(line, name) == 0)) && strlen(a) < 12 && strlen(b) < 12;
		if (found) {
			strcpy(start, a);
			strcpy(count, b);
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* The machine's own set-uid programs, where they are and the user has ranges. */
static bool map_range(const char *program, const char *file, pid_t pid, unsigned id)
{
	char start[12], count[12], who[16], outside[16];
	int status;
	pid_t helper;

	if (!subordinate(file, getuid(), start, count))
		return false;
	snprintf(who, sizeof who, "%d", pid);
	snprintf(outside, sizeof outside, "%u", id);
	helper = fork();
	if (helper == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, 2);
		execlp(program, program, who, "0", outside, "1", "1", start, count, (char *)NULL);
		_exit(EXIT_NOTFOUND);
	}
	if (helper > 0 && waitpid(helper, &status, 0) == helper && status == 0)
		return true;
	dprintf(2, "imgexec: %s does not give you your numbers of %s (%s): root is the only one in your images\n", program, file,
		helper > 0 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOTFOUND ? "it is not installed; Debian: uidmap" : "run it by hand to see why");
	return false;
}

/* Whether a number is somebody's in this user namespace, by a file of user_namespaces(7). */
bool is_mapped(const char *map, unsigned id)
{
	unsigned from, count;
	char line[64];
	FILE *f = fopen(map, "re");
	bool found = !f;

	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%u %*u %u", &from, &count) == 2 && id >= from && id - from < count;
	if (f)
		fclose(f);
	return found;
}

static void map(pid_t pid)
{
	char text[32];

	/* A user without ranges is root and nobody else in there. */
	if (!map_range("newgidmap", "/etc/subgid", pid, getgid())) {
		must_map(pid, "setgroups", "deny");
		snprintf(text, sizeof text, "0 %u 1", getgid());
		must_map(pid, "gid_map", text);
	}
	if (!map_range("newuidmap", "/etc/subuid", pid, getuid())) {
		snprintf(text, sizeof text, "0 %u 1", getuid());
		must_map(pid, "uid_map", text);
	}
}

static _Noreturn void hold(int ready, int go)
{
	char c;

	if (setsid() < 0 || unshare(CLONE_NEWUSER) < 0)
		die(EXIT_OURS, errno, "user namespace: it cannot be made: %s", why_not(errno));
	prctl(PR_SET_DUMPABLE, 1); /* for the map to be written from outside */
	if (write(ready, "u", 1) != 1 || read(go, &c, 1) != 1)
		_exit(EXIT_OURS);
	prctl(PR_SET_DUMPABLE, 0);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 || unshare(CLONE_NEWNS) < 0
	    || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		die(EXIT_OURS, errno, "user namespace: nothing is permitted in it: %s", why_not(errno));
	prctl(PR_SET_DUMPABLE, 1); /* its namespaces are there for its user to join */
	if (chdir("/") < 0 || write(ready, "m", 1) != 1)
		_exit(EXIT_OURS);
	for (int fd = 0, null = open("/dev/null", O_RDWR); fd < 3; fd++)
		dup2(null, fd);
	close_all_but(NULL, 0);
	for (;;)
		pause();
}

static pid_t make_holder(void)
{
	int ready[2], go[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		die(EXIT_OURS, errno, "pipe2: no descriptor is left");
	pid = fork();
	if (pid == 0)
		hold(ready[1], go[0]);
	close(ready[1]);
	close(go[0]);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		_exit(EXIT_OURS); /* it has said why */
	map(pid);
	if (write(go[1], "g", 1) != 1 || read(ready[0], &c, 1) != 1)
		_exit(EXIT_OURS);
	close(ready[0]);
	close(go[1]);
	return pid;
}

/* Joins them; false where that is no holder (any more). */
static bool join_holder(pid_t pid, const char *start)
{
	char path[48], now[24];
	uid_t owner;
	int user, mnt;

	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	user = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
	mnt = open(path, O_RDONLY | O_CLOEXEC);
	/* Its start time afterwards: the number was not another's meanwhile. */
	if (user < 0 || mnt < 0 || ns_check(user, CLONE_NEWUSER, 0, 0) < 0 || ioctl(user, NS_OWNER, &owner) < 0 || owner != getuid()
	    || start_of(pid, now, sizeof now) < 0 || strcmp(now, start) != 0) {
		if (user >= 0)
			close(user);
		if (mnt >= 0)
			close(mnt);
		return false;
	}
	if (setns(user, CLONE_NEWUSER) < 0 || setns(mnt, CLONE_NEWNS) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		die(EXIT_OURS, errno, "user namespace: yours, of process %d, cannot be joined", pid);
	close(user);
	close(mnt);
	return true;
}

/* Our own registry's directory is DIR/vimage; the file that says who holds is beside it. */
int rootless(void)
{
	static char dir[PATH_MAX], where[PATH_MAX], cwd[PATH_MAX];
	struct stat ours, now;
	char text[64], start[24];
	int at, fd, n;
	pid_t pid;

	snprintf(dir, sizeof dir, "%s", registry_path());
	*strrchr(dir, '/') = '\0';
	snprintf(where, sizeof where, "%.4000s/vimage.holder", dir);
	at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0 || fstat(at, &ours) < 0 || ours.st_uid != getuid() || (ours.st_mode & 022))
		die(EXIT_OURS, at < 0 ? errno : EPERM, "registry: %s: it must be a directory of yours that nobody else may write", dir);
	if (!getcwd(cwd, sizeof cwd))
		strcpy(cwd, "/");
	if (flock(at, LOCK_EX) < 0)
		die(EXIT_OURS, errno, "flock: %s: it cannot be locked", dir);
	fd = open(where, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &now) < 0 || !S_ISREG(now.st_mode) || now.st_uid != getuid() || flock(fd, LOCK_SH) < 0)
		die(EXIT_OURS, fd < 0 ? errno : EPERM, "registry: %s: it must be a file of yours", where);
	n = read_all(fd, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (sscanf(text, "%d %23s", &pid, start) != 2 || !join_holder(pid, start)) {
		pid = make_holder();
		if (start_of(pid, start, sizeof start) < 0)
			die_at("the holder");
		n = snprintf(text, sizeof text, "%d %s\n", pid, start);
		if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
			die(EXIT_OURS, errno, "write: %s: it cannot be written", where);
		if (!join_holder(pid, start))
			die(EXIT_OURS, ESRCH, "user namespace: who holds it (process %d) has ended", pid);
	}
	flock(at, LOCK_UN);
	close(at);
	if (chdir(cwd) < 0 && chdir("/") < 0)
		die(EXIT_OURS, errno, "chdir: /: it cannot be entered");
	return fd;
}

/* COMMAND, as root of the user's own namespaces; the descriptor that says he is in use goes with it. */
void run_rootless(char **argv)
{
	char number[16];
	int fd;

	if (!*argv)
		die(EXIT_OURS, EINVAL, "--rootless: no command: imgexec --rootless COMMAND; imgexec --help");
	if (geteuid() == 0)
		die(EXIT_OURS, EINVAL, "--rootless: uid 0: it is for who is not root");
	fd = rootless();
	snprintf(number, sizeof number, "%d", fd);
	if (fcntl(fd, F_SETFD, 0) < 0 || setenv("VIMAGE_HOLDER", number, 1) < 0)
		die(EXIT_OURS, errno, "--rootless: descriptor %d: it must be open", fd);
	execvp(*argv, argv);
	die(errno == ENOENT ? EXIT_NOTFOUND : EXIT_NOEXEC, errno, "exec: %s: %s", *argv, strerror(errno));
}
