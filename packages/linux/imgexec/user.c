#include "imgexec.h"

#include <stdlib.h>
#include <sys/stat.h>

struct text {
	char *s, *end;
};

static struct text slurp(const char *path)
{
	struct stat st;
	struct text t = {NULL, NULL};
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), n;

	if (fd < 0 && errno == ENOENT)
		return t;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > 1 << 26 || !(t.s = malloc((size_t)st.st_size + 1))
	    || (n = read_all(fd, t.s, (size_t)st.st_size)) < 0)
		die(EXIT_OURS, errno ? errno : EINVAL, "user: %s: it must be a readable file", path);
	close(fd);
	t.end = t.s + n;
	*t.end = '\0';
	return t;
}

/* Cuts the next line into exactly `want` fields; other lines are passed over. */
static bool next_entry(struct text *t, char **field, int want)
{
	while (t->s < t->end) {
		char *line = t->s, *stop = memchr(line, '\n', (size_t)(t->end - line));
		int n = 1;

		if (!stop)
			stop = t->end;
		t->s = stop + 1;
		*stop = '\0';
		if (strlen(line) != (size_t)(stop - line))
			continue;
		field[0] = line;
		for (char *c = line; (c = strchr(c, ':')); n++) {
			*c++ = '\0';
			if (n < want)
				field[n] = c;
		}
		if (n == want)
			return true;
	}
	return false;
}

/* (uid_t)-1 means "leave it" to the kernel: never a user. */
static bool parse_id(const char *s, uint32_t *id)
{
	uint64_t n;

	if (!parse_u64(s, &n) || n >= UINT32_MAX)
		return false;
	*id = (uint32_t)n;
	return true;
}

static bool is_name(const char *s)
{
	if (*s == '\0' || *s == '-' || *s == '+')
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s == 127 || *s == ':' || *s == ',' || *s == '/')
			return false;
	return true;
}

static bool listed(const char *name, char *list)
{
	for (char *s; (s = strsep(&list, ","));)
		if (strcmp(s, name) == 0)
			return true;
	return false;
}

static void add_group(struct user *u, gid_t gid)
{
	if (u->ngroups == NGROUPS_MAX)
		die(EXIT_OURS, EOVERFLOW, "user: %s: at most %d groups", u->name, NGROUPS_MAX);
	u->groups[u->ngroups++] = gid;
}

/* USER[:GROUP]. All digits are a number, never a name: what is meant must not depend on what the image's files hold. */
void user_find(const char *spec, struct user *u)
{
	struct text passwd = slurp("/etc/passwd"), group;
	const char *want_group = strchr(spec, ':');
	char *name = strndup(spec, want_group ? (size_t)(want_group++ - spec) : strlen(spec)), *f[7];
	bool number = parse_id(name, &u->uid), found = false, group_found = false;
	uint32_t id;

	u->name = name;
	u->home = "/";
	u->shell = "/bin/sh";
	if (!number && (!is_name(name) || strspn(name, "0123456789") == strlen(name)))
		die(EXIT_OURS, EINVAL, "user: \"%s\": expected a name or a number up to 4294967294", name);
	while (!found && next_entry(&passwd, f, 7)) {
		if (number ? !parse_id(f[2], &id) || id != u->uid : strcmp(f[0], name) != 0)
			continue;
		if (!parse_id(f[2], &u->uid) || !parse_id(f[3], &u->gid))
			die(EXIT_OURS, EBADMSG, "user: \"%s\": its line in the image's /etc/passwd has no proper numbers", name);
		found = true;
		u->name = f[0];
		if (*f[5] == '/')
			u->home = f[5];
		if (*f[6] == '/')
			u->shell = f[6];
	}
	if (!found && (!number || !want_group))
		die(EXIT_OURS, ENOENT, "user: \"%s\": not in the image's /etc/passwd; a number needs its group then: -u UID:GID", name);
	if (want_group && parse_id(want_group, &u->gid)) {
		add_group(u, u->gid);
		return;
	}
	if (want_group && (!is_name(want_group) || strspn(want_group, "0123456789") == strlen(want_group)))
		die(EXIT_OURS, EINVAL, "group: \"%s\": expected a name or a number up to 4294967294", want_group);
	group = slurp("/etc/group");
	if (!want_group)
		add_group(u, u->gid);
	while (next_entry(&group, f, 4)) {
		if (want_group ? strcmp(f[0], want_group) != 0 || group_found : !listed(u->name, f[3]))
			continue;
		if (!parse_id(f[2], &id))
			die(EXIT_OURS, EBADMSG, "group: \"%s\": its line in the image's /etc/group has no proper number", f[0]);
		group_found = true;
		if (want_group)
			u->gid = id;
		if (want_group || id != u->gid)
			add_group(u, id);
	}
	if (want_group && !group_found)
		die(EXIT_OURS, ENOENT, "group: \"%s\": not in the image's /etc/group; give its number", want_group);
}

/* NULL where /etc/passwd does not have it. */
const char *user_name(uid_t uid)
{
	struct text passwd = slurp("/etc/passwd");
	uint32_t id;
	char *f[7];

	while (next_entry(&passwd, f, 7))
		if (parse_id(f[2], &id) && id == uid)
			return f[0];
	return NULL;
}
