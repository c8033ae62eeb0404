/*
 * mbox/index_file: a file that is damaged, torn, or of a mailbox that was
 * changed behind its back, changes nothing that a session sees.
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

/* ---- damage ------------------------------------------------------------- */

static void
damaged(void)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };
	struct mbox_place place = indexed_place();
	struct bytes index = { 0 };
	int wrong = 0, unused = 0;
	bool was_scanned;
	size_t i, k;

	indexed_write(4);
	indexed_see(&place);
	box_read("index", &index);
	for (i = 0; i < index.length; i++)
		for (k = 0; k < sizeof(masks); k++) {
			index.data[i] ^= (char)masks[k];
			box_write("index", &index);
			wrong += !indexed_agrees(&place, &was_scanned);
			unused += i < HEAD && !was_scanned;
			index.data[i] ^= (char)masks[k];
		}
	is_number(wrong, 0, "an octet of the index is damaged, any of them");
	is_number(unused, 3 * (HEAD - 112), "those of the head are noticed");
	bytes_free(&index);
	close(place.index);
}

static void
cut_off(void)
{
	struct mbox_place place = indexed_place();
	struct bytes index = { 0 };
	int wrong = 0, unseen = 0;
	bool was_scanned;
	size_t length;

	indexed_write(4);
	indexed_see(&place);
	box_read("index", &index);
	for (length = index.length; length-- > 0;) {
		box_write("index", &index);
		if (truncate("index", (off_t)length) == -1)
			bail_out("truncate");
		wrong += !indexed_agrees(&place, &was_scanned);
		unseen += !was_scanned;
	}
	is_number(wrong, 0, "the index is cut off anywhere");
	is_number(unseen, 0, "and never believed then");
	bytes_free(&index);
	close(place.index);
}

/* Between two states of the same mailbox, of which it has a part each. */
static void
torn(void)
{
	struct mbox_place place = indexed_place();
	struct bytes old = { 0 }, new = { 0 };
	int wrong = 0;
	bool was_scanned;
	size_t at;

	indexed_write(4);
	indexed_see(&place);
	box_read("index", &old);
	indexed_write(6);
	indexed_see(&place);
	box_read("index", &new);
	for (at = 0; at <= new.length; at += RECORD / 2) {
		box_write("index", &new);
		if (at < old.length) {
			memcpy(new.data, old.data, at);
			box_write("index", &new);
			box_read("index", &new);
		}
		wrong += !indexed_agrees(&place, &was_scanned);
		indexed_see(&place);
		box_read("index", &new);
	}
	is_number(wrong, 0, "the index is old at its beginning, then new");
	bytes_free(&old);
	bytes_free(&new);
	close(place.index);
}

/* ---- what a sample misses ----------------------------------------------- */

/* A mailbox that has grown, and in which octets have changed that the sample
 * does not see. */
static struct mbox *
open_changed(const struct mbox_place *place)
{
	struct mbox_reason reason;
	struct mbox *mbox;

	indexed_write(200);
	indexed_see(place);
	mbox = open_mailbox(place);
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	indexed_put_at(
	    mbox->index.messages[3].start + (off_t)strlen(FROM_LINE), "s");
	mbox_close(&mbox);
	indexed_append(FROM_LINE "\nnew\n\n");
	return open_mailbox(place);
}

static void
unseen_change(void)
{
	struct mbox_place place = indexed_place();
	struct mbox_reader reader;
	struct mbox_reason reason;
	struct mbox *mbox;

	mbox = open_changed(&place);
	ok(!index_is_loaded(&mbox->index), "a change that a sample misses");
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	is_number(mbox_read(mbox, 3, MBOX_ALL_LINES, &reader, &reason), -1,
	    "it is noticed before the message is shown");
	is_number(reason.failure, MBOX_CHANGED, "as a change");
	mbox_close(&mbox);
	indexed_expect(&place, true, "after that");
	mbox = open_changed(&place);
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	mbox_delete(mbox, 1);
	is_number(mbox_update(mbox, in_ms(1000), &reason), -1,
	    "and before one that is moved is");
	mbox_close(&mbox);
	indexed_expect(&place, true, "after that too");
	close(place.index);
}

/* ---- files that cannot be written --------------------------------------- */

static void
unwritable(void)
{
	struct mbox_place place = indexed_place();

	indexed_write(5);
	index_file_drop(place.index);
	close(place.index);
	place.index = open("index", O_RDONLY | O_CLOEXEC);
	indexed_expect(&place, true, "an index that cannot be written");
	indexed_expect(&place, true, "is left alone");
	close(place.index);
	place.index = open("/dev/full", O_RDWR | O_CLOEXEC);
	indexed_expect(&place, true, "a full disk");
	close(place.index);
}

int
main(void)
{
	box_open();
	damaged();
	cut_off();
	torn();
	unseen_change();
	unwritable();
	return done();
}
