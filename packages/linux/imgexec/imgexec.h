#ifndef IMGEXEC_H
#define IMGEXEC_H

#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define IMGEXEC_VERSION "0.1.0"

enum { PLAN_BYTES = 1 << 20, PLAN_PAIRS = 4096 };
enum { STOPPED = 5000 }; /* milliseconds after which someone is taken to be stopped */
enum { NOT_DIRECT = 99, EXIT_OURS = 125, EXIT_NOEXEC = 126, EXIT_NOTFOUND = 127 };

/* The C library's headers may be older than the kernel: what is asked of it has one number on every architecture we build for. */
enum {
	NR_pidfd_send_signal = 424, NR_open_tree = 428, NR_move_mount = 429, NR_pidfd_open = 434, NR_clone3 = 435, NR_close_range = 436,
	NR_openat2 = 437, NR_pidfd_getfd = 438, NR_mount_setattr = 442, NR_fsopen = 430, NR_fsconfig = 431, NR_fsmount = 432,
};
#define NS_TYPE _IO(0xb7, 0x3)
#define NS_MNT_ID _IOR(0xb7, 0x5, uint64_t)
#define NS_ID _IOR(0xb7, 13, uint64_t)
#define NSFS 0x6e736673L
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* plan.c: reading, with no side effect */

enum { PLAN_LIMITS = 16, FILTER_MAX = 4096 };

struct step {
	enum { JOIN, NEW, ROOT, MOUNT, BIND, OVERLAY, DEV, LINK, MASK, COVER, CAPS, NNP, SECCOMP, RLIMIT, UMASK, CWD, KEYRING, WITHIN } kind;
	bool live, effective, ask, optional, nofollow, log;
	enum { MAKE_NOTHING, MAKE_DIR, MAKE_FILE, MAKE_SAME } make;
	bool use, joined; /* enter.c's marks */
	int type, fd; /* fd: of the pin, or of the user namespace that maps a bind */
	unsigned long flags;
	uint64_t ino, id, caps, resource, soft, hard, mask, uid, gid;
	const char *component, *pin, *fs, *from, *to, *data, *target, *upper, *work, *size, *filter, *uids, *gids;
	const char *args, *end; /* all of its arguments, for those that repeat */
};

struct plan {
	const char *image, *serial, *cgroup, *limit[PLAN_LIMITS];
	size_t nlimits;
	bool cgroup_v1;
	uint64_t rest; /* pairs from the first step on */
	size_t nsteps;
	struct step steps[PLAN_PAIRS];
};

static inline bool is_view(const struct step *st)
{
	return st->kind >= ROOT && st->kind <= COVER;
}

const char *plan_parse(const char *text, size_t len, struct plan *plan); /* NULL, or what is wrong with it */
const char *next_pair(const char *s, const char **key, const char **value);
bool parse_u64(const char *s, uint64_t *n);
bool valid_name(const char *s);
bool valid_serial(const char *s);
bool valid_pin(const char *s);
bool valid_offsets(const char *s);

/* sys.c: what entering and serving share; -1 leaves errno, and the step's name in `failed` */

extern const char *failed;
extern int report_fd; /* who waits to hear whether exec came about (-d) */
extern bool report_all; /* is told all about it, and standard error nothing */

int fail_at(const char *step);
const char *errno_name(int err);
_Noreturn void die(int status, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void die_at(const char *what);

const char *registry_path(void);
int registry_open(void);
int walk(int dir, const char *path, int flags);
int ns_open(int dir, const char *path, int type, uint64_t ino, uint64_t id);
int ns_check(int fd, int type, uint64_t ino, uint64_t id);
int cgroup_open(const char *path, bool v1, bool *made);
int cgroup_enter(int cgroup);
int limit_open(const char *path);
bool over_limit(int dir); /* closes it */
int unshare_mnt(int older, int proc);
int bind_fd(int fd, const char *to);
pid_t spawn(int cgroup, bool v1, bool brother); /* fork, and the child begins inside the cgroup; brother: our parent is its parent */
int close_all_but(const int *keep, int n);
void keep_fd(int *keep, int *n, int fd); /* into a list as close_all_but takes it; -1 is none */
int read_all(int fd, char *buf, size_t size);
int start_of(pid_t pid, char *start, size_t size);
bool ended_within(pid_t child, int pidfd, int ms); /* waits so long; then it is killed, waited for and closed, whether it had ended or not */
int end_with(pid_t parent); /* to be killed when it ends; until our credentials change */
int loopback_up(void); /* of the network namespace where we stand */
int write_map(pid_t pid, const char *name, const char *text); /* name: uid_map, gid_map, setgroups */
int time_new(int self, const char *offsets); /* a time namespace, for children; self: our directory in /proc; offsets: lines of timens_offsets, or NULL */

/* seal.c */

int sealed_copy(int from); /* of a program; takes its place */
void seal_self(char **argv, const int *keep, int n); /* from where our own file cannot be written: executes us again, with these descriptors */

/* user.c */

struct user {
	uid_t uid;
	gid_t gid;
	const char *name, *home, *shell;
	size_t ngroups;
	gid_t groups[NGROUPS_MAX];
};

void user_find(const char *spec, struct user *user);
const char *user_name(uid_t uid);

/* rootless.c */

int rootless(void); /* into the namespaces of the user who we are, as root of them; a descriptor to keep as long as we are there */
bool is_mapped(const char *map, unsigned id);
_Noreturn void run_rootless(char **argv);

/* tty.c */

struct tty {
	int master, slave;
	bool is[3]; /* which of 0-2 become the pty */
};

struct child {
	pid_t pid;
	int events; /* where its keeper tells its statuses; -1: it is ours */
	bool own_session;
};

void tty_open(struct tty *tty, bool force);
void tty_child(struct tty *tty);
void tty_restore(void);
int relay(const struct child *child, const struct tty *tty);

/* view.c */

int view_part(const char *path); /* what is there, to be put into a view of another mount namespace */
void view_build(const struct plan *plan, void (*stand)(void)); /* stand: called before what is mounted belongs to a namespace that is joined; in a mount namespace of ours, as host root; where there is a `root`, that is / afterwards */

/* restrict.c: what a process gives up, never to have it again */

uint64_t kept_caps(const struct plan *plan);
void restrict_first(const struct plan *plan); /* before the user is changed */
void restrict_last(const struct plan *plan); /* as that user: next is exec */

/* once.c */

void once_begin(struct plan *plan, int proc); /* the namespaces of its `new` steps, but of pids */
void once_finish(void); /* when they are needed */
void once_first(char **argv); /* in pid 1 of those: returns in the command's process only */

/* keep.c: where no cgroup tells who lives in an image */

int member_add(int image, pid_t pid, const char *mark); /* image: its directory in the registry */
void keeper_begin(int image, bool die_with_parent);
void keeper(int image, int events, bool die_with_parent); /* returns in the command's process only */

/* look.c */

int look(int from, const char *outer, const char *inner, int *pins);

/* enter.c, serve.c */

struct options {
	bool effective, no_view, clean_env, die_with_parent, detach, stand;
	int tty; /* -1: when there is a terminal */
	const char *name, *serial, *only, *user, *cwd; /* serial: NULL where whatever has the name will do */
	char *argv0; /* NULL: as it is called */
	char **env, **argv, **plan, **given; /* given: as we were called; NULL where that was not by exec */
	int nenv, nkeep, keep[16], npass, pass[16], report, program; /* program: executed, where it is not -1 */
	int nonce; /* words of a plan that stand before the command's in argv; 0: there is none, but a name */
	int here; /* this process becomes the command, in a pid namespace of its own if it is to have one; a pidfd of its parent. 0: another does */
	pid_t *direct; /* start the command as a brother of ours, say its pid here, and be gone */
};

enum { KEPT_FDS = 40 };

int kept_fds(const struct options *options, int *keep); /* all that the options name; keep: KEPT_FDS of them */
void parse_command(int argc, char **argv, struct options *options);
_Noreturn void enter(struct options *options);
_Noreturn void no_process(void);
int launch(void);
int serve(char *argument);

#endif
