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
		if (!plan.image || !plan.serial)
			abort();
		for (struct step *s = plan.steps; s < plan.steps + plan.nsteps; s++)
			if (!s->component || (s->kind == JOIN) != (s->pin != NULL) || (s->kind != JOIN && !s->to) || s->end > text + size)
				abort();
	}
	free(text);
	return 0;
}
