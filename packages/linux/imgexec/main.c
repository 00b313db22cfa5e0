#include "imgexec.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

static const char help[] =
	"usage: imgexec [options] NAME [--] COMMAND [ARGUMENT...]\n"
	"Runs COMMAND in the image NAME (see imgctl ls), and exits as it does.\n"
	"\n"
	"  -e                  act on the image without living in it: your programs, your\n"
	"                      user, its components\n"
	"  --only A,B          with -e: these components only (proc, for one, is never\n"
	"                      meant otherwise)\n"
	"  --no-view           with -e: /proc, /sys and /etc stay yours, whatever the\n"
	"                      components are\n"
	"  -u USER[:GROUP]     as that user of the image\n"
	"  --cwd DIR           in that directory (else yours, if the image has it)\n"
	"  --env KEY=VALUE     with that in the environment; repeatable\n"
	"  --clean-env         with nothing of your environment\n"
	"  -t, -T              with a terminal of its own, or without (else: when yours\n"
	"                      is one)\n"
	"  -d                  in the background: returns when the command has started\n"
	"  --die-with-parent   killed when the caller of imgexec ends\n"
	"  --serial N          only if the image is that one, not another of its name\n"
	"  --keep-fd N         keep descriptor N open (a lock, say) until the command\n"
	"                      ends; repeatable\n"
	"  --exec-fd N         execute the static program that is open as descriptor N,\n"
	"                      from a sealed copy; COMMAND is only its name\n"
	"  --pass-fd N         descriptor N is the command's as well; repeatable\n"
	"  --argv0 NAME        what the command finds as its own name\n"
	"  --report-fd N       close descriptor N when the command runs; if it cannot,\n"
	"                      write the exit status to it, one byte\n"
	"  --error-fd N        the same, with the status, the errno and what is wrong,\n"
	"                      which standard error is not told\n"
	"  --once N WORD...    in an image that there is for this command only, of a plan\n"
	"                      of N words, instead of NAME\n"
	"  --probe             say what this kernel offers\n"
	"  --rootless COMMAND  not for an image: run it as root of your own namespaces,\n"
	"                      in which an ordinary user's images are made\n"
	"\n"
	"  imgexec web -- ps aux            what runs in it\n"
	"  imgexec -e web -- ip -br addr    your ip(8), its network stack\n"
	"\n"
	"exit status: the command's; 128+N if signal N ended it; 127 not found;\n"
	"126 not executable; 125 imgexec failed.\n";

static void say(const char *s)
{
	size_t n = strlen(s);

	if (write(1, s, n) != (ssize_t)n)
		die(EXIT_OURS, errno, "write: standard output: it takes nothing");
	_exit(0);
}

static void probe(void)
{
	char out[1024];
	int n = 0, net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), mnt = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id, clone_into_nothing[11] = {0x200000000ULL, [4] = SIGCHLD, [10] = INT_MAX};
	const struct { const char *what; bool yes; } probes[] = {
		{"clone3.cgroup", syscall(NR_clone3, clone_into_nothing, sizeof clone_into_nothing) < 0 && errno == EBADF},
		{"close_range", syscall(NR_close_range, ~0u, ~0u, 0) == 0},
		{"fsopen", syscall(NR_fsopen, NULL, 0) < 0 && errno != ENOSYS},
		{"mntns.id", ioctl(mnt, NS_MNT_ID, &id) == 0},
		{"mount_setattr", syscall(NR_mount_setattr, -1, "", 0, NULL, 0) < 0 && errno != ENOSYS},
		{"ns.id", ioctl(net, NS_ID, &id) == 0},
		{"open_tree", syscall(NR_open_tree, -1, "", 0) < 0 && errno != ENOSYS},
		{"openat2", syscall(NR_openat2, -1, "", NULL, 0) < 0 && errno != ENOSYS},
		{"pidfd", syscall(NR_pidfd_open, getpid(), 0) >= 0},
		{"pidfd_getfd", syscall(NR_pidfd_getfd, -1, 0, 0) < 0 && errno != ENOSYS},
	};

	for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
		n += snprintf(out + n, sizeof out - (size_t)n, "%s %s\n", probes[i].what, probes[i].yes ? "yes" : "no");
	say(out);
}

static int a_descriptor(const char *option, const char *s)
{
	uint64_t fd;

	if (!parse_u64(s, &fd) || fd < 3 || fd > 1 << 20 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		die(EXIT_OURS, EBADF, "%s: %s: expected an open descriptor above 2", option, s);
	return (int)fd;
}

static void add_keep(struct options *o, const char *s)
{
	int fd = a_descriptor("--keep-fd", s);

	if (o->nkeep == 16)
		die(EXIT_OURS, EINVAL, "--keep-fd: %s: at most 16 of them", s);
	keep_fd(o->keep, &o->nkeep, fd);
}

static void add_pass(struct options *o, const char *s)
{
	int fd = a_descriptor("--pass-fd", s);

	if (o->npass == 16 || fcntl(fd, F_SETFD, 0) < 0)
		die(EXIT_OURS, EINVAL, "--pass-fd: %s: at most 16 of them", s);
	keep_fd(o->pass, &o->npass, fd);
}

int kept_fds(const struct options *o, int *keep)
{
	int n = 0;

	for (int i = 0; i < o->nkeep; i++)
		keep_fd(keep, &n, o->keep[i]);
	for (int i = 0; i < o->npass; i++)
		keep_fd(keep, &n, o->pass[i]);
	keep_fd(keep, &n, o->report);
	keep_fd(keep, &n, o->program);
	return n;
}

/* What is called other than a command in an image ends here, or in *which. */
enum { NOTHING, SERVE_PINS, LAUNCH_COMMANDS };

static void parse(int argc, char **argv, struct options *o, int *which)
{
	enum { NO_VIEW = 255, ONLY, DIRECTORY, ENV, CLEAN_ENV, DIE_WITH_PARENT, EXEC_FD, KEEP_FD, PASS_FD, ARGV0, REPORT_FD, ERROR_FD, SERIAL, STAND, HELP, VERSION, SERVE, LAUNCH, PROBE, ROOTLESS, ONCE };
	static const struct option longs[] = {
		{"no-view", 0, 0, NO_VIEW}, {"only", 1, 0, ONLY}, {"cwd", 1, 0, DIRECTORY}, {"env", 1, 0, ENV}, {"clean-env", 0, 0, CLEAN_ENV},
		{"die-with-parent", 0, 0, DIE_WITH_PARENT}, {"exec-fd", 1, 0, EXEC_FD}, {"keep-fd", 1, 0, KEEP_FD}, {"pass-fd", 1, 0, PASS_FD}, {"argv0", 1, 0, ARGV0}, {"report-fd", 1, 0, REPORT_FD}, {"error-fd", 1, 0, ERROR_FD}, {"serial", 1, 0, SERIAL}, {"stand", 0, 0, STAND}, {"help", 0, 0, HELP}, {"version", 0, 0, VERSION},
		{"serve", 0, 0, SERVE}, {"launch", 0, 0, LAUNCH}, {"probe", 0, 0, PROBE}, {"rootless", 0, 0, ROOTLESS}, {"once", 1, 0, ONCE}, {0},
	};
	uint64_t words;
	int c;

	*o = (struct options){.tty = -1, .report = -1, .program = -1, .env = argv + 1};
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, "+:edtTu:", longs, NULL)) != -1)
		switch (c) {
		case 'e': o->effective = true; break;
		case 'd': o->detach = true; break;
		case 't': o->tty = 1; break;
		case 'T': o->tty = 0; break;
		case 'u': o->user = optarg; break;
		case NO_VIEW: o->no_view = o->effective = true; break;
		case ONLY: o->only = optarg; o->effective = true; break;
		case DIRECTORY: o->cwd = optarg; break;
		case ENV:
			if (*optarg == '=' || !strchr(optarg, '='))
				die(EXIT_OURS, EINVAL, "--env: %s: expected KEY=VALUE", optarg);
			o->env[o->nenv++] = optarg; /* over an argument that has been read already */
			break;
		case CLEAN_ENV: o->clean_env = true; break;
		case DIE_WITH_PARENT: o->die_with_parent = true; break;
		case KEEP_FD: add_keep(o, optarg); break;
		case EXEC_FD: o->program = a_descriptor("--exec-fd", optarg); break;
		case PASS_FD: add_pass(o, optarg); break;
		case ARGV0: o->argv0 = optarg; break;
		case REPORT_FD: o->report = a_descriptor("--report-fd", optarg); break;
		case ERROR_FD: o->report = a_descriptor("--error-fd", optarg); report_all = true; break;
		case SERIAL: o->serial = optarg; break;
		case ONCE:
			if (!parse_u64(optarg, &words) || words == 0 || words > 2 * PLAN_PAIRS)
				die(EXIT_OURS, EINVAL, "--once: %s: expected how many words of a plan follow", optarg);
			o->nonce = (int)words;
			break;
		case STAND: o->stand = true; o->tty = 0; break;
		case HELP: say(help); break;
		case VERSION: say("imgexec " IMGEXEC_VERSION "\n"); break;
		case SERVE: *which = SERVE_PINS; return;
		case LAUNCH: *which = LAUNCH_COMMANDS; return;
		case PROBE: probe(); break;
		case ROOTLESS: run_rootless(argv + optind + (argv[optind] && strcmp(argv[optind], "--") == 0)); break;
		case ':': die(EXIT_OURS, EINVAL, "option: %s: it takes a value; imgexec --help", argv[optind - 1]);
		default: die(EXIT_OURS, EINVAL, "option: %s: there is no such one; imgexec --help", argv[optind - 1]);
		}
	if (optind == argc)
		die(EXIT_OURS, EINVAL, "image name: none: imgexec NAME -- COMMAND; imgexec --help");
	if (o->nonce) {
		if (argc - optind <= o->nonce || o->effective || o->detach || o->stand || o->serial)
			die(EXIT_OURS, EINVAL, "--once: %d words of a plan, -- and a command follow; neither -e, -d nor --serial go with it", o->nonce);
		o->plan = argv + optind;
		o->name = "an image for one command";
		optind += o->nonce;
	} else
		o->name = argv[optind++];
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	o->argv = argv + optind;
	if (!o->stand && (!*o->argv || !**o->argv))
		die(EXIT_OURS, EINVAL, "command: none: imgexec NAME -- COMMAND; imgexec --help");
	if (o->detach && (o->nkeep || o->npass || o->tty == 1 || o->die_with_parent))
		die(EXIT_OURS, EINVAL, "-d: --keep-fd, --pass-fd, --die-with-parent and -t need somebody who stays: leave out one of them");
}

/* For one that is started by us, not by exec: argv[0] is passed over. */
void parse_command(int argc, char **argv, struct options *o)
{
	int which = NOTHING;

	parse(argc, argv, o, &which);
	if (which != NOTHING)
		die(EXIT_OURS, EINVAL, "%s: not for a command", argv[optind - 1]);
}

int main(int argc, char **argv)
{
	struct options o;
	int which = NOTHING, kept[KEPT_FDS];
	char **given;

	/* Before all else: inside a namespace we would be within reach of those who live there. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		die(EXIT_OURS, errno, "prctl: PR_SET_DUMPABLE: it must be permitted");
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(EXIT_OURS);
	prctl(PR_SET_NAME, "imgexec"); /* executed by descriptor, we are called otherwise */
	given = calloc((size_t)argc + 1, sizeof *argv);
	if (!given)
		die(EXIT_OURS, errno, "arguments: out of memory");
	memcpy(given, argv, (size_t)argc * sizeof *argv); /* parsing writes over them */
	parse(argc, argv, &o, &which);
	if (which == SERVE_PINS)
		return serve(argv[optind - 1]);
	if (which == LAUNCH_COMMANDS) {
		seal_self(given, NULL, 0);
		return launch();
	}
	if (close_all_but(kept, kept_fds(&o, kept)) < 0)
		die_at("descriptors");
	if (geteuid() != 0)
		rootless();
	if (o.program >= 0)
		o.program = sealed_copy(o.program);
	o.given = given;
	enter(&o);
}
