#include "imgexec.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static struct termios saved;
static bool raw;

/* Ours while it is the foreground's: a background job that changed the terminal would change it under the shell. */
static bool foreground(void)
{
	return tcgetpgrp(0) == getpgrp();
}

static void tty_raw(void)
{
	struct termios t;

	if (!foreground() || tcgetattr(0, &saved) < 0)
		return;
	t = saved;
	cfmakeraw(&t);
	raw = tcsetattr(0, TCSANOW, &t) == 0;
}

void tty_restore(void)
{
	if (raw)
		tcsetattr(0, TCSANOW, &saved);
	raw = false;
}

static void copy_size(int master)
{
	struct winsize size;

	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
			ioctl(master, TIOCSWINSZ, &size);
			return;
		}
}

/* The caller's devpts makes the pty; the image's may be another one. */
void tty_open(struct tty *tty, bool force)
{
	struct termios t;
	bool any = false;

	for (int fd = 0; fd < 3; fd++)
		any |= tty->is[fd] = force || isatty(fd);
	tty->master = tty->slave = -1;
	if (!any)
		return;
	tty->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (tty->master < 0 || ioctl(tty->master, TIOCSPTLCK, &(int){0}) < 0)
		die(EXIT_OURS, errno, "pty: /dev/ptmx: it must be openable; -T goes without a terminal of its own");
	tty->slave = ioctl(tty->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty->slave < 0)
		die(EXIT_OURS, errno, "pty: TIOCGPTPEER: the kernel gave no terminal; -T goes without one");
	copy_size(tty->master);
	if (tcgetattr(0, &t) == 0)
		tcsetattr(tty->slave, TCSANOW, &t);
	else if (isatty(1) && tcgetattr(tty->slave, &t) == 0) {
		t.c_oflag &= ~(tcflag_t)OPOST; /* the caller's terminal does that already */
		tcsetattr(tty->slave, TCSANOW, &t);
	}
}

void tty_child(struct tty *tty)
{
	if (ioctl(tty->slave, TIOCSCTTY, 0) < 0)
		die(EXIT_OURS, errno, "pty: TIOCSCTTY: the session could not have it");
	for (int fd = 0; fd < 3; fd++)
		if (tty->is[fd] && dup2(tty->slave, fd) < 0)
			die(EXIT_OURS, errno, "pty: dup2: descriptor %d", fd);
}

struct buffer {
	size_t from, to;
	char data[16384];
};

static bool fill(struct buffer *b, int fd)
{
	ssize_t n = read(fd, b->data, sizeof b->data);

	b->from = 0;
	b->to = n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool drain(struct buffer *b, int fd)
{
	ssize_t n = write(fd, b->data + b->from, b->to - b->from);

	if (n > 0)
		b->from += (size_t)n;
	if (b->from == b->to)
		b->from = b->to = 0;
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

/* Who is stopped cannot hear that its command was killed meanwhile: a child of ours waits for that, and wakes us. */
static pid_t sentry(pid_t child)
{
	struct pollfd p = {(int)syscall(NR_pidfd_open, child, 0), POLLIN, 0};
	pid_t pid = p.fd < 0 ? -1 : fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (poll(&p, 1, -1) < 0)
			;
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	if (p.fd >= 0)
		close(p.fd);
	return pid;
}

static void stop_with(const struct child *child)
{
	bool was_raw = raw;
	pid_t waker = sentry(child->pid);

	tty_restore();
	kill(getpid(), SIGSTOP);
	if (was_raw)
		tty_raw();
	if (!child->own_session || kill(-child->pid, SIGCONT) < 0)
		kill(child->pid, SIGCONT);
	if (waker > 0) {
		kill(waker, SIGKILL);
		waitpid(waker, NULL, 0);
	}
}

static void forward(const struct signalfd_siginfo *info, const struct child *child, int master, bool raw_wanted)
{
	int sig = (int)info->ssi_signo;

	if (sig == SIGCHLD)
		return;
	if (sig == SIGCONT && raw_wanted && !raw)
		tty_raw();
	if (sig == SIGWINCH && master >= 0)
		copy_size(master); /* the kernel tells who is in front there */
	else if (child->own_session && (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU))
		kill(-child->pid, SIGSTOP); /* nobody in that session could stop it otherwise; we stop when it has */
	else if (child->own_session || info->ssi_code != SI_KERNEL)
		kill(child->pid, sig); /* what the terminal sends to a shared group the child has got already */
}

/* Whether there is a new status of the command: from the kernel, or from its keeper. */
static bool changed(const struct child *child, int *status)
{
	ssize_t n;

	if (child->events < 0)
		return waitpid(child->pid, status, WNOHANG | WUNTRACED) == child->pid;
	n = read(child->events, status, sizeof *status);
	if (n == 0)
		*status = SIGKILL; /* the keeper was killed, and the command with it */
	return n == 0 || n == sizeof *status;
}

/* Stays until the child has ended; everything is blocked meanwhile and comes through the signalfd. */
int relay(const struct child *child, const struct tty *tty)
{
	static struct buffer in, out;
	struct signalfd_siginfo info;
	int status, signals, master = tty->master, to = tty->is[1] ? 1 : tty->is[2] ? 2 : 0;
	bool from_master = master >= 0, from_stdin = from_master && tty->is[0], raw_wanted = from_stdin && isatty(0);
	sigset_t all;

	sigfillset(&all);
	signals = signalfd(-1, &all, SFD_CLOEXEC);
	if (signals < 0)
		die(EXIT_OURS, errno, "signalfd: signals cannot be passed on");
	if (raw_wanted)
		tty_raw();
	for (;;) {
		struct pollfd fds[5] = {
			{signals, POLLIN, 0},
			{master, (short)((from_master && out.to == 0 ? POLLIN : 0) | (in.to ? POLLOUT : 0)), 0},
			{from_stdin && in.to == 0 && (!raw_wanted || raw) ? 0 : -1, POLLIN, 0},
			{out.to ? to : -1, POLLOUT, 0},
			{child->events, POLLIN, 0},
		};
		bool ours = false;

		if (!from_master && in.to == 0)
			fds[1].fd = -1;
		if (poll(fds, 5, -1) < 0 && errno != EINTR)
			die(EXIT_OURS, errno, "poll: the terminal cannot be relayed");
		if (fds[2].revents && !fill(&in, 0)) {
			from_stdin = false;
			in.data[0] = 4, in.to = raw_wanted ? 0 : 1; /* the end of a pipe is ^D on a terminal */
		}
		if (fds[1].revents & POLLOUT)
			drain(&in, master);
		if (fds[1].revents & (POLLIN | POLLHUP | POLLERR) && out.to == 0)
			from_master = fill(&out, master);
		if (fds[3].revents && !drain(&out, to))
			out.from = out.to = 0, from_master = false;
		if (fds[0].revents & POLLIN && read(signals, &info, sizeof info) == sizeof info) {
			forward(&info, child, master, raw_wanted);
			ours = info.ssi_signo == SIGCHLD && child->events < 0;
		}
		if (!(ours || fds[4].revents) || !changed(child, &status))
			continue;
		if (WIFSTOPPED(status)) {
			stop_with(child);
			continue;
		}
		for (int i = 0; i < 64 && master >= 0 && (out.to || (fill(&out, master) && out.to)) && drain(&out, to); i++)
			; /* what was written before the end, not what a daemon goes on writing */
		tty_restore();
		return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}
