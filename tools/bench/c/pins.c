// pins FILE: enters the mount namespace that FILE is and prints what is pinned there, `SERIAL/NAME INODE` a line: what the kernel
// says, whatever the registry says. There is no program in there to do it.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct dirent *e, *p;
	struct statfs fs;
	struct stat st;
	char path[600];
	DIR *root, *dir;

	if (fd < 0 || setns(fd, CLONE_NEWNS) < 0 || !(root = opendir("/")))
		return perror("pins"), 1;
	while ((e = readdir(root))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9' || !(dir = opendir(e->d_name)))
			continue;
		while ((p = readdir(dir))) {
			snprintf(path, sizeof path, "%s/%s", e->d_name, p->d_name);
			if (p->d_name[0] != '.' && stat(path, &st) == 0 && statfs(path, &fs) == 0 && fs.f_type == 0x6e736673)
				printf("%s %llu\n", path, (unsigned long long)st.st_ino);
		}
		closedir(dir);
	}
	return 0;
}
