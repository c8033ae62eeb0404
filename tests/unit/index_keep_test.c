/*
 * mbox/index_keep: what QUIT leaves in the index file is what a scan finds.
 */
#include "config.h"

#include "box.h"
#include "indexed.h"
#include "mail.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what QUIT leaves --------------------------------------------------- */

static void
mark(struct mbox *mbox, uint32_t *state)
{
	uint32_t deleted = pick(state, 8), retrieved = pick(state, 8);
	size_t i;

	for (i = 0; i < mbox_count(mbox); i++) {
		if (pick(state, 8) < retrieved)
			mbox_retrieved(mbox, i);
		if (pick(state, 8) < deleted)
			mbox_delete(mbox, i);
	}
}

/* One session that deletes and reads.  Returns how many messages are left. */
static size_t
update_once(const struct mbox_place *place, uint32_t *state, const char *more)
{
	struct mbox *mbox = open_mailbox(place);
	struct mbox_reason reason;
	char id[MBOX_UIDL_SIZE];
	uint64_t octets;
	size_t left;

	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	if (pick(state, 2) == 0 && mbox_count(mbox) > 0 &&
	    mbox_uidl(mbox, 0, id, &reason) == -1)
		bail_out(reason.text);
	mark(mbox, state);
	if (pick(state, 4) == 0)
		indexed_append(more);
	if (mbox_update(mbox, in_ms(1000), &reason) == -1)
		bail_out(reason.text);
	mbox_totals(mbox, &left, &octets);
	mbox_close(&mbox);
	return left;
}

static void
fill_box(const struct bytes *mailbox)
{
	box_write("box", mailbox);
	box_age("box", 100);
	indexed_tick();
}

/* What a session leaves is what a scan finds, and needs none. */
static void
updated(struct mbox_place *place)
{
	int wrong = 0, scanned = 0, used = 0;
	uint32_t state = 20261122;
	int i;

	for (i = 0; i < 300; i++) {
		struct bytes mailbox = { 0 };
		bool was_scanned;
		size_t left;

		place->leaves_status = pick(&state, 3) == 0;
		indexed_add(&mailbox, 0, 1 + (int)pick(&state, 12));
		fill_box(&mailbox);
		bytes_free(&mailbox);
		left = update_once(place, &state, FROM_LINE "\nnew\n\n");
		wrong += !indexed_agrees(place, &was_scanned);
		used += left > 0 && !was_scanned;
		scanned += left > 0 && was_scanned;
	}
	is_number(wrong, 0, "300 updates leave an index as a scan finds it");
	is_number(scanned, 0, "and no scan is needed, if anything is left");
	ok(used > 200, "of %d", used);
}

static void
updated_odd(struct mbox_place *place)
{
	uint32_t state = 20261123;
	int wrong = 0, used = 0;
	int i;

	for (i = 0; i < 300; i++) {
		struct bytes mailbox = { 0 };
		bool was_scanned;

		place->leaves_status = pick(&state, 3) == 0;
		add_random_mailbox(&mailbox, &state);
		bytes_add(&mailbox, "", 0);
		fill_box(&mailbox);
		bytes_free(&mailbox);
		(void)update_once(place, &state, "\n\n" FROM_LINE "\nnew\n\n");
		wrong += !indexed_agrees(place, &was_scanned);
		used += !was_scanned;
	}
	is_number(wrong, 0, "the same with odd mailboxes");
	ok(used > 50, "of which %d need no scan", used);
}

static void
updates(void)
{
	struct mbox_place place = indexed_place();

	place.ids = open("ids", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	updated(&place);
	updated_odd(&place);
	close(place.index);
	close(place.ids);
}

int
main(void)
{
	box_open();
	updates();
	return done();
}
