#include "imgexec.h"

enum {
	FOR = 1, MODE = 2, ASK = 4, TYPE = 8, PIN = 16, INO = 32, ID = 64, FS = 128, TO = 256, FROM = 512, FLAGS = 1024, DATA = 2048,
	KEEP = 4096, ANY = FOR | MODE | ASK,
	IMAGE = 1, SERIAL = 2, CGROUP = 4, CGROUP_KIND = 8, CGROUP_LIMIT = 16, STEPS = 32,
};

static const struct { const char *name; unsigned bit; } arguments[] = {
	{"for", FOR}, {"mode", MODE}, {"ask", ASK}, {"type", TYPE}, {"pin", PIN}, {"ino", INO}, {"id", ID}, {"fs", FS}, {"to", TO},
	{"from", FROM}, {"flags", FLAGS}, {"data", DATA}, {"keep", KEEP},
};

static const struct { const char *name; unsigned required, allowed; } kinds[] = {
	[JOIN] = {"join", FOR | TYPE | PIN | INO, ANY | TYPE | PIN | INO | ID},
	[MOUNT] = {"mount", FOR | FS | TO, ANY | FS | TO | FLAGS | DATA | KEEP},
	[BIND] = {"bind", FOR | FROM | TO, ANY | FROM | TO | FLAGS},
	[COVER] = {"cover", FOR | TO, ANY | TO},
};

static const struct { const char *name; int flag; } types[] = {
	{"net", CLONE_NEWNET}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC}, {"cgroup", CLONE_NEWCGROUP}, {"pid", CLONE_NEWPID},
	{"time", CLONE_NEWTIME}, {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},
};

/* MS_ and MOUNT_ATTR_ agree on these four */
static const struct { const char *name; unsigned long flag; } mount_flags[] = {{"ro", 1}, {"nosuid", 2}, {"nodev", 4}, {"noexec", 8}};

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
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define WORD DIGITS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

bool valid_serial(const char *s)
{
	size_t n = span(s, DIGITS, 20);
	return n && s[n] == '\0';
}

bool valid_pin(const char *s)
{
	size_t n = span(s, LOWER, 16);
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
	if ((*seen & arguments[i].bit) && arguments[i].bit != KEEP)
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
	case KEEP: ok = valid_path(value); break;
	}
	return ok ? NULL : "a step's argument has a value that cannot be";
}

static const char *finish(const struct step *st, unsigned seen)
{
	const char *key, *value;

	if ((seen & kinds[st->kind].required) != kinds[st->kind].required)
		return "a step lacks an argument";
	for (const char *s = st->args; s < st->end;) {
		s = next_pair(s, &key, &value);
		if (is(key, "keep") && (strncmp(value, st->to, strlen(st->to)) != 0 || value[strlen(st->to)] != '/'))
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
		bit = CGROUP_LIMIT, plan->limit = value, ok = valid_path(value);
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

const char *plan_parse(const char *text, size_t len, struct plan *plan)
{
	const char *end = text + len, *key, *value, *why, *next;
	struct step *st = NULL;
	unsigned head = 0, seen = 0;
	size_t strings = 0, pairs = 0, rest = 0;

	plan->image = plan->serial = plan->cgroup = NULL;
	plan->cgroup_v1 = false;
	plan->limit = NULL;
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
	return NULL;
}
