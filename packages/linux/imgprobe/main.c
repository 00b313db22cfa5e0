#include "imgprobe.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/wait.h>

static const struct probe *const lists[] = {
	terminal_probes, exe_probes, descriptor_probes, call_probes, root_probes, mount_probes, process_probes, rights_probes, cgroup_probes, net_probes,
};
static const char help[] =
	"usage: imgprobe [KEY=VALUE...] PROBE...\n"
	"Tries, where it runs, what must not be possible in an image, harmlessly. For each PROBE one line: name, verdict and reason, separated by tabs.\n"
	"The verdict is pass (refused, or hidden), fail (it got through) or na (it cannot be tried). KEY=VALUE: what some of them compare with.\n"
	"imgctl selftest is what calls it; imgprobe --list names the probes.\n";

static const char *current;
char **probe_facts;
static int nfacts;

static _Noreturn void say(const char *verdict, const char *fmt, va_list args)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s\t%s\t", current, verdict);

	n += vsnprintf(line + n, sizeof line - (size_t)n, fmt, args);
	if (n > (int)sizeof line - 2)
		n = sizeof line - 2;
	for (char *s = strrchr(line, '\t') + 1; s < line + n; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			*s = '?';
	line[n++] = '\n';
	_exit(write(1, line, (size_t)n) == n ? 0 : 1);
}

#define VERDICT(name, word) \
	void name(const char *fmt, ...) \
	{ \
		va_list args; \
		va_start(args, fmt); \
		say(word, fmt, args); \
	}
VERDICT(pass, "pass")
VERDICT(fail, "fail")
VERDICT(na, "na")

const char *why(int err)
{
	static char number[16];

	switch (err) {
#define E(name) case name: return #name;
	E(EPERM) E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(ENXIO) E(E2BIG) E(ENOEXEC) E(EBADF) E(EAGAIN) E(ENOMEM) E(EACCES) E(EFAULT) E(EBUSY) E(EEXIST)
	E(EXDEV) E(ENODEV) E(ENOTDIR) E(EISDIR) E(EINVAL) E(ENFILE) E(EMFILE) E(ENOTTY) E(ETXTBSY) E(EFBIG) E(ENOSPC) E(EROFS) E(EMLINK) E(EPIPE)
	E(ENAMETOOLONG) E(ENOSYS) E(ENOTEMPTY) E(ELOOP) E(ENODATA) E(EOVERFLOW) E(EUSERS) E(ENOTSOCK) E(EPROTONOSUPPORT) E(ESOCKTNOSUPPORT) E(EOPNOTSUPP)
	E(EAFNOSUPPORT) E(EADDRNOTAVAIL) E(ENETUNREACH) E(ECONNREFUSED) E(ETIMEDOUT) E(EHOSTUNREACH) E(ESTALE) E(ENOKEY)
#undef E
	}
	snprintf(number, sizeof number, "errno %d", err);
	return number;
}

const char *fact(const char *key)
{
	size_t n = strlen(key);

	for (int i = 0; i < nfacts; i++)
		if (strncmp(probe_facts[i], key, n) == 0 && probe_facts[i][n] == '=')
			return probe_facts[i] + n + 1;
	return NULL;
}

const char *need(const char *key)
{
	const char *value = fact(key);

	if (!value)
		na("nothing was said of %s", key);
	return value;
}

uint64_t need_number(const char *key)
{
	return strtoull(need(key), NULL, 10);
}

void each_process(bool (*see)(int pid))
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);
		if (pid > 0 && pid != getpid() && pid != getppid() && see(pid))
			break;
	}
	if (proc)
		closedir(proc);
}

size_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	buf[len] = '\0';
	return len;
}

static const struct probe *find(const char *name)
{
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const struct probe *probe = lists[i]; probe->name; probe++)
			if (strcmp(probe->name, name) == 0)
				return probe;
	return NULL;
}

static int attempt(const char *name)
{
	const struct probe *probe = find(name);
	int status;
	pid_t pid;

	if (!probe)
		return fprintf(stderr, "imgprobe: %s: there is no such probe; imgprobe --list\n", name), 2;
	current = name;
	pid = fork();
	if (pid == 0) {
		alarm(20);
		probe->run();
		fail("it told nothing");
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return perror("imgprobe: fork"), 1;
	if (WIFSIGNALED(status))
		printf("%s\t%s\tended by %s\n", name, WTERMSIG(status) == SIGSYS ? "pass" : "fail", strsignal(WTERMSIG(status)));
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0, first = 1;

	if (argc == 2 && strcmp(argv[1], "--euid") == 0)
		return geteuid() == 0 ? AS_ROOT : 0;
	if (geteuid() != getuid()) /* planted, and found by somebody else */
		return 1;
	if (argc == 3 && strcmp(argv[1], "--offer") == 0) {
		outer_offer(argv[2]);
		return 1;
	}
	if (argc == 2 && strcmp(argv[1], "--linger") == 0) { /* what lives in an image that is removed */
		alarm(20);
		pause();
	}
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
			for (const struct probe *probe = lists[i]; probe->name; probe++)
				puts(probe->name);
		return 0;
	}
	while (first < argc && strchr(argv[first], '='))
		first++;
	if (first == argc)
		return fputs(help, stderr), 2;
	probe_facts = argv + 1;
	nfacts = first - 1;
	while (first < argc && status == 0)
		status = attempt(argv[first++]);
	return status;
}
