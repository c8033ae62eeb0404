/*
 * mbox/index: with an index file a session sees what it sees without, and reads
 * less; if the mailbox has changed, the file changes nothing.
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

/* ---- as it should be ---------------------------------------------------- */

static void
unchanged(void)
{
	struct mbox_place place = indexed_place();

	indexed_write(5);
	indexed_expect(&place, true, "no index");
	is_number(box_stat("index").st_size, HEAD + 5 * RECORD,
	    "64 octets for each message, and a head");
	indexed_expect(&place, false, "an unchanged mailbox");
	indexed_expect(&place, false, "once more");
	close(place.index);
}

static void
small(void)
{
	struct mbox_place place = indexed_place();

	indexed_write(5);
	index_file_drop(place.index);
	place.index_least = box_stat("box").st_size + 1;
	indexed_expect(&place, true, "a small mailbox");
	is_number(box_stat("index").st_size, 0, "which has no index");
	place.index_least--;
	indexed_expect(&place, true, "a mailbox of the least size");
	indexed_expect(&place, false, "which has one");
	close(place.index);
}

static void
grown(void)
{
	struct mbox_place place = indexed_place();
	struct bytes before = { 0 }, after = { 0 };
	struct bytes more = { 0 };

	indexed_write(20);
	indexed_see(&place);
	box_read("index", &before);
	indexed_add(&more, 20, 1);
	indexed_append(more.data);
	indexed_expect(&place, false, "a message was appended");
	box_read("index", &after);
	is_number(after.length, HEAD + 21 * RECORD, "it has a record");
	indexed_append(more.data);
	indexed_see(&place);
	indexed_append(more.data);
	indexed_expect(&place, false, "two more, one by one");
	indexed_expect(&place, false, "and nothing more");
	bytes_free(&before);
	bytes_free(&after);
	bytes_free(&more);
	close(place.index);
}

/* A session that asks for totals only adds records and leaves the others. */
static void
grown_and_counted(void)
{
	struct mbox_place place = indexed_place();
	struct bytes before = { 0 }, after = { 0 };
	struct mbox *mbox;

	indexed_write(20);
	indexed_see(&place);
	box_read("index", &before);
	indexed_append(FROM_LINE "Status: RO\n\nlast\n\n");
	mbox = open_mailbox(&place);
	is_number((long long)mbox_count(mbox), 21, "one more is counted");
	is_number((long long)mbox_last_read(mbox), 21, "it was read");
	ok(!index_is_loaded(&mbox->index), "and the others are not looked at");
	mbox_close(&mbox);
	box_read("index", &after);
	is_number(after.length, HEAD + 21 * RECORD, "its record is added");
	ok(memcmp(after.data + HEAD, before.data + HEAD, 20 * RECORD) == 0,
	    "the other records are those that were there");
	indexed_expect(&place, false, "a message that was only counted");
	bytes_free(&before);
	bytes_free(&after);
	close(place.index);
}

/* ---- what is not believed ----------------------------------------------- */

static void
set_times(const struct stat *status)
{
	struct timespec times[2] = { status->st_atim, status->st_mtim };

	if (utimensat(AT_FDCWD, "box", times, 0) == -1)
		bail_out("utimensat");
}

static void
touch(void)
{
	box_age("box", 100);
}

static void
rewrite_in_place(void)
{
	indexed_put_at((off_t)strlen(FROM_LINE) + 9, "9");
}

static void
rewrite_and_restore(void)
{
	struct stat status = box_stat("box");

	rewrite_in_place();
	set_times(&status);
}

static void
replace(void)
{
	struct stat status = box_stat("box");
	struct bytes content = { 0 };

	box_read("box", &content);
	content.data[strlen(FROM_LINE) + 9] = '8';
	box_write("new", &content);
	if (rename("new", "box") == -1)
		bail_out("rename");
	set_times(&status);
	bytes_free(&content);
}

static void
cut_last(void)
{
	struct bytes content = { 0 };

	indexed_add(&content, 0, 19);
	if (truncate("box", (off_t)content.length) == -1)
		bail_out("truncate");
	bytes_free(&content);
}

static void
cut_within(void)
{
	if (truncate("box", box_stat("box").st_size - 7) == -1)
		bail_out("truncate");
}

static void
empty(void)
{
	box_write_text("box", "");
}

static void
make_foreign(void)
{
	box_write_text("box", "no mailbox\n");
}

static void
delete_and_append(void)
{
	struct bytes content = { 0 };

	indexed_add(&content, 1, 25);
	box_write("box", &content);
	bytes_free(&content);
}

static void
lengthen_last(void)
{
	box_append_text("box", "more of the last message\n\n");
}

static void
lengthen_and_append(void)
{
	box_append_text("box", "more\n\n" FROM_LINE "\nnew\n\n");
}

static void
alter_last_and_append(void)
{
	off_t size = box_stat("box").st_size;

	indexed_put_at(size - 2, "x\n\n");
	box_append_text("box", FROM_LINE "\nnew\n\n");
}

struct change {
	const char *name;
	void (*make)(void);
};

static const struct change changes[] = {
	{ "another time", touch },
	{ "other octets in place", rewrite_in_place },
	{ "other octets in place, and the old time", rewrite_and_restore },
	{ "another file", replace },
	{ "a message less at the end", cut_last },
	{ "cut off within the last message", cut_within },
	{ "an empty mailbox", empty },
	{ "no mailbox", make_foreign },
	{ "one less at the beginning, more at the end", delete_and_append },
	{ "the last message goes on", lengthen_last },
	{ "it goes on, and there is one more", lengthen_and_append },
	{ "another end, and one more", alter_last_and_append },
};

static void
changed(void)
{
	size_t i;

	for (i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct mbox_place place = indexed_place();

		indexed_write(20);
		indexed_see(&place);
		indexed_tick();
		changes[i].make();
		indexed_tick();
		indexed_expect(&place, true, changes[i].name);
		close(place.index);
	}
}

/* Only what ends in an empty line is gone on with. */
static void
unfinished(void)
{
	static const char *const ends[] = { "", "x", "x\n", "\r", "x\n\r",
		"x\r\n", "\n\n\n", "\r\n", "x\r\n\r\n", "x\n\n", FROM_LINE,
		FROM_LINE "\n", FROM_LINE "A: 1\n", FROM_LINE "A: 1\n\n" };
	static const char *const more[] = { FROM_LINE "\nnew\n\n", "\n",
		"\n" FROM_LINE "\nnew\n\n", "From here\n\n", "x", "A: 1\n\n",
		"\n\nFrom\n" };
	int wrong = 0;
	size_t i, k;
	bool was_scanned;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (k = 0; k < sizeof(more) / sizeof(*more); k++) {
			struct mbox_place place = indexed_place();

			indexed_write(3);
			box_append_text("box", ends[i]);
			indexed_see(&place);
			indexed_append(more[k]);
			wrong += !indexed_agrees(&place, &was_scanned);
			wrong += !indexed_agrees(&place, &was_scanned);
			wrong += was_scanned;
			close(place.index);
		}
	is_number(wrong, 0,
	    "any end, whatever is appended to it: what a scan would see");
}

/* A mailbox that was changed a moment ago may be changed again, and have the
 * same times. */
static void
unsettled(void)
{
	struct mbox_place place = indexed_place();

	index_file_drop(place.index);
	indexed_later = 0;
	indexed_write(5);
	indexed_expect(&place, true, "a mailbox of this moment");
	is_number(box_stat("index").st_size, 0, "of which no index is made");
	indexed_later = 10;
	indexed_expect(&place, true, "later");
	indexed_expect(&place, false, "then there is one");
	close(place.index);
}

static void
of_another(void)
{
	struct mbox_place place = indexed_place();
	struct bytes index = { 0 };

	indexed_write(20);
	indexed_see(&place);
	box_read("index", &index);
	if (rename("box", "other") == -1)
		bail_out("rename");
	indexed_write(21);
	box_write("index", &index);
	indexed_expect(&place, true, "the index of another mailbox");
	bytes_free(&index);
	close(place.index);
}

int
main(void)
{
	box_open();
	unchanged();
	small();
	grown();
	grown_and_counted();
	changed();
	unfinished();
	unsettled();
	of_another();
	return done();
}
