/* What an update has still to do: which octets go where. */
#include "config.h"

#include "mbox/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
plan_free(struct plan *plan)
{
	free(plan->pieces);
	free(plan->text);
	memset(plan, 0, sizeof(*plan));
}

/* ---- making one --------------------------------------------------------- */

/* Makes room for one more of count things.  Room is made in powers of two, so
 * that no plan is quadratic.  NULL with errno; data is still valid then. */
static void *
make_room(void *data, size_t count, size_t size)
{
	if (data != NULL && (count & (count - 1)) != 0)
		return data;
	return realloc(data, (count == 0 ? 1 : 2 * count) * size);
}

static bool
continues(const struct piece *piece, off_t target, off_t from)
{
	return piece->target + piece->length == target &&
	    piece->from + piece->length == from;
}

static int
add_piece(struct plan *plan, off_t from, off_t length)
{
	struct piece *larger;

	if (plan->count > 0 &&
	    continues(&plan->pieces[plan->count - 1], plan->end, from)) {
		plan->pieces[plan->count - 1].length += length;
		return 0;
	}
	larger = make_room(plan->pieces, plan->count, sizeof(*larger));
	if (larger == NULL)
		return -1;
	plan->pieces = larger;
	plan->pieces[plan->count].target = plan->end;
	plan->pieces[plan->count].length = length;
	plan->pieces[plan->count].from = from;
	plan->count++;
	return 0;
}

int
plan_keep(struct plan *plan, off_t from, off_t to)
{
	if (from != to && from != plan->end &&
	    add_piece(plan, from, to - from) == -1)
		return -1;
	plan->end += to - from;
	return 0;
}

static int
add_text(struct plan *plan, char octet)
{
	char *larger = make_room(plan->text, plan->text_length, 1);

	if (larger == NULL)
		return -1;
	plan->text = larger;
	plan->text[plan->text_length++] = octet;
	return 0;
}

int
plan_insert(struct plan *plan, const char *text, size_t length)
{
	off_t from = TEXT_BASE + (off_t)plan->text_length;
	size_t i;

	for (i = 0; i < length; i++)
		if (add_text(plan, text[i]) == -1)
			return -1;
	if (add_piece(plan, from, (off_t)length) == -1)
		return -1;
	plan->end += (off_t)length;
	return 0;
}

/* ---- from an index ------------------------------------------------------ */

/* Where message i ends together with the empty line behind it. */
static off_t
message_end(const struct index *index, size_t i)
{
	return i + 1 < index->count ? index->messages[i + 1].start
				    : index->size;
}

/* Keeps the octets up to to, with the additions before it. */
static int
keep_with_additions(struct plan *plan, off_t from, off_t to,
    const struct additions *additions, size_t *next)
{
	while (*next < additions->count && additions->list[*next].at < to) {
		const struct addition *addition = &additions->list[*next];

		if (plan_keep(plan, from, addition->at) == -1 ||
		    plan_insert(plan, addition->text, addition->length) == -1)
			return -1;
		from = addition->at;
		(*next)++;
	}
	return plan_keep(plan, from, to);
}

static int
plan_messages(struct plan *plan, const struct index *index,
    const struct additions *additions)
{
	size_t next = 0;
	size_t i;

	for (i = 0; i < index->count; i++)
		if (!index->messages[i].is_deleted &&
		    keep_with_additions(plan, index->messages[i].start,
			message_end(index, i), additions, &next) == -1)
			return -1;
	return 0;
}

int
plan_make(struct plan *plan, const struct index *index,
    const struct additions *additions, off_t size)
{
	off_t first =
	    index->count == 0 ? index->size : index->messages[0].start;

	memset(plan, 0, sizeof(*plan));
	plan->size = size;
	if (plan_keep(plan, 0, first) == 0 &&
	    plan_messages(plan, index, additions) == 0 &&
	    plan_keep(plan, index->size, size) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

/* ---- a copy ------------------------------------------------------------- */

static bool
is_in(off_t from, off_t length, off_t start, off_t end)
{
	return from >= start && from <= end && length <= end - from;
}

/* Targets follow each other, and so do sources. */
static bool
is_sound(const struct plan *plan)
{
	off_t text_end = TEXT_BASE + (off_t)plan->text_length;
	off_t target = 0;
	off_t from = 0;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		const struct piece *piece = &plan->pieces[i];

		if (piece->length <= 0 ||
		    !is_in(piece->target, piece->length, target, plan->end))
			return false;
		if (is_in(piece->from, piece->length, from, plan->size))
			from = piece->from + piece->length;
		else if (!is_in(
			     piece->from, piece->length, TEXT_BASE, text_end))
			return false;
		target = piece->target + piece->length;
	}
	return plan->size < TEXT_BASE && plan->end < TEXT_BASE;
}

/* As much room as make_room() would have made. */
static size_t
room_for(size_t count)
{
	size_t room = 1;

	while (room < count)
		room *= 2;
	return room;
}

int
plan_copy(struct plan *copy, const struct plan *plan)
{
	*copy = *plan;
	copy->pieces = NULL;
	copy->text = NULL;
	if (!is_sound(plan)) {
		errno = EINVAL;
		return -1;
	}
	copy->pieces = calloc(room_for(plan->count), sizeof(struct piece));
	copy->text = calloc(room_for(plan->text_length), 1);
	if (copy->pieces == NULL || copy->text == NULL) {
		plan_free(copy);
		return -1;
	}
	memcpy(copy->pieces, plan->pieces, plan->count * sizeof(struct piece));
	memcpy(copy->text, plan->text, plan->text_length);
	return 0;
}
