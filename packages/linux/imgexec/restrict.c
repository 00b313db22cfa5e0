#include "imgexec.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { KEYCTL_JOIN = 1 };

static const struct step *next_of(const struct plan *plan, const struct step *st, unsigned kind)
{
	for (st = st ? st + 1 : plan->steps; st < plan->steps + plan->nsteps; st++)
		if (st->use && (unsigned)st->kind == kind)
			return st;
	return NULL;
}

static bool has(const struct plan *plan, unsigned kind)
{
	return next_of(plan, NULL, kind);
}

uint64_t kept_caps(const struct plan *plan)
{
	uint64_t keep = UINT64_MAX;

	for (const struct step *st = NULL; (st = next_of(plan, st, CAPS));)
		keep &= st->caps;
	return keep;
}

static void limit(const struct step *st)
{
	uint64_t want[2] = {st->soft, st->hard}, now[2];
	int resource = (int)st->resource;

	if (syscall(SYS_prlimit64, 0, resource, NULL, now) < 0)
		die(EXIT_OURS, errno, "rlimit: %d: this kernel has no such resource", resource);
	for (int i = 0; i < 2; i++)
		if (want[i] > now[1])
			want[i] = now[1];
	if (syscall(SYS_prlimit64, 0, resource, want, NULL) < 0)
		die(EXIT_OURS, errno, "rlimit: %d: it cannot be set", resource);
}

void restrict_first(const struct plan *plan)
{
	uint64_t keep = kept_caps(plan);

	for (const struct step *st = NULL; (st = next_of(plan, st, RLIMIT));)
		limit(st);
	for (const struct step *st = NULL; (st = next_of(plan, st, UMASK));)
		umask((mode_t)st->mask);
	if (has(plan, KEYRING) && syscall(SYS_keyctl, KEYCTL_JOIN, NULL) < 0 && errno != ENOSYS)
		die(EXIT_OURS, errno, "keyring: none of its own could be made");
	if (has(plan, CAPS) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		die(EXIT_OURS, errno, "caps: the ambient set cannot be emptied");
	for (int cap = 0; cap < 64; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap) < 0)
			die(EXIT_OURS, errno, "caps: capability %d cannot be given up: needs CAP_SETPCAP", cap);
	/* Without no_new_privs a filter takes CAP_SYS_ADMIN, whoever we are by then. */
	if (has(plan, SECCOMP) && !has(plan, NNP) && prctl(PR_SET_KEEPCAPS, 1) < 0)
		die(EXIT_OURS, errno, "seccomp: PR_SET_KEEPCAPS: it must be permitted");
}

static void set_caps(uint64_t keep, bool raise)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		die(EXIT_OURS, errno, "caps: they cannot be read");
	for (int i = 0; i < 2; i++) {
		uint32_t mask = (uint32_t)(keep >> (32 * i));
		data[i].permitted &= mask;
		data[i].effective = raise ? data[i].permitted : data[i].effective & mask;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		die(EXIT_OURS, errno, "caps: they cannot be given up");
}

static void filter(const struct step *st)
{
	static struct sock_filter code[FILTER_MAX];
	static const char digits[] = "0123456789abcdef";
	uint8_t *byte = (uint8_t *)code;
	struct sock_fprog program = {(unsigned short)(strlen(st->filter) / 16), code};

	for (const char *s = st->filter; *s; s += 2)
		*byte++ = (uint8_t)((strchr(digits, s[0]) - digits) << 4 | (strchr(digits, s[1]) - digits));
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, st->log ? SECCOMP_FILTER_FLAG_LOG : 0, &program) < 0)
		die(EXIT_OURS, errno, "seccomp: the kernel does not take the filter of %s", st->component);
}

void restrict_last(const struct plan *plan)
{
	bool nnp = has(plan, NNP), caps = has(plan, CAPS), filters = has(plan, SECCOMP), later = filters && !nnp;
	uint64_t keep = kept_caps(plan);

	if (later)
		set_caps(UINT64_MAX, true);
	if (caps && !later)
		set_caps(keep, false);
	if (nnp && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die(EXIT_OURS, errno, "nnp: PR_SET_NO_NEW_PRIVS: it must be permitted");
	for (const struct step *st = NULL; (st = next_of(plan, st, SECCOMP));)
		filter(st);
	if (later)
		set_caps(geteuid() == 0 ? keep : 0, false);
}
