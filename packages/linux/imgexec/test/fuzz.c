#include "imgexec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether a step has all that whoever does it goes by without looking. */
static bool is_whole(const struct step *s)
{
	if (!s->component || (s->pin && s->kind != JOIN && s->kind != COVER && s->kind != BIND))
		return false;
	switch (s->kind) {
	case JOIN: return s->pin && s->type && s->ino;
	case NEW: return s->type;
	case ROOT: return !s->from != !s->fs;
	case MOUNT: return s->to && s->fs;
	case BIND: return s->to && s->from;
	case LINK: return s->to && s->target;
	case SECCOMP: return s->filter;
	case CAPS: case NNP: case RLIMIT: case UMASK: case KEYRING: return true;
	default: return s->to;
	}
}

/* The reader must end with a verdict on any bytes, and what it accepts must be whole. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct plan plan;
	char *text = malloc(size + 1); /* exact, so that a step beyond the end is seen */

	memcpy(text, data, size);
	text = realloc(text, size ? size : 1);
	if (!plan_parse(text, size, &plan)) {
		uint64_t rest = 0;

		if (!plan.image || !plan.serial)
			abort();
		for (struct step *s = plan.steps; s < plan.steps + plan.nsteps; s++)
			if (!is_whole(s) || s->end > text + size)
				abort();
		for (const char *p = plan.nsteps ? plan.steps[0].args : NULL, *k, *v; p && p < text + size; p = next_pair(p, &k, &v))
			rest++;
		if (plan.rest != rest + (plan.nsteps > 0)) /* `args` begins behind the first step's own pair */
			abort();
	}
	free(text);
	return 0;
}
