/* What an update has still to do: which pieces go where. */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
plan_free(struct plan *plan)
{
	free(plan->pieces);
	memset(plan, 0, sizeof(*plan));
}

/* Room is made in powers of two, so that no plan is quadratic. */
static int
make_room(struct plan *plan)
{
	size_t count = plan->count;
	struct piece *larger;

	if (plan->pieces != NULL && (count & (count - 1)) != 0)
		return 0;
	larger = realloc(
	    plan->pieces, (count == 0 ? 1 : 2 * count) * sizeof(*larger));
	if (larger == NULL)
		return -1;
	plan->pieces = larger;
	return 0;
}

int
plan_add(struct plan *plan, off_t from, off_t to)
{
	if (from == to)
		return 0;
	if (plan->count > 0 && plan->pieces[plan->count - 1].to == from) {
		plan->pieces[plan->count - 1].to = to;
		return 0;
	}
	if (make_room(plan) == -1)
		return -1;
	plan->pieces[plan->count].from = from;
	plan->pieces[plan->count].to = to;
	plan->count++;
	return 0;
}

/* Where message i ends together with the empty line behind it. */
static off_t
message_end(const struct index *index, size_t i)
{
	return i + 1 < index->count ? index->messages[i + 1].start
				    : index->size;
}

int
plan_make(struct plan *plan, const struct index *index, off_t size)
{
	size_t i = 0;

	memset(plan, 0, sizeof(*plan));
	while (i < index->count && !index->messages[i].is_deleted)
		i++;
	plan->size = size;
	plan->target = i < index->count ? index->messages[i].start : size;
	for (; i < index->count; i++)
		if (!index->messages[i].is_deleted &&
		    plan_add(plan, index->messages[i].start,
			message_end(index, i)) == -1)
			break;
	if (i == index->count && plan_add(plan, index->size, size) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

off_t
plan_length(const struct plan *plan)
{
	off_t length = 0;
	size_t i;

	for (i = 0; i < plan->count; i++)
		length += plan->pieces[i].to - plan->pieces[i].from;
	return length;
}

void
plan_advance(struct plan *plan, off_t length)
{
	size_t done = 0;

	plan->target += length;
	while (done < plan->count &&
	    plan->pieces[done].to - plan->pieces[done].from <= length) {
		length -= plan->pieces[done].to - plan->pieces[done].from;
		done++;
	}
	plan->count -= done;
	memmove(plan->pieces, plan->pieces + done,
	    plan->count * sizeof(*plan->pieces));
	if (plan->count > 0)
		plan->pieces[0].from += length;
}

int
plan_read(
    const struct plan *plan, int fd, off_t skip, char *buffer, size_t length)
{
	size_t i;

	for (i = 0; i < plan->count && length > 0; i++) {
		off_t from = plan->pieces[i].from + skip;
		off_t left = plan->pieces[i].to - from;
		size_t part;

		if (left <= 0) {
			skip = -left;
			continue;
		}
		part = left < (off_t)length ? (size_t)left : length;
		if (fileio_read_at(fd, buffer, part, from) != (ssize_t)part) {
			errno = EIO;
			return -1;
		}
		buffer += part;
		length -= part;
		skip = 0;
	}
	return 0;
}
