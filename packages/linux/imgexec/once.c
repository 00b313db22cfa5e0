#include "imgexec.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* An image for one command, in no registry: its namespaces are made for it, nothing is pinned, and they go with its processes. */

enum { MOST = 5 };

struct made { /* shared with who is in them first */
	int fd[MOST]; /* user, net, time, uts, ipc: by their steps */
	int self; /* its directory in /proc, as of the host: what it is called there we do not know */
	int err;
	char step[32];
};

static struct made *made;
static struct step *st[MOST], *user;
static int n;
static pid_t stands;

static const char *file_of(int type)
{
	return type == CLONE_NEWUSER ? "ns/user" : type == CLONE_NEWNET ? "ns/net" : type == CLONE_NEWUTS ? "ns/uts" : "ns/ipc";
}

/* The first in the new ones: opens them, in descriptors that are ours as well, stops when that is done, and waits for its end. */
static _Noreturn void stand_first(int proc, pid_t maker)
{
	int result = end_with(maker);

	if (result < 0)
		_exit(EXIT_OURS);
	result = made->self = openat(proc, "self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (result < 0)
		fail_at("open /proc/self");
	for (int i = 0; i < n && result >= 0; i++) {
		if (st[i]->type == CLONE_NEWTIME) { /* for children, as it takes no offset any more where somebody stands in it */
			result = made->fd[i] = time_new(made->self, st[i]->data);
			continue;
		}
		result = made->fd[i] = openat(made->self, file_of(st[i]->type), O_RDONLY | O_CLOEXEC);
		if (result < 0)
			fail_at("open /proc/self/ns");
		else
			result = st[i]->type == CLONE_NEWNET && st[i]->data ? loopback_up() : 0;
	}
	made->err = result < 0 ? errno : 0;
	snprintf(made->step, sizeof made->step, "%s", failed);
	raise(SIGSTOP);
	for (;;)
		pause();
}

static int write_file(const char *name, const char *text)
{
	int fd = openat(made->self, name, O_WRONLY | O_CLOEXEC), result = fd < 0 ? -1 : (int)write(fd, text, strlen(text)), err = errno;

	if (fd >= 0)
		close(fd);
	return errno = err, result < 0 ? fail_at(name) : 0;
}

/* Begins to make them, all at once, the user namespace's own being all the others. Meanwhile other things can be done. */
void once_begin(struct plan *plan, int proc)
{
	pid_t maker = getpid();
	int flags = 0;

	for (struct step *each = plan->steps; each < plan->steps + plan->nsteps; each++) {
		if (!each->use || each->kind != NEW || each->type == CLONE_NEWPID)
			continue;
		if (n == MOST || flags & each->type)
			die(EXIT_OURS, EBADMSG, "plan: a namespace is new twice");
		user = each->type == CLONE_NEWUSER ? each : user;
		flags |= each->type;
		st[n++] = each;
	}
	if (n == 0)
		return;
	made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED)
		die(EXIT_OURS, errno, "namespaces: out of memory");
	fail_at("namespaces");
	stands = (pid_t)syscall(SYS_clone, (flags & ~CLONE_NEWTIME) | CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (stands == 0)
		stand_first(proc, maker);
	if (stands < 0)
		die(EXIT_OURS, errno, "namespaces: they cannot be made");
}

/* Waits until they are there; each step becomes one that joins. */
void once_finish(void)
{
	siginfo_t state;
	int err = 0;

	if (n == 0)
		return;
	/* By its state, as it may have been killed; left as it is, so that the number stays its own. */
	if (waitid(P_PID, (id_t)stands, &state, WSTOPPED | WEXITED | WNOWAIT) < 0 || state.si_code != CLD_STOPPED)
		err = EIO;
	else if (made->err)
		err = made->err, fail_at(made->step);
	else if (user && ((user->data && write_file("setgroups", "deny") < 0) || write_file("uid_map", user->uids) < 0 || write_file("gid_map", user->gids) < 0))
		err = errno;
	kill(stands, SIGKILL);
	waitpid(stands, NULL, 0);
	errno = err;
	if (err)
		die_at("namespaces");
	for (int i = 0; i < n; i++)
		st[i]->kind = JOIN, st[i]->fd = made->fd[i];
	close(made->self);
	munmap(made, sizeof *made);
	n = 0;
}

/* Pid 1 stays here: it reaps, passes signals on, and ends as the command does, which returns. What it was called with is not for those inside. */
void once_first(char **argv)
{
	pid_t command = fork(), pid;
	sigset_t all;
	int sig, status;

	if (command == 0)
		return;
	if (command < 0)
		die(EXIT_OURS, errno, "fork: the command cannot be started");
	for (char **s = argv; s && *s && *++s;)
		memset(*s, 0, strlen(*s));
	close_all_but(NULL, 0);
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == command)
				_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		if ((sig = sigwaitinfo(&all, NULL)) > 0 && sig != SIGCHLD)
			kill(command, sig);
	}
}
