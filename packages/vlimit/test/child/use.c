/* Uses what an image has. `memory MIB`: takes so much, says `all`, and ends when its input does; `spin`: says `up` and takes all the CPU time there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t bytes;
	char *at, c;

	if (argc == 2 && strcmp(argv[1], "spin") == 0) {
		puts("up");
		fflush(stdout);
		for (;;)
			__asm__ volatile("");
	}
	if (argc != 3 || strcmp(argv[1], "memory") != 0)
		return 2;
	bytes = (size_t)atoi(argv[2]) << 20;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return 3;
	for (size_t i = 0; i < bytes; i += 4096)
		at[i] = 1;
	puts("all");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
