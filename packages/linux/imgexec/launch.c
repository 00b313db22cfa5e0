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
static int caller;

static int reply(const char *kind, long number)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%s%c%ld", kind, 0, number) + 1;

	return send(SOCKET, text, (size_t)n, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* In a process of its own: imgexec as it would have been executed, with the caller's descriptors. */
static _Noreturn void begin(const uint64_t fd[3], mode_t mask, const char *cwd, int argc, char **argv, char **env)
{
	struct options o;
	sigset_t none;

	for (int i = 0; i < 3; i++) {
		int got = (int)syscall(NR_pidfd_getfd, caller, (int)fd[i], 0);
		if (got < 0 || dup2(got, i) < 0)
			_exit(NOT_DIRECT);
		close(got);
	}
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(mask);
	if (chdir(cwd) < 0 && chdir("/") < 0)
		_exit(NOT_DIRECT);
	environ = env;
	parse_command(argc, argv, &o);
	o.direct = started;
	enter(&o);
}

/* run FD0 FD1 FD2 UMASK CWD ARGC ARG... ENV...: what imgexec would be called with, from argv[0] on. */
static int run(int n)
{
	uint64_t fd[3], mask, argc;
	int status;
	pid_t pid;

	for (int i = 0; i < 3; i++)
		if (!parse_u64(word[1 + i], &fd[i]) || fd[i] > INT_MAX)
			return reply("err", EINVAL);
	if (!parse_u64(word[4], &mask) || !parse_u64(word[6], &argc) || argc < 2 || argc > (uint64_t)n - 7)
		return reply("err", EINVAL);
	memmove(word + 7 + argc + 1, word + 7 + argc, (size_t)(n - 7 - (int)argc + 1) * sizeof *word);
	word[7 + argc] = NULL; /* between arguments and environment, as behind it */
	*started = 0;
	pid = fork();
	if (pid == 0)
		begin(fd, (mode_t)mask, word[5], (int)argc, word + 7, word + 7 + argc + 1);
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
	started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (caller < 0 || getppid() != parent || started == MAP_FAILED)
		die(EXIT_OURS, errno, "pidfd_open: the caller: it must be alive, and Linux 5.6 or newer");
	if (fcntl(SOCKET, F_SETFD, FD_CLOEXEC) < 0 || close_all_but((int[]){SOCKET, caller}, 2) < 0)
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
