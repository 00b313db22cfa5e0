#include "imgexec.h"

enum {
	FOR = 1 << 0, MODE = 1 << 1, ASK = 1 << 2, TYPE = 1 << 3, PIN = 1 << 4, INO = 1 << 5, ID = 1 << 6, FS = 1 << 7, TO = 1 << 8, FROM = 1 << 9,
	FLAGS = 1 << 10, DATA = 1 << 11, KEEP = 1 << 12, MAKE = 1 << 13, OPTIONAL = 1 << 14, MAP = 1 << 15, LOWER = 1 << 16, UPPER = 1 << 17,
	WORK = 1 << 18, SIZE = 1 << 19, TARGET = 1 << 20, FILTER = 1 << 21, LOG = 1 << 22, RESOURCE = 1 << 23, SOFT = 1 << 24, HARD = 1 << 25,
	BITS = 1 << 26, UID = 1 << 27, GID = 1 << 28, NOFOLLOW = 1 << 29, UIDS = 1 << 30, GIDS = INT_MIN,
	ANY = FOR | MODE | ASK,
	IMAGE = 1, SERIAL = 2, CGROUP = 4, CGROUP_KIND = 8, STEPS = 16,
};

static const struct { const char *name; unsigned bit; } arguments[] = {
	{"for", FOR}, {"mode", MODE}, {"ask", ASK}, {"type", TYPE}, {"pin", PIN}, {"ino", INO}, {"id", ID}, {"fs", FS}, {"to", TO},
	{"from", FROM}, {"flags", FLAGS}, {"data", DATA}, {"keep", KEEP}, {"make", MAKE}, {"optional", OPTIONAL}, {"map", MAP}, {"lower", LOWER},
	{"upper", UPPER}, {"work", WORK}, {"size", SIZE}, {"target", TARGET}, {"filter", FILTER}, {"log", LOG}, {"resource", RESOURCE},
	{"soft", SOFT}, {"hard", HARD}, {"mask", BITS}, {"uid", UID}, {"gid", GID}, {"nofollow", NOFOLLOW}, {"uids", UIDS},
	{"gids", GIDS},
};

static const struct { const char *name; unsigned required, allowed; } kinds[] = {
	[JOIN] = {"join", FOR | TYPE | PIN | INO, ANY | TYPE | PIN | INO | ID | UID | GID},
	[NEW] = {"new", FOR | TYPE, ANY | TYPE | UIDS | GIDS | DATA | UID | GID},
	[ROOT] = {"root", FOR, ANY | FROM | FS | DATA | FLAGS | NOFOLLOW},
	[MOUNT] = {"mount", FOR | FS | TO, ANY | FS | TO | FLAGS | DATA | KEEP | MAKE | OPTIONAL},
	[BIND] = {"bind", FOR | FROM | TO, ANY | FROM | TO | FLAGS | MAKE | OPTIONAL | MAP | NOFOLLOW},
	[OVERLAY] = {"overlay", FOR | LOWER | TO, ANY | LOWER | TO | UPPER | WORK | SIZE | FLAGS | MAKE | NOFOLLOW},
	[DEV] = {"dev", FOR | TO, ANY | TO | MAKE},
	[LINK] = {"link", FOR | TO | TARGET, ANY | TO | TARGET | MAKE},
	[MASK] = {"mask", FOR | TO, ANY | TO},
	[COVER] = {"cover", FOR | TO, ANY | TO | FROM | FLAGS | PIN | UID | GID},
	[CAPS] = {"caps", FOR | KEEP, ANY | KEEP},
	[NNP] = {"nnp", FOR, ANY},
	[SECCOMP] = {"seccomp", FOR | FILTER, ANY | FILTER | LOG},
	[RLIMIT] = {"rlimit", FOR | RESOURCE | SOFT | HARD, ANY | RESOURCE | SOFT | HARD},
	[UMASK] = {"umask", FOR | BITS, ANY | BITS},
	[CWD] = {"cwd", FOR | TO, ANY | TO},
	[KEYRING] = {"keyring", FOR, ANY},
	[WITHIN] = {"within", FOR | TO, ANY | TO},
};

static const struct { const char *name; int flag; } types[] = {
	{"net", CLONE_NEWNET}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC}, {"cgroup", CLONE_NEWCGROUP}, {"pid", CLONE_NEWPID},
	{"time", CLONE_NEWTIME}, {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},
};

static const struct { const char *name; unsigned long flag; } mount_flags[] = { /* MOUNT_ATTR_ */
	{"ro", 1}, {"nosuid", 2}, {"nodev", 4}, {"noexec", 8}, {"noatime", 16},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool parse_u64(const char *s, uint64_t *n)
{
	if (*s == '\0' || (*s == '0' && s[1] != '\0'))
		return false;
	for (*n = 0; *s; s++) {
		unsigned digit = (unsigned)*s - '0';
		if (digit > 9 || *n > (UINT64_MAX - digit) / 10)
			return false;
		*n = *n * 10 + digit;
	}
	return true;
}

static size_t span(const char *s, const char *set, size_t max)
{
	size_t n = strspn(s, set);
	return n <= max ? n : 0;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define WORD DIGITS LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

bool valid_serial(const char *s)
{
	size_t n = span(s, DIGITS, 20);
	return n && s[n] == '\0';
}

bool valid_pin(const char *s)
{
	size_t n = span(s, LETTERS, 16);
	return n && s[n] == '\0';
}

static bool valid_pin_path(const char *s)
{
	size_t n = span(s, DIGITS, 20);
	return n && s[n] == '/' && valid_pin(s + n + 1);
}

bool valid_name(const char *s)
{
	if (strlen(s) > 255)
		return false;
	for (;; s++) {
		size_t n = span(s, WORD "-", 63);
		if (n == 0 || *s == '-')
			return false;
		s += n;
		if (*s != '.')
			return *s == '\0';
	}
}

static bool valid_path(const char *s)
{
	return *s == '/' && strlen(s) < PATH_MAX;
}

static bool parse_type(const char *s, int *type)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (is(s, types[i].name)) {
			*type = types[i].flag;
			return true;
		}
	return false;
}

/* base 8 or 16, without a prefix */
static bool parse_bits(const char *s, unsigned base, uint64_t *n)
{
	if (*s == '\0')
		return false;
	for (*n = 0; *s; s++) {
		unsigned digit = (unsigned)*s - '0';
		if (digit > 9)
			digit = (unsigned)*s - 'a' + 10;
		if (digit >= base || *n > (UINT64_MAX - digit) / base)
			return false;
		*n = *n * base + digit;
	}
	return true;
}

static bool parse_limit(const char *s, uint64_t *n)
{
	*n = UINT64_MAX;
	return is(s, "infinity") || (parse_u64(s, n) && *n != UINT64_MAX);
}

static bool valid_filter(const char *s)
{
	size_t n = strspn(s, DIGITS "abcdef");
	return s[n] == '\0' && n > 0 && n % 16 == 0 && n / 16 <= FILTER_MAX;
}

/* Lines of uid_map. */
static bool valid_maps(const char *s)
{
	return *s != '\0' && strspn(s, DIGITS " \n") == strlen(s) && strlen(s) < 4096;
}

/* Lines of timens_offsets; what they say the kernel checks. */
bool valid_offsets(const char *s)
{
	return *s != '\0' && strspn(s, DIGITS LETTERS "- \n") == strlen(s) && strlen(s) < 128;
}

/* What can be new, and how: a user namespace with maps, a network with loopback up, clocks with offsets. */
static bool valid_new(const struct step *st)
{
	if (st->type == CLONE_NEWTIME)
		return !st->uids && !st->gids && (!st->data || valid_offsets(st->data));
	if (st->type == CLONE_NEWUSER)
		return st->uids && st->gids && (!st->data || is(st->data, "deny"));
	return !st->uids && !st->gids && (st->type == CLONE_NEWNET || st->type == CLONE_NEWPID || st->type == CLONE_NEWUTS || st->type == CLONE_NEWIPC)
		&& (!st->data || (st->type == CLONE_NEWNET && is(st->data, "up")));
}

static bool parse_make(const char *s, struct step *st)
{
	st->make = is(s, "dir") ? MAKE_DIR : is(s, "file") ? MAKE_FILE : is(s, "yes") ? MAKE_SAME : MAKE_NOTHING;
	if (st->make == MAKE_DIR)
		return true;
	return st->make != MAKE_NOTHING && (st->kind == BIND || (st->kind == LINK && st->make == MAKE_SAME));
}

static bool parse_flags(const char *s, unsigned long *flags)
{
	for (;;) {
		size_t n = strcspn(s, ","), i = 0;
		while (i < COUNT(mount_flags) && !(strlen(mount_flags[i].name) == n && memcmp(s, mount_flags[i].name, n) == 0))
			i++;
		if (i == COUNT(mount_flags))
			return false;
		*flags |= mount_flags[i].flag;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

const char *next_pair(const char *s, const char **key, const char **value)
{
	*key = s;
	*value = s + strlen(s) + 1;
	return *value + strlen(*value) + 1;
}

static const char *argument(struct step *st, unsigned *seen, const char *key, const char *value)
{
	size_t i = 0;
	bool ok = true;

	while (i < COUNT(arguments) && !is(key, arguments[i].name))
		i++;
	if (i == COUNT(arguments) || !(kinds[st->kind].allowed & arguments[i].bit))
		return "a step has an argument that it does not take";
	if ((*seen & arguments[i].bit) && !(arguments[i].bit == KEEP && st->kind == MOUNT) && arguments[i].bit != LOWER)
		return "a step has an argument twice";
	*seen |= arguments[i].bit;
	switch (arguments[i].bit) {
	case FOR: st->component = value; ok = *value != '\0'; break;
	case MODE: st->live = is(value, "live"); st->effective = is(value, "effective"); ok = st->live || st->effective; break;
	case ASK: st->ask = true; ok = is(value, "yes"); break;
	case TYPE: ok = parse_type(value, &st->type); break;
	case PIN: st->pin = value; ok = valid_pin_path(value); break;
	case INO: ok = parse_u64(value, &st->ino) && st->ino != 0; break;
	case ID: ok = parse_u64(value, &st->id) && st->id != 0; break;
	case FS: st->fs = value; ok = *value != '\0'; break;
	case TO: st->to = value; ok = valid_path(value); break;
	case FROM: st->from = value; ok = valid_path(value); break;
	case FLAGS: ok = parse_flags(value, &st->flags); break;
	case DATA: st->data = value; break;
	case KEEP: ok = st->kind == CAPS ? parse_bits(value, 16, &st->caps) : valid_path(value); break;
	case MAKE: ok = parse_make(value, st); break;
	case NOFOLLOW: st->nofollow = true; ok = is(value, "yes"); break;
	case OPTIONAL: st->optional = true; ok = is(value, "yes"); break;
	case MAP: st->pin = value; ok = valid_pin_path(value); break;
	case LOWER: ok = valid_path(value); break;
	case UPPER: st->upper = value; ok = valid_path(value); break;
	case WORK: st->work = value; ok = valid_path(value); break;
	case SIZE: st->size = value; ok = valid_serial(value); break;
	case TARGET: st->target = value; ok = *value != '\0' && strlen(value) < PATH_MAX; break;
	case FILTER: st->filter = value; ok = valid_filter(value); break;
	case LOG: st->log = true; ok = is(value, "yes"); break;
	case RESOURCE: ok = parse_u64(value, &st->resource) && st->resource < 16; break;
	case SOFT: ok = parse_limit(value, &st->soft); break;
	case HARD: ok = parse_limit(value, &st->hard); break;
	case BITS: ok = parse_bits(value, 8, &st->mask) && st->mask <= 0777; break;
	case UID: ok = parse_u64(value, &st->uid) && st->uid < UINT32_MAX; break;
	case UIDS: st->uids = value; ok = valid_maps(value); break;
	case (unsigned)GIDS: st->gids = value; ok = valid_maps(value); break;
	case GID: ok = parse_u64(value, &st->gid) && st->gid < UINT32_MAX; break;
	}
	return ok ? NULL : "a step's argument has a value that cannot be";
}

static const char *finish(const struct step *st, unsigned seen)
{
	const char *key, *value;

	if ((seen & kinds[st->kind].required) != kinds[st->kind].required)
		return "a step lacks an argument";
	if (st->kind == NEW && !valid_new(st))
		return "a `new` namespace is of a type, or made in a way, that cannot be";
	if (st->kind == ROOT && !st->from == !st->fs)
		return "a `root` has both `from` and `fs`, or neither";
	if (st->kind == OVERLAY && (!st->upper != !st->work || (st->upper && st->size)))
		return "an `overlay` has `upper` without `work`, or `size` with them";
	if (st->kind == COVER && st->pin && st->from)
		return "a `cover` has both `from` and `pin`";
	if (st->kind == RLIMIT && st->soft > st->hard)
		return "an `rlimit` has `soft` above `hard`";
	for (const char *s = st->args; s < st->end;) {
		s = next_pair(s, &key, &value);
		if (st->kind == MOUNT && is(key, "keep") && (strncmp(value, st->to, strlen(st->to)) != 0 || value[strlen(st->to)] != '/'))
			return "a `keep` is not below `to`";
	}
	return NULL;
}

static const char *header(struct plan *plan, unsigned *seen, const char *key, const char *value)
{
	unsigned bit;
	bool ok;

	if (is(key, "image"))
		bit = IMAGE, plan->image = value, ok = valid_name(value);
	else if (is(key, "serial"))
		bit = SERIAL, plan->serial = value, ok = valid_serial(value);
	else if (is(key, "cgroup"))
		bit = CGROUP, plan->cgroup = value, ok = valid_path(value);
	else if (is(key, "cgroup.limit"))
		bit = 0, ok = valid_path(value) && plan->nlimits < PLAN_LIMITS && (plan->limit[plan->nlimits++] = value);
	else if (is(key, "steps"))
		bit = STEPS, ok = parse_u64(value, &plan->rest);
	else if (is(key, "cgroup.kind"))
		bit = CGROUP_KIND, plan->cgroup_v1 = is(value, "v1"), ok = plan->cgroup_v1 || is(value, "v2");
	else
		return "it has an unknown key";
	if (*seen & bit)
		return "it has a key twice";
	*seen |= bit;
	return ok ? NULL : "a key has a value that cannot be";
}

/* What no single step shows. */
static const char *together(const struct plan *plan)
{
	size_t roots[2] = {0, 0};

	for (const struct step *st = plan->steps; st < plan->steps + plan->nsteps; st++)
		if (st->kind == ROOT || (st->kind == OVERLAY && is(st->to, "/"))) {
			roots[0] += st->live;
			roots[1] += st->effective;
		}
	return roots[0] > 1 || roots[1] > 1 ? "it has more than one root" : NULL;
}

const char *plan_parse(const char *text, size_t len, struct plan *plan)
{
	const char *end = text + len, *key, *value, *why, *next;
	struct step *st = NULL;
	unsigned head = 0, seen = 0;
	size_t strings = 0, pairs = 0, rest = 0;

	plan->image = plan->serial = plan->cgroup = NULL;
	plan->cgroup_v1 = false;
	plan->nlimits = 0;
	plan->nsteps = 0;
	if (len == 0 || len > PLAN_BYTES || end[-1] != '\0')
		return "it is empty, over 1 MiB or does not end in NUL";
	for (const char *s = text; s < end; s += strlen(s) + 1)
		strings++;
	if (strings % 2 || strings / 2 > PLAN_PAIRS)
		return "it has a key without a value, or more than 4096 pairs";
	for (const char *s = text; s < end; s = next) {
		next = next_pair(s, &key, &value);
		if (*key == '\0')
			return "it has an empty key";
		if (pairs++ == 0) {
			if (!is(key, "vimage-plan") || !is(value, "1"))
				return "it is not a plan of version 1";
		} else if (key[0] == 'x' && key[1] == '-') {
			;
		} else if (is(key, "step")) {
			size_t kind = 0;
			if (st && (why = finish(st, seen)))
				return why;
			while (kind < COUNT(kinds) && !is(value, kinds[kind].name))
				kind++;
			if (kind == COUNT(kinds))
				return "it has an unknown step";
			st = &plan->steps[plan->nsteps++];
			*st = (struct step){.kind = kind, .live = true, .effective = true, .fd = -1, .args = next};
			seen = 0;
		} else if ((why = st ? argument(st, &seen, key, value) : header(plan, &head, key, value)))
			return why;
		if (st)
			st->end = next, rest++;
	}
	if (st && (why = finish(st, seen)))
		return why;
	if (!plan->image || !plan->serial || !(head & STEPS) || (plan->cgroup && !(head & CGROUP_KIND)))
		return "it lacks `image`, `serial`, `steps` or `cgroup.kind`";
	if (plan->rest != rest)
		return "its end is missing"; /* one that lost its last step would isolate less */
	return together(plan);
}
