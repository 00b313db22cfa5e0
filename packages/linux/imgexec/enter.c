#include "imgexec.h"

#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct plan plan;
static char text[PLAN_BYTES + 1];
static struct options *opt;
static char cwd[PATH_MAX];
static char where[1024]; /* of the image, below the registry */
static int limits[PLAN_LIMITS], nlimits, registry, image, host = -1, hostproc, root, pins = -1, pindir = -1, view_fd = -1, parent_pidfd = -1;
static ino_t plan_ino;
static bool has_view, has_keeper; /* there is no cgroup */
static bool first; /* of a pid namespace for this command only */
static struct tty tty = {.master = -1, .slave = -1};
static sigset_t inherited_mask;
static struct sigaction inherited_chld;

/* The directory of the image of the first len bytes of a name. */
static size_t place_of(const char *name, size_t len)
{
	size_t n = 0;

	for (const char *s = name; s < name + len;) {
		int word = (int)strcspn(s, ".");
		n += (size_t)snprintf(where + n, sizeof where - n, "%simg/%.*s", n ? "/" : "", word, s);
		s += word + (s[word] == '.');
	}
	return n;
}

/* The command becomes imgexec, for the rest of the name, in the image that the first len bytes name. */
static void go_by_way_of(size_t len)
{
	static char outer[256], terminal[] = "-T", background[] = "-d", user[] = "-u", directory[] = "--cwd", die_too[] = "--die-with-parent",
		serial[] = "--serial", self[] = "imgexec", end[] = "--";
	size_t nargs = 0, n = 0;
	char **args;
	int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (exe < 0)
		die(EXIT_OURS, errno, "open: /proc/self/exe: /proc must be mounted");
	if (opt->program >= 0)
		die(EXIT_OURS, EOPNOTSUPP, "--exec-fd: %s was made inside another image: not for those", opt->name);
	if (opt->effective || opt->stand)
		die(EXIT_OURS, EOPNOTSUPP, "%s: it was made inside \"%.*s\": it can be acted on from there only: imgexec %.*s -- imgctl ...", opt->name, (int)len, opt->name, (int)len, opt->name);
	while (opt->argv[nargs])
		nargs++;
	args = calloc(nargs + 16, sizeof *args);
	if (!args)
		die(EXIT_OURS, ENOMEM, "%s: out of memory", opt->name);
	args[n++] = self;
	args[n++] = terminal;
	if (opt->detach)
		args[n++] = background; /* who is in there can say whether the command has started */
	if (opt->detach && opt->direct)
		_exit(NOT_DIRECT);
	if (opt->die_with_parent)
		args[n++] = die_too;
	if (opt->user)
		args[n++] = user, args[n++] = (char *)opt->user;
	if (opt->cwd)
		args[n++] = directory, args[n++] = (char *)opt->cwd;
	if (opt->serial)
		args[n++] = serial, args[n++] = (char *)opt->serial;
	args[n++] = (char *)opt->name + len + 1;
	args[n++] = end;
	memcpy(args + n, opt->argv, nargs * sizeof *args);
	snprintf(outer, sizeof outer, "%.*s", (int)len, opt->name);
	opt->name = outer;
	opt->argv = args;
	opt->user = opt->cwd = opt->serial = NULL;
	opt->tty = opt->detach ? 0 : opt->tty;
	opt->detach = false;
	opt->program = sealed_copy(exe);
}

/* All that the pins' namespace is reached from and left to. False where there is no such namespace. */
static bool find_pins(void)
{
	host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	hostproc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host < 0 || hostproc < 0 || root < 0)
		die(EXIT_OURS, errno, "open: /proc/self/ns/mnt: /proc must be mounted");
	pins = ns_open(registry, "mnt", CLONE_NEWNS, 0, 0);
	return pins >= 0;
}

static void enter_mnt(int fd, const char *what)
{
	if (setns(fd, CLONE_NEWNS) < 0 && fail_at("setns"))
		die_at(what);
}

static void leave_pins(void)
{
	enter_mnt(host, "the caller's mount namespace");
	if (fchdir(root) < 0 || chroot(".") < 0)
		die(EXIT_OURS, errno, "chroot: the caller's root: needs CAP_SYS_CHROOT");
}

/* Whether the image at `where` has a registry of those who live in it, with an image of that name. */
static bool has_inside(const char *name)
{
	char path[128];
	int dir = walk(registry, where, O_PATH | O_DIRECTORY), fd = dir < 0 ? -1 : walk(dir, "plan", O_RDONLY | O_NONBLOCK), len = fd < 0 ? -1 : read_all(fd, text, sizeof text);

	close(dir);
	close(fd);
	if (len < 0 || plan_parse(text, (size_t)len, &plan) || (pins < 0 && !find_pins()))
		return false;
	enter_mnt(pins, "the pins' namespace");
	snprintf(path, sizeof path, "%s/sub/own/img/%.*s", plan.serial, (int)strcspn(name, "."), name);
	dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = walk(dir, path, O_PATH | O_DIRECTORY);
	close(dir);
	leave_pins();
	close(fd);
	return fd >= 0;
}

/* An image that was made inside another, as that one's registry says, which is theirs: it is looked for, and nothing of it is read. */
static bool made_inside(void)
{
	for (size_t len = strlen(opt->name); len > 0; len--) {
		if (opt->name[len] != '.')
			continue;
		place_of(opt->name, len);
		if (!has_inside(opt->name + len + 1))
			continue;
		go_by_way_of(len);
		place_of(opt->name, len);
		return true;
	}
	return false;
}

static void image_open(void)
{
	struct stat st;
	const char *why;
	int fd, len;

	if (!valid_name(opt->name))
		die(EXIT_OURS, EINVAL, "image name: \"%s\": expected words of A-Z a-z 0-9 _ - joined by dots", opt->name);
	registry = registry_open();
	place_of(opt->name, strlen(opt->name));
	image = walk(registry, where, O_RDONLY | O_DIRECTORY);
	if (image < 0 && errno == ENOENT && made_inside())
		image = walk(registry, where, O_RDONLY | O_DIRECTORY);
	if (image < 0 && errno == ENOENT)
		die(EXIT_OURS, ESRCH, "no image \"%s\": imgctl ls shows what there is", opt->name);
	if (image < 0)
		die(EXIT_OURS, errno, "image: %s: its directory in the registry cannot be opened", opt->name);
	fd = walk(image, "plan", O_RDONLY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		die(EXIT_OURS, errno, "plan: %s: it cannot be opened: the image is being removed, or damaged; imgctl ls says", opt->name);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		die(EXIT_OURS, EPERM, "plan: %s: it must be a file of uid %u that nobody else may write", opt->name, geteuid());
	plan_ino = st.st_ino;
	len = read_all(fd, text, sizeof text);
	if (len < 0)
		die_at(opt->name);
	close(fd);
	why = plan_parse(text, (size_t)len, &plan);
	for (const struct step *s = plan.steps; !why && s < plan.steps + plan.nsteps; s++)
		if (s->kind == NEW)
			why = "it makes namespaces, which is for images that are in no registry";
	if (why)
		die(EXIT_OURS, EBADMSG, "plan: %s: %s: imgctl destroy %s removes the image", opt->name, why, opt->name);
	if (opt->serial && strcmp(opt->serial, plan.serial) != 0)
		die(EXIT_OURS, ESRCH, "no image \"%s\" any more: it was destroyed, and another has its name now", opt->name);
}

/* A plan in the arguments, of an image that is in no registry. */
static void plan_given(void)
{
	bool pins_given = false;
	const char *why;
	size_t n = 0;

	for (int i = 0; i < opt->nonce; i++) {
		size_t len = strlen(opt->plan[i]) + 1;
		if (n + len > sizeof text)
			die(EXIT_OURS, E2BIG, "--once: the plan is over 1 MiB");
		memcpy(text + n, opt->plan[i], len);
		n += len;
	}
	if ((why = plan_parse(text, n, &plan)))
		die(EXIT_OURS, EBADMSG, "--once: %s", why);
	for (const struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
		pins_given |= st->pin != NULL;
	if (pins_given || plan.cgroup || plan.nlimits)
		die(EXIT_OURS, EBADMSG, "--once: it has pins, or cgroups, which are of images in a registry");
}

/* The destroyer takes the image out of its place first and looks for processes then: one that is in the cgroup and still
 * finds the image in its place will be found. */
static void image_still_there(void)
{
	struct stat ours, now;

	if (fstat(image, &ours) < 0 || fstatat(registry, where, &now, AT_SYMLINK_NOFOLLOW) < 0
	    || ours.st_ino != now.st_ino || ours.st_dev != now.st_dev)
		die(EXIT_OURS, ESRCH, "no image \"%s\": it was destroyed meanwhile", opt->name);
}

static bool in_list(const char *list, const char *s, size_t len)
{
	for (;; list++) {
		size_t n = strcspn(list, ",");
		if (n == len && memcmp(list, s, n) == 0)
			return true;
		list += n;
		if (*list == '\0')
			return false;
	}
}

static void check_only(void)
{
	for (const char *s = opt->only;; s++) {
		size_t len = strcspn(s, ","), used = 0;
		char have[512] = "";
		bool found = false;

		for (struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++) {
			if (!st->effective)
				continue;
			found |= strlen(st->component) == len && memcmp(st->component, s, len) == 0;
			if (!in_list(have, st->component, strlen(st->component)) && used + strlen(st->component) + 2 < sizeof have)
				used += (size_t)sprintf(have + used, "%s%s", used ? "," : "", st->component);
		}
		if (!found)
			die(EXIT_OURS, ESRCH, "--only: no component \"%.*s\" to act on in %s: it has %s", (int)len, s, opt->name, used ? have : "none");
		s += len;
		if (*s == '\0')
			return;
	}
}

static void choose_steps(void)
{
	if (opt->only)
		check_only();
	for (struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++) {
		if (!opt->effective)
			st->use = st->live;
		else if (opt->only)
			st->use = st->effective && in_list(opt->only, st->component, strlen(st->component));
		else
			st->use = st->effective && !st->ask;
		if (opt->no_view && is_view(st))
			st->use = false;
		has_view |= st->use && is_view(st);
	}
}

/* Before any cgroup is made: one that was removed, and made again, would bound nothing. */
static void check_bounds(void)
{
	for (const struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
		if (st->use && st->kind == WITHIN && access(st->to, F_OK) < 0)
			die(EXIT_OURS, ESTALE, "within: %s: what bounds %s is gone: imgctl destroy %s, then create it again", st->to, opt->name, opt->name);
}

static int uses(int type)
{
	for (struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
		if (st->use && st->kind == JOIN && (type == 0 || st->type == type))
			return 1;
	return 0;
}

/* Where there is no root of its own, our file is in the image's reach by its name. */
static bool has_own_files(void)
{
	for (const struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
		if (st->use && st->kind == ROOT)
			return true;
	return false;
}

static bool in_view(void)
{
	struct stat st;

	return fstatat(registry, "mnt", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

/* All descriptors are taken and checked before anything is joined: afterwards the pins may be out of reach. */
static void open_pins(void)
{
	bool found = pins >= 0 || find_pins();

	if (!found && in_view())
		die(EXIT_OURS, EOPNOTSUPP, "pins: %s: out of reach in the mount view of an image: run it outside of that", opt->name);
	if (!found)
		die(EXIT_OURS, ESTALE, "pins: %s: they are gone: imgctl destroy %s, then create it again", opt->name, opt->name);
	enter_mnt(pins, "the pins' namespace");
	for (struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
		if (st->use && st->pin && st->kind != COVER && (st->fd = ns_open(AT_FDCWD, st->pin, st->kind == JOIN ? st->type : CLONE_NEWUSER, st->ino, st->id)) < 0)
			die(EXIT_OURS, ESTALE, "pin: %s of %s: it is gone, or another one: imgctl destroy %s, then create it again", st->pin, opt->name, opt->name);
	if (has_view && !opt->effective) {
		if (mkdir(plan.serial, 0700) < 0 && errno != EEXIST)
			die(EXIT_OURS, errno, "mkdir: pins of %s: it could not be made", opt->name);
		pindir = open(plan.serial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (pindir < 0)
			die(EXIT_OURS, errno, "open: pins of %s: its directory is gone", opt->name);
		view_fd = ns_open(pindir, "mnt", CLONE_NEWNS, 0, 0);
	}
	for (struct step *st = plan.steps; view_fd < 0 && st < plan.steps + plan.nsteps; st++) {
		char path[64];

		if (!st->use || st->kind != COVER || !st->pin)
			continue;
		snprintf(path, sizeof path, "%s/own", st->pin);
		if ((st->fd = view_part(path)) < 0)
			die(EXIT_OURS, ESTALE, "pin: %s of %s: it is gone: imgctl destroy %s, then create it again", st->pin, opt->name, opt->name);
	}
	leave_pins();
}

static void become_root(const struct step *st)
{
	/* What groups we had outside mean nothing inside, and would still open files outside. */
	if (setresgid((gid_t)st->gid, (gid_t)st->gid, (gid_t)st->gid) < 0 || setresuid((uid_t)st->uid, (uid_t)st->uid, (uid_t)st->uid) < 0)
		die(EXIT_OURS, errno, "user: %u of %s: no user outside is mapped to it", (unsigned)st->uid, opt->name);
}

/* which: a type, or 0 for all but those that change who we are (user) and what we see (mnt). */
static void join(int which)
{
	for (struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++) {
		if (!st->use || st->kind != JOIN || st->joined || (which ? st->type != which : st->type == CLONE_NEWNS || st->type == CLONE_NEWUSER))
			continue;
		if (st->type == CLONE_NEWUSER && setgroups(0, NULL) < 0 && errno != EPERM && fail_at("setgroups"))
			die_at(st->pin);
		if (setns(st->fd, st->type) < 0 && fail_at("setns"))
			die_at(st->pin);
		st->joined = true;
		if (st->type == CLONE_NEWUSER)
			become_root(st);
	}
}

/* As the image's own users, where it has such: what is mounted is theirs then, but nothing that we mounted can be undone by them. */
static int owned_view(void)
{
	int told[2], fd = -1, child = -1;
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) < 0)
		die(EXIT_OURS, errno, "pipe2: no descriptor is left");
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, NULL, &child, NULL, NULL); /* what it opens is open here, too */
	if (pid == 0) {
		join(CLONE_NEWUSER);
		fd = unshare_mnt(pins, hostproc);
		if (fd < 0)
			die_at("mount view");
		_exit(write(told[1], &fd, sizeof fd) == sizeof fd ? 0 : EXIT_OURS);
	}
	if (pid < 0)
		die(EXIT_OURS, errno, "clone: the mount view could not be made");
	/* Root of those users can stop it, and we hold what others wait for. */
	if (!ended_within(pid, child, STOPPED))
		die(EXIT_OURS, ETIMEDOUT, "mount view: who makes it as root of the image's users was stopped");
	close(told[1]);
	if (read(told[0], &fd, sizeof fd) != sizeof fd)
		_exit(EXIT_OURS); /* it has said why */
	close(told[0]);
	return fd;
}

static void build_view(void)
{
	if (opt->effective ? unshare(CLONE_NEWNS) < 0 && fail_at("unshare") : (view_fd = unshare_mnt(pins, hostproc)) < 0)
		die_at("mount view");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 && fail_at("mount --make-rslave"))
		die_at("mount view");
	view_build(&plan, NULL);
	if (!opt->effective && uses(CLONE_NEWUSER)) {
		close(view_fd);
		view_fd = owned_view();
	}
}

/* Who changes the plan removes the pinned view afterwards, under the lock on pindir. */
static bool plan_is_current(void)
{
	struct stat now;

	return fstatat(image, "plan", &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == plan_ino;
}

/* Called under the lock on pindir. */
static void pin_view(void)
{
	char path[32];
	int fd;

	enter_mnt(pins, "the pins' namespace");
	fd = openat(pindir, "mnt", O_CREAT | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		die(EXIT_OURS, ESRCH, "no image \"%s\": it was destroyed meanwhile", opt->name);
	close(fd);
	snprintf(path, sizeof path, "/%s/mnt", plan.serial);
	if (bind_fd(view_fd, path) < 0)
		die_at(path);
}

/* Into what was begun to be made. */
static void meet(void)
{
	once_finish();
	join(0);
}

static void own_view(void)
{
	if (unshare(CLONE_NEWNS) < 0 && fail_at("unshare"))
		die_at("mount view");
}

static void enter_view(void)
{
	if (opt->nonce) {
		if (!has_view)
			return;
		own_view();
		if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 && fail_at("mount --make-rslave"))
			die_at("mount view");
		view_build(&plan, meet);
		return;
	}
	for (const struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
		if (st->use && st->kind == JOIN && st->type == CLONE_NEWNS && view_fd < 0)
			enter_mnt(st->fd, st->pin);
	if (!has_view)
		return;
	if (opt->effective) {
		build_view();
		return;
	}
	if (view_fd < 0) {
		if (flock(pindir, LOCK_EX) < 0)
			die(EXIT_OURS, errno, "flock: pins of %s: it cannot be locked", opt->name);
		view_fd = ns_open(pindir, "mnt", CLONE_NEWNS, 0, 0);
		if (view_fd < 0) {
			build_view();
			if (plan_is_current())
				pin_view();
		}
		flock(pindir, LOCK_UN);
	}
	enter_mnt(view_fd, "the mount view");
}

static void set_env(const char *key, const char *value)
{
	if (setenv(key, value, 1) < 0)
		die(EXIT_OURS, errno, "environment: %s: out of memory", key);
}

static void become(void)
{
	static struct user u;
	const char *term = getenv("TERM");

	if (opt->user)
		user_find(opt->user, &u);
	if (opt->clean_env) {
		clearenv();
		set_env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
		if (term)
			set_env("TERM", term);
	}
	if (opt->user) {
		set_env("HOME", u.home);
		set_env("USER", u.name);
		set_env("LOGNAME", u.name);
		set_env("SHELL", u.shell);
		if (tty.slave >= 0 && fchown(tty.slave, u.uid, (gid_t)-1) < 0)
			die(EXIT_OURS, errno, "fchown: the terminal: it cannot be given to %s", u.name);
		/* Where groups cannot be given up, who is that user already keeps those he has. */
		bool same = u.uid == geteuid() && u.gid == getegid();
		if ((setgroups(u.ngroups, u.groups) < 0 && !(same && errno == EPERM)) || setresgid(u.gid, u.gid, u.gid) < 0 || setresuid(u.uid, u.uid, u.uid) < 0)
			die(EXIT_OURS, errno, is_mapped("/proc/self/uid_map", u.uid) && is_mapped("/proc/self/gid_map", u.gid) ? "user: %s: the rights to change to it are missing"
				: "user: %s: it is nobody's number here, and root (-u 0) works: an ordinary user's images have more than root with lines of his in /etc/subuid and /etc/subgid, "
				  "and newuidmap installed (Debian: uidmap); images with `vir user` have those of uid, gid and range", opt->user);
	}
	for (int i = 0; i < opt->nenv; i++)
		putenv(opt->env[i]);
}

static void go_to_cwd(void)
{
	char check[PATH_MAX];

	const char *to = opt->cwd;

	for (const struct step *st = plan.steps; !opt->cwd && st < plan.steps + plan.nsteps; st++)
		if (st->use && st->kind == CWD)
			to = st->to;
	if (to && chdir(to) < 0)
		die(EXIT_OURS, errno, "%s: %s: not a directory that can be entered in %s", opt->cwd ? "--cwd" : "cwd", to, opt->name);
	if (!to && (*cwd != '/' || chdir(cwd) < 0) && chdir("/") < 0)
		die(EXIT_OURS, errno, "chdir: /: it cannot be entered");
	if (syscall(SYS_getcwd, check, sizeof check) < 0 || *check != '/')
		die(EXIT_OURS, ENOENT, "getcwd: %s: it is outside of the image", check);
}

static void die_with(int pidfd)
{
	struct pollfd p = {pidfd, POLLIN, 0};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&p, 1, 0) != 0)
		_exit(128 + SIGKILL);
}

/* For who wants to look at the view from outside, by way of our /proc/PID/root. */
static _Noreturn void stand(void)
{
	char c = '.';

	if (write(1, &c, 1) == 1)
		while (read(0, &c, 1) > 0)
			;
	_exit(0);
}

static _Noreturn void run(void)
{
	const char *file = opt->argv[0];
	int err;

	if (opt->nonce)
		once_begin(&plan, hostproc);
	else
		join(0);
	enter_view();
	if (opt->nonce)
		meet();
	else
		image_still_there();
	if (opt->stand)
		stand();
	if (first) {
		if (opt->die_with_parent)
			die_with(parent_pidfd);
		once_first(opt->given);
	}
	join(CLONE_NEWUSER);
	if (opt->nonce && has_view && uses(CLONE_NEWUSER) && kept_caps(&plan) >> 21 & 1 /* CAP_SYS_ADMIN: who has it may mount */)
		own_view(); /* theirs, as a copy in which nothing that we mounted can be undone */
	restrict_first(&plan);
	become();
	go_to_cwd();
	if (opt->die_with_parent || has_keeper) /* here, because changing the user clears it */
		die_with(parent_pidfd);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigaction(SIGCHLD, &inherited_chld, NULL);
	sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
	restrict_last(&plan);
	if (opt->argv0)
		opt->argv[0] = opt->argv0;
	if (opt->program >= 0)
		syscall(SYS_execveat, opt->program, "", opt->argv, environ, AT_EMPTY_PATH);
	else
		execvp(file, opt->argv);
	err = errno;
	if (err == ENOENT || err == ENOTDIR)
		die(EXIT_NOTFOUND, err, "exec: %s: no such program in %s", file, opt->name);
	die(EXIT_NOEXEC, err, "exec: %s: %s", file, strerror(err));
}

static _Noreturn void crowded(void)
{
	die(EXIT_OURS, EAGAIN, "%s: it has as many processes as it may have: end some, or raise its limit", opt->name);
}

/* What fork(2) and clone3(2) say, for the reader. */
void no_process(void)
{
	if (errno == ENOMEM && uses(CLONE_NEWPID)) /* what the kernel says of a pid namespace that is going */
		die(EXIT_OURS, ESRCH, "%s: its pid 1 has died: imgctl destroy %s, then create it again", opt->name, opt->name);
	if (errno == EAGAIN && plan.cgroup)
		crowded();
	die(EXIT_OURS, errno == ENODEV ? ESRCH : errno, "%s: %s: %s", failed, opt->name, strerror(errno));
}

static _Noreturn void child(int self)
{
	for (int i = 0; i < nlimits; i++)
		if (cgroup_enter(limits[i]) < 0)
			die_at("the image's limits");
	for (int i = 0; i < nlimits; i++)
		if (over_limit(limits[i]))
			crowded();
	if (!opt->effective || opt->detach || tty.slave >= 0)
		if (setsid() < 0)
			die(EXIT_OURS, errno, "setsid: no session of its own");
	if (opt->detach) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0 || dup2(null, 0) < 0)
			die(EXIT_OURS, errno, "open: /dev/null: it must be there");
	} else if (tty.slave >= 0)
		tty_child(&tty);
	parent_pidfd = self;
	run();
}

static int self_or_parent(pid_t pid)
{
	int fd = (int)syscall(NR_pidfd_open, pid, 0);

	if (fd < 0)
		die(EXIT_OURS, errno, "pidfd_open: --die-with-parent: the caller is gone, or Linux is older than 5.3");
	return fd;
}

/* In the new process: the command itself, or the keeper that starts it. */
static _Noreturn void begin(int self, int events)
{
	if (has_keeper) {
		keeper_begin(image, opt->die_with_parent);
		join(CLONE_NEWPID);
		self = self_or_parent(getpid());
		keeper(image, events, opt->die_with_parent);
		close(events);
	}
	child(self);
}

void enter(struct options *options)
{
	static const struct sigaction chld = {.sa_handler = SIG_DFL};
	int cgroup = -1, self = -1, report[2] = {-1, -1}, events[2] = {-1, -1}, status, keep[KEPT_FDS + 4];
	pid_t pid, caller = getppid();
	bool made = false, forks;
	sigset_t all;
	char code;

	opt = options;
	if (report_all)
		report_fd = opt->report;
	if (!getcwd(cwd, sizeof cwd))
		*cwd = '\0';
	if (opt->die_with_parent && opt->here)
		self = opt->here;
	else if (opt->die_with_parent) {
		parent_pidfd = self_or_parent(caller);
		if (getppid() != caller)
			_exit(128 + SIGKILL);
		self = opt->direct ? parent_pidfd : self_or_parent(getpid());
	}
	if (opt->nonce)
		plan_given();
	else
		image_open();
	choose_steps();
	check_bounds();
	has_keeper = !opt->effective && !plan.cgroup && !opt->nonce;
	if (opt->direct && (opt->effective || opt->report >= 0 || opt->program >= 0 || opt->detach || opt->nkeep || opt->npass || has_keeper || plan.cgroup_v1 || opt->tty == 1
			    || (opt->tty != 0 && (isatty(0) || isatty(1) || isatty(2)))))
		_exit(NOT_DIRECT);
	if (opt->given && has_own_files()) {
		status = kept_fds(opt, keep);
		seal_self(opt->given, keep, status);
	}
	sigprocmask(SIG_SETMASK, NULL, &inherited_mask);
	sigaction(SIGCHLD, NULL, &inherited_chld);
	if (opt->tty != 0 && !opt->detach && (opt->tty == 1 || !opt->effective))
		tty_open(&tty, opt->tty == 1);
	if (!opt->effective && plan.cgroup && (cgroup = cgroup_open(plan.cgroup, plan.cgroup_v1, &made)) < 0)
		die_at(plan.cgroup);
	for (size_t i = 0; !opt->effective && i < plan.nlimits; i++)
		if ((limits[nlimits] = limit_open(plan.limit[i])) >= 0)
			nlimits++;
		else if (errno != ENOENT)
			die_at(plan.limit[i]);
	if (opt->nonce) {
		hostproc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		for (const struct step *st = plan.steps; st < plan.steps + plan.nsteps; st++)
			first |= st->use && st->kind == NEW && st->type == CLONE_NEWPID;
	} else if (uses(0) || (has_view && !opt->effective))
		open_pins();
	if (opt->here)
		child(self);
	forks = !opt->effective || opt->detach || tty.master >= 0 || opt->nkeep || uses(CLONE_NEWPID);
	report_fd = opt->report;
	if (!forks)
		run();

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigaction(SIGCHLD, &chld, NULL);
	if ((opt->detach && pipe2(report, O_CLOEXEC) < 0) || (has_keeper && pipe2(events, O_CLOEXEC) < 0))
		die(EXIT_OURS, errno, "pipe2: no descriptor is left");
	if (first && unshare(CLONE_NEWPID) < 0 && fail_at("unshare"))
		die_at("a pid namespace");
	if (!has_keeper)
		join(CLONE_NEWPID); /* it is for children; the rest the child joins itself */
	pid = spawn(cgroup, plan.cgroup_v1, opt->direct != NULL);
	if (pid == 0) {
		report_fd = opt->detach ? report[1] : opt->report;
		begin(self, events[1]);
	}
	if (pid < 0 && opt->direct && (errno == ENOSYS || errno == EINVAL || errno == E2BIG || errno == EOPNOTSUPP || errno == EPERM))
		_exit(NOT_DIRECT); /* no clone3 here: executed, we fork instead */
	if (pid < 0)
		no_process();
	if (opt->direct) {
		*opt->direct = pid;
		_exit(0);
	}
	if (has_keeper)
		close(events[1]);
	if (opt->detach) {
		close(report[1]);
		if (read(report[0], &code, 1) == 1)
			_exit((unsigned char)code);
		_exit(0);
	}
	if (has_keeper && read(events[0], &pid, sizeof pid) != sizeof pid)
		_exit(EXIT_OURS); /* the keeper has said why */
	/* What stays is a relay: it must not hold the image's namespaces. */
	memcpy(keep, opt->keep, sizeof opt->keep);
	status = opt->nkeep;
	keep_fd(keep, &status, tty.master);
	keep_fd(keep, &status, parent_pidfd);
	keep_fd(keep, &status, events[0]);
	report_fd = -1;
	if (close_all_but(keep, status) < 0)
		die_at("relay");
	if (opt->die_with_parent)
		die_with(parent_pidfd);
	status = relay(&(struct child){pid, events[0], !opt->effective || tty.master >= 0}, &tty);
	if (made && status >= EXIT_OURS)
		rmdir(plan.cgroup); /* only if nothing lives in it */
	_exit(status);
}
