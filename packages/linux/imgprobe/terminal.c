#include "imgprobe.h"

#include <sys/ioctl.h>
#include <sys/wait.h>

/* A terminal of our own, which we may do anything to: our session's, so that the kernel has no other reason to refuse. -1: none can be had. */
static int own_terminal(void)
{
	int master, slave = -1, no = 0, number;
	char path[32];
	pid_t leader = fork();

	if (leader != 0) { /* only who leads no group may begin a session */
		int status = 0;
		if (leader > 0)
			while (waitpid(leader, &status, 0) < 0 && errno == EINTR)
				;
		_exit(WEXITSTATUS(status));
	}
	setsid();
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master >= 0 && ioctl(master, TIOCSPTLCK, &no) == 0 && ioctl(master, TIOCGPTN, &number) == 0) {
		snprintf(path, sizeof path, "/dev/pts/%d", number);
		slave = open(path, O_RDWR | O_CLOEXEC);
	}
	if (slave >= 0)
		ioctl(slave, TIOCSCTTY, 0);
	return slave;
}

/* What has 1 in its upper half is the same request to the kernel, and was another to filters that compared all 64 bits. */
static void type_into(unsigned long request, const char *what)
{
	char byte[2] = {14, 0}; /* TIOCLINUX 14: blank the screen of a console; as a character it does nothing */
	int tty = own_terminal(), fd = tty >= 0 ? tty : 0;

	if (syscall(SYS_ioctl, fd, request, byte) == 0)
		fail("%s was done", what);
	if (errno == EPERM || (errno == EIO && tty >= 0))
		pass("%s", why(errno));
	fail("the kernel was asked, and said %s", why(errno));
}

static void tiocsti(void) { type_into(TIOCSTI, "typing into a terminal"); }
static void tiocsti_high(void) { type_into(TIOCSTI | 1UL << 32, "typing into a terminal"); }
static void tioclinux(void) { type_into(TIOCLINUX, "TIOCLINUX"); }
static void tioclinux_high(void) { type_into(TIOCLINUX | 1UL << 32, "TIOCLINUX"); }

/* The parent of a probe is imgprobe: the session is to have begun with it, or with one that can be seen from here. */
static void session(void)
{
	pid_t sid = getsid(0);

	if (sid == getppid())
		pass("a session of its own");
	fail("in the session of %s", sid == 0 ? "somebody who cannot be seen from here" : "another program");
}

const struct probe terminal_probes[] = {
	{"tiocsti", tiocsti}, {"tiocsti-high", tiocsti_high}, {"tioclinux", tioclinux}, {"tioclinux-high", tioclinux_high}, {"session", session}, {0},
};
