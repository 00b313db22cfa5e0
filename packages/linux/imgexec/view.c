#include "imgexec.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Who builds a view is privileged, and what it finds below the root may be the work of those who live there: a path is resolved
 * once, below the root, and then there is only the descriptor. */

enum { TREE_CLONE = 1, RECURSIVE = 0x8000, EMPTY_PATH = 0x1000, FROM_FD = 4, TO_FD = 0x40 };
enum { SET_FLAG = 0, SET_STRING = 1, CREATE = 6, FD_CLOEXEC_BIT = 1 };
enum { READ_ONLY = 1, HARMLESS = READ_ONLY | 2 | 4 | 8 /* ro,nosuid,nodev,noexec */ };

static int root = -1, host = -1, empty_file = -1;
static bool apart; /* the root is not the host's */

static int below(const char *path, int flags)
{
	struct { uint64_t flags, mode, resolve; } how = {(uint64_t)flags | O_PATH | O_CLOEXEC, 0, 0x10 | 0x02 /* IN_ROOT, NO_MAGICLINKS */};
	int fd = (int)syscall(NR_openat2, root, path, &how, sizeof how);

	return fd < 0 ? fail_at("open") : fd;
}

/* Opens what is at `way`, which ends in `name` and is in the directory `up`; makes it where nothing is. */
static int open_or_make(int up, const char *way, const char *name, bool file)
{
	struct stat st;
	int fd = below(way, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if ((file ? mknodat(up, name, S_IFREG | 0644, 0) : mkdirat(up, name, 0755)) < 0 && errno != EEXIST)
		return fail_at("mkdir");
	fd = openat(up, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_at("open");
	if (file ? S_ISREG(st.st_mode) : S_ISDIR(st.st_mode))
		return fd;
	close(fd);
	return errno = ELOOP, fail_at("open"); /* a link that leads nowhere, or something else meanwhile */
}

/* Where `to` is; with `make`, what is missing is made: directories, and in the end a file where `file`. *name: not the last word, which is given back. */
static int place(const char *to, bool make, bool file, const char **name)
{
	static char way[PATH_MAX];
	int up, fd;
	char *s = way;

	if (!make && !name)
		return below(to, 0);
	snprintf(way, sizeof way, "%s", to);
	for (size_t n = strlen(way); n > 1 && way[n - 1] == '/';)
		way[--n] = '\0';
	for (up = below("/", O_DIRECTORY); up >= 0; up = fd) {
		size_t n;
		char cut;

		s += strspn(s, "/");
		n = strcspn(s, "/");
		cut = s[n];
		if (cut == '\0' && name) {
			*name = s;
			return up;
		}
		if (n == 0)
			return up;
		s[n] = '\0';
		fd = make ? open_or_make(up, way, s, file && cut == '\0') : below(way, 0);
		close(up);
		s[n] = cut;
		s += n;
		if (cut == '\0')
			return fd;
	}
	return up;
}

static int must(int result, const char *what)
{
	if (result < 0)
		die_at(what);
	return result;
}

static int attr_set(int tree, unsigned long flags, unsigned long propagation, int userns)
{
	struct { uint64_t set, clear, propagation, userns; } attr = {flags, 0, propagation, 0};

	if (userns >= 0)
		attr.set |= 0x100000 /* MOUNT_ATTR_IDMAP */, attr.userns = (uint64_t)userns;
	if (attr.set == 0 && propagation == 0)
		return 0;
	if (syscall(NR_mount_setattr, tree, "", EMPTY_PATH | RECURSIVE, &attr, sizeof attr) < 0)
		return fail_at(userns >= 0 ? "mount_setattr (an idmapped mount: this file system may not have them)" : "mount_setattr");
	return 0;
}

static int config(int fs, const char *key, const char *value)
{
	return (int)syscall(NR_fsconfig, fs, value ? SET_STRING : SET_FLAG, key, value, 0) < 0 ? fail_at("mount") : 0;
}

static int config_all(int fs, const char *data)
{
	char *copy = strdup(data), *rest = copy, *word, *value;

	if (!copy)
		return fail_at("mount");
	while ((word = strsep(&rest, ","))) {
		if (*word == '\0')
			continue;
		if ((value = strchr(word, '=')))
			*value++ = '\0';
		if (config(fs, word, value) < 0)
			return -1;
	}
	free(copy);
	return 0;
}

static int fs_begin(const char *type)
{
	int fs = (int)syscall(NR_fsopen, type, FD_CLOEXEC_BIT);

	return fs < 0 || config(fs, "source", strcmp(type, "tmpfs") == 0 ? "vimage" : type) < 0 ? fail_at("mount") : fs;
}

static int fs_end(int fs, unsigned long flags)
{
	int tree = syscall(NR_fsconfig, fs, CREATE, NULL, NULL, 0) < 0 ? -1 : (int)syscall(NR_fsmount, fs, FD_CLOEXEC_BIT, flags);

	if (tree < 0)
		return fail_at("mount");
	close(fs);
	return tree;
}

static int fs_try(const char *type, const char *data, unsigned long flags)
{
	int fs = fs_begin(type);

	return fs < 0 || (data && config_all(fs, data) < 0) ? -1 : fs_end(fs, flags);
}

static int fs_new(const char *type, const char *data, unsigned long flags)
{
	int tree = fs_try(type, data, flags);

	/* Who has /sys or /proc read-only himself, for good, may have another one so only: no less than what is around. */
	if (tree < 0 && errno == EPERM && (strcmp(type, "sysfs") == 0 || strcmp(type, "proc") == 0) && !(flags & READ_ONLY))
		tree = fs_try(type, data, flags | READ_ONLY);
	/* The kernel lets who is not the machine's root see nothing in a new one that is covered in all that he has. */
	if (tree < 0 && errno == EPERM && strcmp(type, "proc") == 0)
		fail_at("mount (in a container that covers parts of /proc there is no `vir proc`)");
	if (tree < 0 && errno == EPERM && strcmp(type, "sysfs") == 0)
		fail_at("mount (in a container that covers parts of /sys there is no `vir net`)");
	return tree;
}

static int put(int tree, int at)
{
	int done = (int)syscall(NR_move_mount, tree, "", at, "", FROM_FD | TO_FD);

	return done < 0 ? fail_at("move_mount") : done;
}

/* A tmpfs that is mounted, as the kernel takes nothing from one that is not, where nobody looks: over all that is at /, until it is
 * let go. What has a descriptor of a root, or has it as his root, does not see what is mounted over that. */
static int hide(const char *data)
{
	int tree = fs_new("tmpfs", data, 2 | 4 | 8);

	return tree < 0 || put(tree, host) < 0 ? -1 : tree;
}

static int unhide(int tree)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", tree);
	if (umount2(path, MNT_DETACH) < 0)
		return fail_at("umount");
	return close(tree);
}

static int clone_of(int at, const char *path, int flags)
{
	int tree = (int)syscall(NR_open_tree, at, path, TREE_CLONE | O_CLOEXEC | flags);

	return tree < 0 ? fail_at("open_tree") : tree;
}

int view_part(const char *path)
{
	return clone_of(AT_FDCWD, path, 0);
}

/* Of the host's; `nofollow`: whoever owns a directory on the way may have put a link there meanwhile, and we may read more than he. */
static int host_path(const struct step *st, const char *path)
{
	struct { uint64_t flags, mode, resolve; } how = {O_PATH | O_CLOEXEC, 0, st->nofollow ? 0x04 /* NO_SYMLINKS */ : 0};
	int fd = (int)syscall(NR_openat2, AT_FDCWD, path, &how, sizeof how);

	return fd < 0 ? fail_at("open") : fd;
}

static int host_tree(const struct step *st)
{
	int at = host_path(st, st->from), tree;

	if (at < 0)
		return fail_at("open_tree");
	tree = clone_of(at, "", EMPTY_PATH | RECURSIVE);
	close(at);
	return tree;
}

static int root_tree(const struct step *st)
{
	int tree;

	if (st->fs)
		return fs_new(st->fs, st->data, st->flags);
	tree = host_tree(st);
	return tree < 0 || attr_set(tree, st->flags, 0, -1) < 0 ? -1 : tree;
}

static void fs_step(const struct step *st)
{
	int kept[PLAN_PAIRS], n = 0, i = 0, at, tree;
	const char *key, *value;

	for (const char *s = st->args; s < st->end;) {
		s = next_pair(s, &key, &value);
		if (strcmp(key, "keep") != 0)
			continue;
		at = below(value, 0);
		kept[n++] = at < 0 ? -1 : clone_of(at, "", EMPTY_PATH | RECURSIVE);
		if (at >= 0)
			close(at);
	}
	at = place(st->to, st->make != MAKE_NOTHING, false, NULL);
	if (at < 0 && st->optional && (errno == ENOENT || errno == ENOTDIR))
		return;
	must(at, st->to);
	tree = must(fs_new(st->fs, st->data, st->flags), st->to);
	must(put(tree, at), st->to);
	close(tree);
	close(at);
	for (const char *s = st->args; s < st->end;) {
		s = next_pair(s, &key, &value);
		if (strcmp(key, "keep") != 0)
			continue;
		if (kept[i] >= 0 && (at = below(value, 0)) >= 0) {
			must(put(kept[i], at), value);
			close(at);
		} else if (kept[i] >= 0 && errno != ENOENT)
			die_at(value);
		if (kept[i] >= 0)
			close(kept[i]);
		i++;
	}
}

static void bind_step(const struct step *st)
{
	int tree = host_tree(st), at;
	struct stat what;
	bool file;

	if (tree < 0 && st->optional && (errno == ENOENT || errno == ENOTDIR || (errno == ELOOP && st->nofollow)))
		return;
	must(tree, st->from);
	must(fstat(tree, &what), st->from);
	file = st->make == MAKE_FILE || (st->make == MAKE_SAME && !S_ISDIR(what.st_mode));
	must(attr_set(tree, st->flags, 0, st->fd), st->to);
	at = must(place(st->to, st->make != MAKE_NOTHING, file, NULL), st->to);
	must(put(tree, at), st->to);
	close(at);
	close(tree);
}

/* Of descriptors, topmost first. */
static int lower_dirs(int fs, const struct step *st)
{
	static char list[24 * PLAN_PAIRS];
	const char *key, *value;
	size_t n = 0;

	*list = '\0';
	for (const char *s = st->args; s < st->end;) {
		s = next_pair(s, &key, &value);
		if (strcmp(key, "lower") == 0)
			n += (size_t)snprintf(list + n, 24, "%s/proc/self/fd/%d", n ? ":" : "", must(host_path(st, value), value));
	}
	return config(fs, "lowerdir", list);
}

static int config_fd(int fs, const char *key, int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return config(fs, key, path);
}

static int overlay_tree(const struct step *st)
{
	int fs, upper, work, tree, hidden = -1;
	char data[64];

	fail_at("open");
	if (st->upper) {
		upper = must(host_path(st, st->upper), st->upper);
		work = must(host_path(st, st->work), st->work);
	} else {
		snprintf(data, sizeof data, "mode=0700%s%s", st->size ? ",size=" : "", st->size ? st->size : "");
		hidden = must(hide(data), st->to);
		if (mkdirat(hidden, "upper", 0755) < 0 || mkdirat(hidden, "work", 0700) < 0)
			die_at(st->to);
		upper = must(openat(hidden, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC), st->to);
		work = must(openat(hidden, "work", O_PATH | O_DIRECTORY | O_CLOEXEC), st->to);
	}
	fs = must(fs_begin("overlay"), st->to);
	must(lower_dirs(fs, st), st->to);
	must(config_fd(fs, "upperdir", upper), st->to);
	must(config_fd(fs, "workdir", work), st->to);
	tree = must(fs_end(fs, st->flags), st->to);
	close(upper);
	close(work);
	if (hidden >= 0)
		must(unhide(hidden), st->to);
	return tree;
}

static void overlay_step(const struct step *st)
{
	int tree = overlay_tree(st), at = must(place(st->to, st->make != MAKE_NOTHING, false, NULL), st->to);

	must(put(tree, at), st->to);
	close(at);
	close(tree);
}

static void dev_step(const struct step *st)
{
	static const struct { const char *name; unsigned major, minor; } nodes[] = {
		{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
	};
	static const char *const links[][2] = {
		{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
	};
	static const struct { const char *name, *fs, *data; } mounts[] = {
		{"pts", "devpts", "newinstance,ptmxmode=0666,mode=620"}, {"shm", "tmpfs", "mode=1777"},
	};
	int dev = must(fs_new("tmpfs", "mode=0755,size=64k", 2 | 8), st->to), at = must(place(st->to, st->make != MAKE_NOTHING, false, NULL), st->to), tree;
	struct stat is;
	char path[32];

	must(put(dev, at), st->to);
	close(at);
	for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
		snprintf(path, sizeof path, "/dev/%s", nodes[i].name);
		tree = must(clone_of(AT_FDCWD, path, 0), path);
		if (fstat(tree, &is) < 0 || !S_ISCHR(is.st_mode) || is.st_rdev != makedev(nodes[i].major, nodes[i].minor))
			die(EXIT_OURS, ENXIO, "dev: %s: it is not that device here", path);
		must(attr_set(tree, 2 | 8, 0, -1), path);
		if (mknodat(dev, nodes[i].name, S_IFREG | 0644, 0) < 0 || (at = openat(dev, nodes[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
			die_at(path);
		must(put(tree, at), path);
		close(at);
		close(tree);
	}
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		if (symlinkat(links[i][1], dev, links[i][0]) < 0)
			die_at(st->to);
	if (mkdirat(dev, "mqueue", 0755) < 0) /* where message queues are mounted, if the image has its own */
		die_at(st->to);
	for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
		if (mkdirat(dev, mounts[i].name, 0755) < 0 || (at = openat(dev, mounts[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
			die_at(st->to);
		tree = must(fs_new(mounts[i].fs, mounts[i].data, i == 0 ? 2 | 8 : 2 | 4 | 8), st->to);
		must(put(tree, at), st->to);
		close(at);
		close(tree);
	}
	close(dev);
}

static void link_step(const struct step *st)
{
	const char *name;
	int up = must(place(st->to, st->make != MAKE_NOTHING, false, &name), st->to);

	if (symlinkat(st->target, up, name) < 0 && fail_at("symlink"))
		die_at(st->to);
	close(up);
}

static int empty_of(bool dir, const char *data)
{
	int fd;

	if (dir)
		return fs_new("tmpfs", data, HARMLESS);
	if (empty_file < 0) {
		if ((empty_file = hide("mode=0700,size=4k")) < 0 || (fd = openat(empty_file, "empty", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444)) < 0)
			return -1;
		close(fd);
	}
	fd = clone_of(empty_file, "empty", 0);
	return fd < 0 || attr_set(fd, HARMLESS, 0, -1) < 0 ? -1 : fd;
}

/* What has images of its own making sees those where others see nothing. */
static bool has_own(const struct plan *plan, const char *to)
{
	for (const struct step *st = plan->steps; st < plan->steps + plan->nsteps; st++)
		if (st->use && st->kind == COVER && (st->from || st->pin) && strcmp(st->to, to) == 0)
			return true;
	return false;
}

static void mask_step(const struct plan *plan, const struct step *st)
{
	bool covers = st->kind == COVER, given = covers && (st->from || st->pin);
	int at, tree;
	struct stat is;

	if (covers && !given && has_own(plan, st->to))
		return;
	at = below(st->to, 0);
	if (at < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	must(at, st->to);
	must(fstat(at, &is), st->to);
	if (covers && !given && !S_ISDIR(is.st_mode)) {
		close(at);
		return;
	}
	if (covers && st->pin)
		tree = st->fd; /* taken where the pins are */
	else
		tree = must(given ? host_tree(st) : empty_of(S_ISDIR(is.st_mode), covers ? "mode=0755,size=4k" : "mode=0555,size=4k"), st->to);
	if (given)
		must(attr_set(tree, (HARMLESS & ~1ul) | st->flags, 0, -1), st->to);
	must(put(tree, at), st->to);
	close(at);
	close(tree);
}

/* A view has no mounts of mount namespaces, as the kernel copies none. In their place it has a file that is not empty. */
static void mark(void)
{
	char from[PATH_MAX], to[PATH_MAX];
	int tree, at;

	snprintf(from, sizeof from, "%s/generation", registry_path());
	snprintf(to, sizeof to, "%s/mnt", registry_path());
	at = below(to, 0);
	if (at < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	must(at, to);
	tree = clone_of(AT_FDCWD, from, 0);
	if (tree >= 0 || errno != ENOENT) {
		must(put(must(tree, from), at), to);
		close(tree);
	}
	close(at);
}

static bool is_root(const struct step *st)
{
	return st->kind == ROOT || (st->kind == OVERLAY && strcmp(st->to, "/") == 0);
}

static void begin(const struct plan *plan)
{
	int tree = -1;

	host = root = must(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
	for (const struct step *st = plan->steps; st < plan->steps + plan->nsteps; st++)
		if (st->use && is_root(st))
			tree = must(st->kind == ROOT ? root_tree(st) : overlay_tree(st), st->kind == ROOT && st->from ? st->from : "/");
	if (tree < 0)
		return;
	apart = true;
	must(put(tree, host), "/");
	root = must(openat(tree, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
	close(tree);
}

static void finish(void)
{
	fail_at("pivot_root");
	if (empty_file >= 0)
		must(unhide(empty_file), "/");
	if (!apart)
		return;
	must(attr_set(root, 0, MS_PRIVATE, -1), "/");
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die_at("/");
}

void view_build(const struct plan *plan, void (*stand)(void))
{
	mode_t before = umask(022);

	begin(plan);
	mark();
	for (const struct step *st = plan->steps; st < plan->steps + plan->nsteps; st++) {
		if (!st->use || is_root(st))
			continue;
		switch (st->kind) {
		case MOUNT:
			if (stand && strcmp(st->fs, "tmpfs") != 0 && strcmp(st->fs, "proc") != 0)
				stand();
			fs_step(st);
			break;
		case BIND: bind_step(st); break;
		case OVERLAY: overlay_step(st); break;
		case DEV: dev_step(st); break;
		case LINK: link_step(st); break;
		default: break;
		}
	}
	for (const struct step *st = plan->steps; st < plan->steps + plan->nsteps; st++)
		if (st->use && (st->kind == MASK || st->kind == COVER))
			mask_step(plan, st);
	finish();
	umask(before);
}
