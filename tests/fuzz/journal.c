/*
 * What recovery finds in the journal.  Whatever it is, nothing crashes; what
 * does not check leaves the mailbox alone; a journal of ours with damage leads
 * to the new mailbox or leaves it alone.  Input: one of the three kinds, then
 * what follows at each.
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/mail.h"
#include "fuzz.h"
#include "mailbox.h"
#include "mbox/journal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void
prepare(void)
{
	const struct rlimit most = { 1 << 20, 1 << 20 };

	/* A plan that is forged may ask for any size. */
	must(signal(SIGXFSZ, SIG_IGN) != SIG_ERR &&
		setrlimit(RLIMIT_FSIZE, &most) == 0,
	    "setrlimit");
}

static int
recover(const struct mbox_place *place)
{
	struct mbox_reason reason;

	return mbox_recover(place, in_ms(5000), &reason);
}

/* ---- any octets: the length of one file (two octets), both, a mailbox ---- */

static bool
checks(const struct mbox_place *place)
{
	struct step step;
	int found = journal_read(place, &step);

	if (found == 1)
		step_free(&step);
	return found == 1;
}

static void
take_octets(struct input *input)
{
	struct bytes first = input_part(input, input_number(input));
	struct bytes second = input_part(input, input_number(input));
	struct bytes mailbox = input_rest(input), after;
	struct mbox_place place = mailbox_make(&mailbox);
	bool is_step;

	fill_file(place.journal[0], &first);
	fill_file(place.journal[1], &second);
	is_step = checks(&place);
	(void)recover(&place);
	after = mailbox_content();
	must(is_step || bytes_equal(&mailbox, &after),
	    "what does not check changes nothing");
	must(is_step || !mbox_needs_recovery(&place), "and is thrown away");
	bytes_free(&first);
	bytes_free(&second);
	bytes_free(&mailbox);
	bytes_free(&after);
}

/* ---- a step that was forged, with checksums that are right --------------- */

/* Numbers around those that are of interest. */
static off_t
number(struct input *input, off_t size)
{
	unsigned int kind = input_octet(input);
	off_t value = (off_t)input_number(input);

	switch (kind % 8) {
	case 0:
		return size;
	case 1:
		return TEXT_BASE + value;
	case 2:
		return INT64_MAX - value;
	case 3:
		return -value;
	default:
		return value % (size + 1);
	}
}

static void
forge_plan(struct plan *plan, struct input *input, off_t size)
{
	size_t i;

	plan->size = number(input, size);
	plan->end = number(input, size);
	plan->count = input_octet(input) % 6;
	plan->pieces = calloc(plan->count + 1, sizeof(*plan->pieces));
	must(plan->pieces != NULL, "there is memory");
	for (i = 0; i < plan->count; i++) {
		plan->pieces[i].target = number(input, size);
		plan->pieces[i].length = number(input, size);
		plan->pieces[i].from = number(input, size);
	}
	plan->text_length = input_octet(input);
	plan->text = calloc(1, plan->text_length + 1);
	must(plan->text != NULL, "there is memory");
}

static bool
is_in(off_t target, off_t length, off_t size)
{
	return target >= 0 && length >= 0 && target <= size &&
	    length <= size - target;
}

/* Checksums that fit what is there, where there is something. */
static void
forge_sums(struct step *step, int fd, off_t size, bool has_data)
{
	bool is_inside = is_in(step->target, step->length, size);
	size_t room = (size_t)(is_inside ? step->length : 0);

	step->block_count =
	    is_inside ? blocks_count(step->target, step->length) : 0;
	step->old_blocks = calloc(step->block_count + 1, sizeof(uint64_t));
	step->new_blocks = calloc(step->block_count + 1, sizeof(uint64_t));
	step->data = has_data && is_inside ? calloc(1, room + 1) : NULL;
	must(step->old_blocks != NULL && step->new_blocks != NULL, "memory");
	if (!is_inside)
		return;
	(void)blocks_sum_file(fd, step->target, step->length, step->old_blocks);
	(void)blocks_sum_range(fd, 0, step->target, &step->prefix);
	if (step->data != NULL)
		(void)blocks_sum(
		    step->data, room, step->target, step->new_blocks);
}

static void
take_forged(struct input *input)
{
	struct step step = { .generation = 1 + input_octet(input) % 3 };
	unsigned int choices = input_octet(input);
	struct bytes mailbox = input_part(input, input_number(input));
	struct mbox_place place = mailbox_make(&mailbox);
	off_t size = (off_t)mailbox.length;
	int fd = place.journal[choices & 1];
	FILE *file = fopen("box", "r");

	must(file != NULL, "fopen");
	step.inode = box_stat("box").st_ino;
	step.is_extension = (choices & 2) != 0;
	step.target = number(input, size);
	step.length = number(input, size);
	forge_plan(&step.plan, input, size);
	forge_sums(&step, fileno(file), size, (choices & 4) != 0);
	(void)fclose(file);
	if (record_write(fd, &step) == 0 && (choices & 8) != 0)
		(void)record_mark(fd, &step);
	(void)recover(&place);
	step_free(&step);
	bytes_free(&mailbox);
}

/* ---- our own: deleted messages (two octets, a bit for each), how many octets
 * of damage, each with its place (two octets), the mailbox ---------------- */

static void
write_step(struct mbox *mbox, const struct mbox_place *place)
{
	struct job job = { .lock = &mbox->lock,
		.place = place,
		.portion = place->journal_size };
	struct additions none = { 0 };
	struct step step;

	if (plan_make(&job.plan, &mbox->index, &none, mbox->index.size) == -1)
		return;
	if (job.plan.count > 0 || job.plan.end < job.plan.size) {
		must(step_describe(&job, &step) == 0, "it is described");
		must(journal_write(place, &step) == JOURNAL_WRITTEN, "written");
		step_forget(&step);
	}
	free(job.data);
	plan_free(&job.plan);
}

/* Writes the step to the journal; what the mailbox must become. */
static struct bytes
begin(const struct mbox_place *place, const struct bytes *before,
    unsigned int set)
{
	struct mbox *mbox = open_mailbox(place);
	const struct index *index = &mbox->index;
	off_t first =
	    index->count > 0 ? index->messages[0].start : (off_t)before->length;
	struct bytes after = mailbox_text(before, 0, first);
	size_t i;

	for (i = 0; i < index->count; i++) {
		off_t start = index->messages[i].start;
		off_t next = mailbox_next(index, i);

		if ((set >> i % 16 & 1) != 0)
			mbox_delete(mbox, i);
		else
			bytes_add(&after, before->data + start,
			    (size_t)(next - start));
	}
	if (mbox_is_mbox(mbox))
		write_step(mbox, place);
	mbox_close(&mbox);
	return after;
}

static void
damage(const struct mbox_place *place, struct input *input, unsigned int count)
{
	for (; count > 0; count--) {
		off_t position = (off_t)input_number(input);
		char octet = (char)input_octet(input);
		int i;

		for (i = 0; i < 2; i++)
			if (position < lseek(place->journal[i], 0, SEEK_END))
				must(pwrite(place->journal[i], &octet, 1,
					 position) == 1,
				    "damage is done");
	}
}

static void
take_damaged(struct input *input)
{
	unsigned int set = input_number(input);
	unsigned int count = input_octet(input) % 8;
	struct input changes = *input;
	struct bytes skipped = input_part(input, (size_t)3 * count);
	struct bytes mailbox = input_rest(input);
	struct bytes expected, found;
	struct mbox_place place;
	int result;

	place = mailbox_make(&mailbox);
	expected = begin(&place, &mailbox, set);
	damage(&place, &changes, count);
	result = recover(&place);
	found = mailbox_content();
	must(bytes_equal(&found, &expected) || bytes_equal(&found, &mailbox),
	    "it is the new mailbox, or the old one");
	must(count > 0 || (result == 0 && bytes_equal(&found, &expected)),
	    "without damage it is the new one");
	bytes_free(&skipped);
	bytes_free(&mailbox);
	bytes_free(&expected);
	bytes_free(&found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	switch (input_octet(&input) % 3) {
	case 0:
		take_octets(&input);
		break;
	case 1:
		take_forged(&input);
		break;
	default:
		take_damaged(&input);
		break;
	}
	return 0;
}
