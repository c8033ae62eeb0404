/*
 * Steps of a change: each is looked at before it is taken, so a command that
 * was interrupted goes on where it was when it is given again.
 */
#include "config.h"

#include "admin/private.h"

#include <stdio.h>
#include <sysexits.h>

static void
complain(const struct step *step, const char *what)
{
	warn("%s: something else is there; %s", what, step->remedy);
}

bool
steps_are_free(
    const struct step *const *steps, size_t count, const struct plan *plan)
{
	char what[ADMIN_LINE_SIZE];
	bool are_free = true;
	size_t i;

	for (i = 0; i < count; i++) {
		if (steps[i]->is_soft ||
		    steps[i]->look(plan, steps[i]->name) != SIGHT_FOREIGN)
			continue;
		steps[i]->describe(plan, steps[i]->name, what);
		complain(steps[i], what);
		are_free = false;
	}
	return are_free;
}

static int
make(const struct step *step, const struct plan *plan)
{
	char what[ADMIN_LINE_SIZE];

	step->describe(plan, step->name, what);
	switch (step->look(plan, step->name)) {
	case SIGHT_DONE:
		return EX_OK;
	case SIGHT_FOREIGN:
		complain(step, what);
		return step->is_soft ? EX_OK : EX_CANTCREAT;
	case SIGHT_UNKNOWN:
		return fail_errno("%s", what);
	case SIGHT_ABSENT:
	case SIGHT_CHANGED:
		break;
	}
	if (!plan->admin->is_dry && step->make(plan, step->name) == -1)
		return fail_errno("%s", what);
	printf("%s %s\n", plan->admin->is_dry ? "would make" : "made", what);
	return EX_OK;
}

int
steps_make(
    const struct step *const *steps, size_t count, const struct plan *plan)
{
	int status = EX_OK;
	size_t i;

	for (i = 0; i < count && status == EX_OK; i++)
		status = make(steps[i], plan);
	return status;
}

static int
undo(const struct step *step, const struct plan *plan)
{
	char what[ADMIN_LINE_SIZE];

	if (step->undo == NULL)
		return EX_OK;
	step->describe(plan, step->name, what);
	switch (step->look(plan, step->name)) {
	case SIGHT_ABSENT:
		return EX_OK;
	case SIGHT_FOREIGN:
		warn("%s: something else is there; it stays", what);
		return EX_OK;
	case SIGHT_UNKNOWN:
		return fail_errno("%s", what);
	case SIGHT_DONE:
	case SIGHT_CHANGED:
		break;
	}
	if (!plan->admin->is_dry && step->undo(plan, step->name) == -1)
		return fail_errno("%s", what);
	printf(
	    "%s %s\n", plan->admin->is_dry ? "would remove" : "removed", what);
	return EX_OK;
}

int
steps_undo(
    const struct step *const *steps, size_t count, const struct plan *plan)
{
	int status = EX_OK;

	while (count-- > 0 && status == EX_OK)
		status = undo(steps[count], plan);
	return status;
}
