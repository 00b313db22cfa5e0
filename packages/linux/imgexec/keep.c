#include "imgexec.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Writes down, in the image's directory, one from whom descent counts: members/PID, with its start and what it is. */
int member_add(int image, pid_t pid, const char *mark)
{
	char name[32], line[64], start[24];
	int dir, fd, n, result = -1, err = 0;

	if (start_of(pid, start, sizeof start) < 0)
		return -1;
	if (mkdirat(image, "members", 0700) < 0 && errno != EEXIST)
		return fail_at("mkdir members");
	dir = openat(image, "members", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return fail_at("open members");
	snprintf(name, sizeof name, "%d", pid);
	n = snprintf(line, sizeof line, "%s %s\n", start, mark);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, line, (size_t)n) == n)
		result = 0;
	else
		err = errno;
	if (result < 0 && fd >= 0)
		unlinkat(dir, name, 0);
	if (fd >= 0)
		close(fd);
	close(dir);
	return result < 0 ? (errno = err, fail_at("write members")) : 0;
}

static void member_remove(int image)
{
	char name[48];

	snprintf(name, sizeof name, "members/%d", getpid());
	unlinkat(image, name, 0);
}

/* Takes in every orphan, so that all who live in the image descend from here; ends with the last of them. */
static _Noreturn void reap_all(int image, int events, pid_t command, bool die_with_parent)
{
	int status, signal;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG | (command ? WUNTRACED : 0))) > 0) {
			if (pid != command)
				continue;
			if (write(events, &status, sizeof status) < 0 || !WIFSTOPPED(status))
				close(events), command = 0; /* it has ended, or nobody waits for it any more */
		}
		if (pid < 0 && errno == ECHILD)
			break;
		if (sigwait(&set, &signal) == 0 && signal == SIGUSR1 && die_with_parent && command)
			kill(command, SIGKILL);
	}
	member_remove(image);
	_exit(0);
}

void keeper_begin(int image, bool die_with_parent)
{
	pid_t parent = getppid();

	if (setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || (die_with_parent && prctl(PR_SET_PDEATHSIG, SIGUSR1) < 0))
		die(EXIT_OURS, errno, "prctl: PR_SET_CHILD_SUBREAPER: it must be permitted");
	if (getppid() != parent)
		_exit(128 + SIGKILL);
	if (member_add(image, getpid(), "keeper") == 0)
		return;
	if (errno == ENOSPC)
		die(EXIT_OURS, errno, "%s: the registry, %s, is full: make room in it", failed, registry_path());
	die_at("members");
}

void keeper(int image, int events, bool die_with_parent)
{
	int kept[2] = {image < events ? image : events, image < events ? events : image};
	pid_t command = fork();

	if (command < 0) {
		fail_at("fork");
		no_process();
	}
	if (command == 0)
		return;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (write(events, &command, sizeof command) != sizeof command || close_all_but(kept, 2) < 0 || chdir("/") < 0)
		_exit(EXIT_OURS);
	reap_all(image, events, command, die_with_parent);
}
