#include "imgexec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
			if (!s->component || (s->kind == JOIN) != (s->pin != NULL) || (s->kind != JOIN && !s->to) || s->end > text + size)
				abort();
		for (const char *p = plan.nsteps ? plan.steps[0].args : NULL, *k, *v; p && p < text + size; p = next_pair(p, &k, &v))
			rest++;
		if (plan.rest != rest + (plan.nsteps > 0)) /* `args` begins behind the first step's own pair */
			abort();
	}
	free(text);
	return 0;
}
