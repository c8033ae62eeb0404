/* A plan under way: what is left of it, and the octets that it brings. */
#include "config.h"

#include "mbox/journal.h"
#include "support/fileio.h"

#include <errno.h>
#include <string.h>

off_t
plan_target(const struct plan *plan)
{
	return plan->count > 0 ? plan->pieces[0].target : plan->end;
}

off_t
plan_left(const struct plan *plan)
{
	off_t left = 0;
	size_t i;

	for (i = 0; i < plan->count; i++)
		left += plan->pieces[i].length;
	return left;
}

/* The first piece that ends behind target. */
static size_t
find_piece(const struct plan *plan, off_t target)
{
	size_t low = 0;
	size_t high = plan->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct piece *piece = &plan->pieces[middle];

		if (piece->target + piece->length <= target)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
drop_start(struct piece *piece, off_t length)
{
	piece->target += length;
	piece->from += length;
	piece->length -= length;
}

void
plan_advance(struct plan *plan, off_t target, off_t length)
{
	size_t first = find_piece(plan, target);
	size_t next = find_piece(plan, target + length);

	if (first < plan->count && plan->pieces[first].target < target) {
		plan->pieces[first].length =
		    target - plan->pieces[first].target;
		if (first++ == next)
			return;
	}
	if (next < plan->count && plan->pieces[next].target < target + length)
		drop_start(&plan->pieces[next],
		    target + length - plan->pieces[next].target);
	if (first >= next)
		return;
	memmove(plan->pieces + first, plan->pieces + next,
	    (plan->count - next) * sizeof(*plan->pieces));
	plan->count -= next - first;
}

/* Octets for neighbouring places that one read(2) brings: those from the file
 * follow each other there. */
struct run {
	size_t length;
	size_t in_file; /* so many of them are in the file, the others text */
	off_t from;	/* ... from here on */
};

static size_t
part_of(const struct piece *piece, off_t target, size_t length)
{
	off_t left = piece->length - (target - piece->target);

	return left < (off_t)length ? (size_t)left : length;
}

static bool
can_join(const struct run *run, const struct piece *piece, off_t target)
{
	return piece->from >= TEXT_BASE || run->in_file == 0 ||
	    run->from + (off_t)run->in_file ==
	    piece->from + (target - piece->target);
}

/* The run that begins at target, which is in piece i: length octets at most. */
static struct run
find_run(const struct plan *plan, size_t i, off_t target, size_t length)
{
	struct run run = { 0 };

	for (; i < plan->count && run.length < length; i++) {
		const struct piece *piece = &plan->pieces[i];
		size_t part = part_of(piece, target, length - run.length);

		if (target < piece->target || !can_join(&run, piece, target))
			break;
		if (piece->from < TEXT_BASE) {
			if (run.in_file == 0)
				run.from =
				    piece->from + (target - piece->target);
			run.in_file += part;
		}
		run.length += part;
		target += (off_t)part;
	}
	return run;
}

/* The octets from the file stand at the end of buffer: brings them forward to
 * their places, with the text between them.  Returns the next piece. */
static size_t
spread(const struct plan *plan, size_t i, off_t target, char *buffer,
    const struct run *run)
{
	const char *at = buffer + (run->length - run->in_file);
	const char *end = buffer + run->length;

	for (; buffer < end; i++) {
		const struct piece *piece = &plan->pieces[i];
		off_t from = piece->from + (target - piece->target);
		size_t part = part_of(piece, target, (size_t)(end - buffer));

		if (from >= TEXT_BASE) {
			memcpy(buffer, plan->text + (from - TEXT_BASE), part);
		} else {
			if (at != buffer)
				memmove(buffer, at, part);
			at += part;
		}
		buffer += part;
		target += (off_t)part;
	}
	return i;
}

static int
read_run(const struct run *run, int fd, char *buffer)
{
	ssize_t n;

	if (run->in_file == 0)
		return 0;
	n = fileio_read_at(
	    fd, buffer + (run->length - run->in_file), run->in_file, run->from);
	if (n == (ssize_t)run->in_file)
		return 0;
	if (n >= 0)
		errno = EIO;
	return -1;
}

int
plan_read(
    const struct plan *plan, int fd, off_t target, char *buffer, size_t length)
{
	size_t i = find_piece(plan, target);

	while (length > 0) {
		struct run run = find_run(plan, i, target, length);

		if (run.length == 0) {
			errno = EINVAL;
			return -1;
		}
		if (read_run(&run, fd, buffer) == -1)
			return -1;
		i = spread(plan, i, target, buffer, &run);
		buffer += run.length;
		length -= run.length;
		target += (off_t)run.length;
	}
	return 0;
}
