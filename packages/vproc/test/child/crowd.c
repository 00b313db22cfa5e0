/* crowd fork|thread N: makes up to N processes or threads that stay, says how many there are and what stopped it, and stays
 * until it is killed. crowd bomb N: processes that fork, and end, and fork, never more than about N at a time. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *stay(void *unused)
{
	pause();
	return unused;
}

static int one_more(int threads)
{
	pthread_attr_t attr;
	pthread_t id;
	pid_t pid;

	if (threads) {
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, 1 << 16);
		return pthread_create(&id, &attr, stay, NULL);
	}
	pid = fork();
	if (pid == 0)
		stay(NULL);
	return pid < 0 ? errno : 0;
}

static void bomb(int most)
{
	atomic_int *alive = mmap(NULL, sizeof *alive, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	*alive = 1;
	puts("up");
	fflush(stdout);
	for (unsigned seed = (unsigned)getpid();; seed = seed * 1103515245 + (unsigned)getpid()) {
		if (*alive < most && fork() == 0)
			(*alive)++;
		if (seed % 7 == 0 && *alive > most / 2) {
			(*alive)--;
			_exit(0);
		}
		usleep(200);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0, made = 0, err = 0;

	if (n > 0 && strcmp(argv[1], "bomb") == 0)
		bomb(n);
	while (made < n && (err = one_more(strcmp(argv[1], "thread") == 0)) == 0)
		made++;
	printf("%d %s\n", made, err == 0 ? "all" : err == EAGAIN ? "EAGAIN" : strerror(err));
	fflush(stdout);
	pause();
}
