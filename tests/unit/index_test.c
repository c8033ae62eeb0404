/*
 * mbox/index: with an index file a session sees what it sees without, and reads
 * less; a file that does not fit, or is damaged, changes nothing.
 */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"
#include "view.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEAD   128
#define RECORD 64

/* ---- the clock ---------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

/* How many seconds later it is said to be than it is. */
static int later = 10;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = __real_clock_gettime(clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += later;
	return result;
}

/* Until files that are written get another time. */
static void
tick(void)
{
	struct timespec wait = { .tv_nsec = 1000 * 1000 };
	struct timespec before, now;

	__real_clock_gettime(CLOCK_REALTIME_COARSE, &before);
	do {
		nanosleep(&wait, NULL);
		__real_clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_nsec == before.tv_nsec && now.tv_sec == before.tv_sec);
}

/* ---- files -------------------------------------------------------------- */

static struct mbox_place
indexed_place(void)
{
	struct mbox_place place = box_place("box");
	int fd = open("index", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		bail_out("index");
	place.index = fd;
	place.methods = MBOX_LOCK_FCNTL;
	return place;
}

/* A mailbox of so many messages, the first three of them with flags. */
static void
add_messages(struct bytes *mailbox, int first, int count)
{
	static const char *const flags[] = { "Status: RO\n", "Status:   \n",
		"Status: O\nX-Status: A\n" };
	char line[200];
	int i;

	for (i = first; i < first + count; i++) {
		snprintf(line, sizeof(line),
		    FROM_LINE "Subject: %d\n%s\nbody %d\nFrom here\n\n", i,
		    i < 3 ? flags[i] : "", i * i);
		bytes_add_text(mailbox, line);
	}
}

static void
write_messages(int count)
{
	struct bytes mailbox = { 0 };

	add_messages(&mailbox, 0, count);
	box_write("box", &mailbox);
	bytes_free(&mailbox);
	tick();
}

static void
append(const char *text)
{
	tick();
	box_append_text("box", text);
	tick();
}

static void
see(const struct mbox_place *place)
{
	struct bytes view = view_of(place, NULL);

	bytes_free(&view);
}

/* Whether a session with the index file sees what one without does, and if it
 * scanned. */
static bool
is_seen_right(const struct mbox_place *place, bool *was_scanned)
{
	struct bytes view = view_of(place, was_scanned);
	struct bytes expected = view_without(place);
	bool is_right = bytes_equal(&view, &expected);

	if (!is_right)
		is_bytes(&view, &expected, "the index says what a scan says");
	bytes_free(&view);
	bytes_free(&expected);
	return is_right;
}

static void
expect(const struct mbox_place *place, bool scans, const char *name)
{
	bool was_scanned;

	ok(is_seen_right(place, &was_scanned), "%s: what a scan would see",
	    name);
	is_number(was_scanned, scans, "%s: %s", name,
	    scans ? "by a scan" : "without a scan");
}

/* ---- as it should be ---------------------------------------------------- */

static void
unchanged(void)
{
	struct mbox_place place = indexed_place();

	write_messages(5);
	expect(&place, true, "no index");
	is_number(box_stat("index").st_size, HEAD + 5 * RECORD,
	    "64 octets for each message, and a head");
	expect(&place, false, "an unchanged mailbox");
	expect(&place, false, "once more");
	close(place.index);
}

static void
small(void)
{
	struct mbox_place place = indexed_place();

	write_messages(5);
	index_file_drop(place.index);
	place.index_least = box_stat("box").st_size + 1;
	expect(&place, true, "a small mailbox");
	is_number(box_stat("index").st_size, 0, "which has no index");
	place.index_least--;
	expect(&place, true, "a mailbox of the least size");
	expect(&place, false, "which has one");
	close(place.index);
}

static void
grown(void)
{
	struct mbox_place place = indexed_place();
	struct bytes before = { 0 }, after = { 0 };
	struct bytes more = { 0 };

	write_messages(20);
	see(&place);
	box_read("index", &before);
	add_messages(&more, 20, 1);
	append(more.data);
	expect(&place, false, "a message was appended");
	box_read("index", &after);
	is_number(after.length, HEAD + 21 * RECORD, "it has a record");
	append(more.data);
	see(&place);
	append(more.data);
	expect(&place, false, "two more, one by one");
	expect(&place, false, "and nothing more");
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

	write_messages(20);
	see(&place);
	box_read("index", &before);
	append(FROM_LINE "Status: RO\n\nlast\n\n");
	mbox = open_mailbox(&place);
	is_number((long long)mbox_count(mbox), 21, "one more is counted");
	is_number((long long)mbox_last_read(mbox), 21, "it was read");
	ok(!index_is_loaded(&mbox->index), "and the others are not looked at");
	mbox_close(&mbox);
	box_read("index", &after);
	is_number(after.length, HEAD + 21 * RECORD, "its record is added");
	ok(memcmp(after.data + HEAD, before.data + HEAD, 20 * RECORD) == 0,
	    "the other records are those that were there");
	expect(&place, false, "a message that was only counted");
	bytes_free(&before);
	bytes_free(&after);
	close(place.index);
}

/* ---- what is not believed ----------------------------------------------- */

static void
put_at(off_t position, const char *text)
{
	int fd = open("box", O_WRONLY);

	if (fd == -1 ||
	    pwrite(fd, text, strlen(text), position) != (ssize_t)strlen(text))
		bail_out("box");
	close(fd);
}

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
	put_at((off_t)strlen(FROM_LINE) + 9, "9");
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

	add_messages(&content, 0, 19);
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

	add_messages(&content, 1, 25);
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

	put_at(size - 2, "x\n\n");
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

		write_messages(20);
		see(&place);
		tick();
		changes[i].make();
		tick();
		expect(&place, true, changes[i].name);
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

			write_messages(3);
			box_append_text("box", ends[i]);
			see(&place);
			append(more[k]);
			wrong += !is_seen_right(&place, &was_scanned);
			wrong += !is_seen_right(&place, &was_scanned);
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
	later = 0;
	write_messages(5);
	expect(&place, true, "a mailbox of this moment");
	is_number(box_stat("index").st_size, 0, "of which no index is made");
	later = 10;
	expect(&place, true, "later");
	expect(&place, false, "then there is one");
	close(place.index);
}

static void
of_another(void)
{
	struct mbox_place place = indexed_place();
	struct bytes index = { 0 };

	write_messages(20);
	see(&place);
	box_read("index", &index);
	if (rename("box", "other") == -1)
		bail_out("rename");
	write_messages(21);
	box_write("index", &index);
	expect(&place, true, "the index of another mailbox");
	bytes_free(&index);
	close(place.index);
}

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

	write_messages(4);
	see(&place);
	box_read("index", &index);
	for (i = 0; i < index.length; i++)
		for (k = 0; k < sizeof(masks); k++) {
			index.data[i] ^= (char)masks[k];
			box_write("index", &index);
			wrong += !is_seen_right(&place, &was_scanned);
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

	write_messages(4);
	see(&place);
	box_read("index", &index);
	for (length = index.length; length-- > 0;) {
		box_write("index", &index);
		if (truncate("index", (off_t)length) == -1)
			bail_out("truncate");
		wrong += !is_seen_right(&place, &was_scanned);
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

	write_messages(4);
	see(&place);
	box_read("index", &old);
	write_messages(6);
	see(&place);
	box_read("index", &new);
	for (at = 0; at <= new.length; at += RECORD / 2) {
		box_write("index", &new);
		if (at < old.length) {
			memcpy(new.data, old.data, at);
			box_write("index", &new);
			box_read("index", &new);
		}
		wrong += !is_seen_right(&place, &was_scanned);
		see(&place);
		box_read("index", &new);
	}
	is_number(wrong, 0, "the index is old at its beginning, then new");
	bytes_free(&old);
	bytes_free(&new);
	close(place.index);
}

/* Octets that the sample does not see, in a mailbox that has grown. */
static void
unseen_change(void)
{
	struct mbox_place place = indexed_place();
	struct mbox_reader reader;
	struct mbox_reason reason;
	struct mbox *mbox;

	write_messages(200);
	see(&place);
	mbox = open_mailbox(&place);
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	put_at(mbox->index.messages[3].start + (off_t)strlen(FROM_LINE), "s");
	mbox_close(&mbox);
	append(FROM_LINE "\nnew\n\n");
	mbox = open_mailbox(&place);
	ok(!index_is_loaded(&mbox->index), "a change that a sample misses");
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	is_number(mbox_read(mbox, 3, MBOX_ALL_LINES, &reader, &reason), -1,
	    "it is noticed before the message is shown");
	is_number(reason.failure, MBOX_CHANGED, "as a change");
	mbox_close(&mbox);
	expect(&place, true, "after that");
	write_messages(200);
	see(&place);
	mbox = open_mailbox(&place);
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	put_at(mbox->index.messages[3].start + (off_t)strlen(FROM_LINE), "s");
	mbox_close(&mbox);
	append(FROM_LINE "\nnew\n\n");
	mbox = open_mailbox(&place);
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	mbox_delete(mbox, 1);
	is_number(mbox_update(mbox, in_ms(1000), &reason), -1,
	    "and before one that is moved is");
	mbox_close(&mbox);
	expect(&place, true, "after that too");
	close(place.index);
}

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
		append(more);
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
	tick();
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
		add_messages(&mailbox, 0, 1 + (int)pick(&state, 12));
		fill_box(&mailbox);
		bytes_free(&mailbox);
		left = update_once(place, &state, FROM_LINE "\nnew\n\n");
		wrong += !is_seen_right(place, &was_scanned);
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
		wrong += !is_seen_right(place, &was_scanned);
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

/* ---- files that cannot be written --------------------------------------- */

static void
unwritable(void)
{
	struct mbox_place place = indexed_place();

	write_messages(5);
	index_file_drop(place.index);
	close(place.index);
	place.index = open("index", O_RDONLY | O_CLOEXEC);
	expect(&place, true, "an index that cannot be written");
	expect(&place, true, "is left alone");
	close(place.index);
	place.index = open("/dev/full", O_RDWR | O_CLOEXEC);
	expect(&place, true, "a full disk");
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
	damaged();
	cut_off();
	torn();
	unseen_change();
	updates();
	unwritable();
	return done();
}
