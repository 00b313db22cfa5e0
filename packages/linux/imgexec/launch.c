#include "imgexec.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MESSAGE = 1 << 17, SOCKET = 3, WORDS = 1 << 14 };

extern char **environ;
static char request[MESSAGE];
static char *word[WORDS + 1];
static pid_t *started; /* in memory that we share with whoever starts a command */
static int caller, self; /* as pidfds */

static int reply(const char *kind, long number)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%s%c%ld", kind, 0, number) + 1;

	return send(SOCKET, text, (size_t)n, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* What an image for one command is cloned with; -1: the command is for another. */
static int once_flags(int argc, char **argv)
{
	uint64_t words = 0;
	int flags = 0, at = 1;

	if (strcmp(argv[1], "--once") != 0)
		return -1;
	if (argc < 3 || !parse_u64(argv[2], &words) || words > (uint64_t)argc)
		return -1;
	while (at < argc && strcmp(argv[at], "vimage-plan") != 0)
		at++;
	for (uint64_t i = 0; i + 1 < words && at + 1 < argc; i += 2, at += 2)
		if (strcmp(argv[at], "type") == 0 && strcmp(argv[at + 1], "pid") == 0)
			flags = CLONE_NEWPID;
	return flags;
}

/* In a process of its own: imgexec as it would have been executed, with the caller's descriptors. */
static _Noreturn void begin(const int fd[3], mode_t mask, const char *cwd, int argc, char **argv, char **env, bool once)
{
	struct options o;
	sigset_t none;

	for (int i = 0; i < 3; i++) {
		if (dup2(fd[i], i) < 0)
			_exit(EXIT_OURS);
		close(fd[i]);
	}
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(mask);
	if (chdir(cwd) < 0 && chdir("/") < 0)
		_exit(EXIT_OURS);
	environ = env;
	parse_command(argc, argv, &o);
	if (once)
		o.here = self;
	else
		o.direct = started;
	enter(&o);
}

/* Before who sent them closes them. */
static int take(const uint64_t number[3], int fd[3])
{
	for (int i = 0; i < 3; i++) {
		fd[i] = (int)syscall(NR_pidfd_getfd, caller, (int)number[i], 0);
		if (fd[i] < 0)
			return -1;
	}
	return 0;
}

static int start(const int fd[3], mode_t mask, int argc)
{
	char **args = word + 7, **env = args + argc + 1;
	int status, flags = once_flags(argc, args);
	pid_t pid;

	if (flags >= 0) {
		pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid == 0)
			begin(fd, mask, word[5], argc, args, env, true);
		return pid < 0 ? reply("err", errno) : reply("ok", pid);
	}
	*started = 0;
	pid = fork();
	if (pid == 0)
		begin(fd, mask, word[5], argc, args, env, false);
	if (pid < 0)
		return reply("err", errno);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return reply("err", errno);
	if (*started > 0)
		return reply("ok", *started);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_DIRECT)
		return reply("err", EOPNOTSUPP);
	return reply("ended", status);
}

/* run FD0 FD1 FD2 UMASK CWD ARGC ARG... ENV...: what imgexec would be called with, from argv[0] on. */
static int run(int n)
{
	uint64_t number[3], mask, argc;
	int fd[3] = {-1, -1, -1}, result;

	for (int i = 0; i < 3; i++)
		if (!parse_u64(word[1 + i], &number[i]) || number[i] > INT_MAX)
			return reply("err", EINVAL);
	if (!parse_u64(word[4], &mask) || !parse_u64(word[6], &argc) || argc < 2 || argc > (uint64_t)n - 7)
		return reply("err", EINVAL);
	memmove(word + 7 + argc + 1, word + 7 + argc, (size_t)(n - 7 - (int)argc + 1) * sizeof *word);
	word[7 + argc] = NULL; /* between arguments and environment, as behind it */
	result = take(number, fd) < 0 ? reply("err", EOPNOTSUPP) : start(fd, (mode_t)mask, (int)argc);
	for (int i = 0; i < 3; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return result;
}

/* wait PID: the status of one that has ended; until then its number is nobody else's. */
static int wait_for(const char *number)
{
	uint64_t pid;
	int status;

	if (!parse_u64(number, &pid) || pid > INT_MAX)
		return reply("err", EINVAL);
	while (waitpid((pid_t)pid, &status, 0) < 0)
		if (errno != EINTR)
			return reply("err", errno);
	return reply("ok", status);
}

/* A child of the process that starts many commands: it is small, so that a copy of it is made at once. Ends at end of file. */
int launch(void)
{
	static const int ignored[] = {SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
	pid_t parent = getppid();

	setsid();
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	caller = (int)syscall(NR_pidfd_open, parent, 0);
	self = (int)syscall(NR_pidfd_open, getpid(), 0);
	started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (caller < 0 || self < 0 || getppid() != parent || started == MAP_FAILED)
		die(EXIT_OURS, errno, "pidfd_open: the caller: it must be alive, and Linux 5.6 or newer");
	if (fcntl(SOCKET, F_SETFD, FD_CLOEXEC) < 0 || close_all_but((int[]){SOCKET, caller, self}, 3) < 0)
		die(EXIT_OURS, errno, "--launch: descriptor 3: expected a SEQPACKET socket");
	for (;;) {
		int n = 0, result;
		ssize_t len = recv(SOCKET, request, sizeof request, MSG_TRUNC);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			_exit(len < 0 && errno != ECONNRESET ? EXIT_OURS : 0);
		if (len <= MESSAGE && request[len - 1] == '\0')
			for (char *s = request; s < request + len && n < WORDS - 1; s += strlen(s) + 1)
				word[n++] = s;
		word[n] = NULL;
		if (n >= 9 && n < WORDS - 1 && strcmp(word[0], "run") == 0)
			result = run(n);
		else if (n == 2 && strcmp(word[0], "wait") == 0)
			result = wait_for(word[1]);
		else
			result = reply("err", EBADMSG);
		if (result < 0)
			_exit(errno == EPIPE || errno == ECONNRESET ? 0 : EXIT_OURS);
	}
}
