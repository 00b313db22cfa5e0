// drive WARMUP ROUNDS --next PROGRAM ARG... --next PROGRAM ARG...
// Runs the programs one after the other, A B A B, each to its end, and prints how many nanoseconds each took: a line per round.
// Every program is started in the same way (posix_spawn); one that does not exit with 0 ends it all.
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long run(char **argv, const posix_spawn_file_actions_t *files)
{
	long long from = now();
	int status, err;
	pid_t pid;

	err = posix_spawn(&pid, argv[0], files, NULL, argv, environ);
	if (err != 0) {
		fprintf(stderr, "drive: %s: %s\n", argv[0], strerror(err));
		exit(1);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "drive: %s %s: wait status %#x\n", argv[0], argv[1] ? argv[1] : "", status);
		exit(1);
	}
	return now() - from;
}

int main(int argc, char **argv)
{
	char **commands[16];
	int n = 0, warmup = argc > 2 ? atoi(argv[1]) : 0, rounds = argc > 2 ? atoi(argv[2]) : 0;
	posix_spawn_file_actions_t files;

	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "--next") == 0 && n < 16) {
			argv[i] = NULL;
			commands[n++] = argv + i + 1;
		}
	if (n == 0 || rounds < 1)
		return fprintf(stderr, "usage: drive WARMUP ROUNDS --next PROGRAM ARG... --next ...\n"), 2;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, 0, 1);
	for (int round = -warmup; round < rounds; round++)
		for (int i = 0; i < n; i++) {
			long long took = run(commands[i], &files);
			if (round >= 0)
				printf("%lld%c", took, i == n - 1 ? '\n' : ' ');
		}
	return fflush(stdout) == 0 ? 0 : 1;
}
