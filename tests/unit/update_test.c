/* mbox/update: expunging in place against a naive rewrite. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "support/spool.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT 6

static const char *const messages[COUNT] = {
	FROM_LINE "Subject: 1\n\none\n\n",
	FROM_LINE "\n",
	FROM_LINE "Subject: 3\r\n\r\n.\r\n..\r\n\r\n",
	FROM_LINE "Subject: 4\n\n>" FROM_LINE "\n\n\n",
	FROM_LINE "Subject: 5\n\n",
	FROM_LINE "Subject: 6\n\nno end",
};

#define ARRIVED "\n\n" FROM_LINE "Subject: new\n\nnew\n\n"

static void
write_all(const char *name)
{
	int i;

	box_write_text(name, "");
	for (i = 0; i < COUNT; i++)
		box_append_text(name, messages[i]);
}

/* What must be left when the messages of the set are deleted. */
static struct bytes
rest(unsigned int set, const char *tail)
{
	struct bytes left = { 0 };
	int i;

	for (i = 0; i < COUNT; i++)
		if ((set & 1U << i) == 0)
			bytes_add_text(&left, messages[i]);
	bytes_add_text(&left, tail);
	return left;
}

static void
mark(struct mbox *mbox, unsigned int set)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		if ((set & 1U << i) != 0)
			mbox_delete(mbox, i);
}

/* ---- every subset ------------------------------------------------------- */

struct tally {
	int failed;
	int differ;
	int moved; /* another inode or mode */
	int litter;
	int noticed; /* modification time has changed though nothing came */
};

static void
expunge(unsigned int set, const char *tail, struct tally *tally)
{
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct bytes found = { 0 }, expected = rest(set, tail);
	struct stat before, after;
	struct mbox *mbox;

	write_all("box");
	box_age("box", 1000);
	before = box_stat("box");
	mbox = open_mailbox(&place);
	if (tail[0] != '\0')
		box_append_text("box", tail);
	mark(mbox, set);
	tally->failed += mbox_update(mbox, in_ms(5000), &reason) == -1;
	mbox_close(&mbox);
	box_read("box", &found);
	after = box_stat("box");
	tally->differ += !bytes_equal(&found, &expected);
	tally->moved +=
	    before.st_ino != after.st_ino || before.st_mode != after.st_mode;
	tally->noticed += tail[0] == '\0' && before.st_mtime != after.st_mtime;
	tally->litter += box_entries(".") != 1;
	bytes_free(&found);
	bytes_free(&expected);
}

static void
every_subset(const char *tail, const char *name)
{
	struct tally tally = { 0 };
	unsigned int set;

	for (set = 0; set < 1U << COUNT; set++)
		expunge(set, tail, &tally);
	is_number(tally.failed, 0, "%s: every subset can be expunged", name);
	is_number(tally.differ, 0, "%s: what is left is what must be", name);
	is_number(tally.moved, 0, "%s: inode and mode stay", name);
	is_number(tally.noticed, 0, "%s: nobody is told of new mail", name);
	is_number(tally.litter, 0, "%s: no other file is left behind", name);
}

/* Mail that our own delivery appends to the cut-off last message. */
static void
real_delivery(void)
{
	static const char message[] = FROM_LINE "Subject: new\n\nnew\n\n";
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct bytes text = { 0 };
	struct spool spool;
	struct mbox *mbox;

	write_all("box");
	mbox = open_mailbox(&place);
	spool_init(&spool);
	spool_write(&spool, message, strlen(message));
	is_number(mbox_append(&place, &spool, in_ms(5000), &reason), 0,
	    "mail is delivered while a session is open");
	spool_free(&spool);
	mark(mbox, 0x2b);
	is_number(mbox_update(mbox, in_ms(5000), &reason), 0,
	    "the session deletes messages 1, 2, 4, 6");
	mbox_close(&mbox);
	mbox = open_mailbox(&place);
	is_number(mbox_count(mbox), 3, "two and the new one are left");
	if (mbox_count(mbox) == 3) {
		fetch(mbox, 2, MBOX_ALL_LINES, &text);
		ok(bytes_are_text(&text, "Subject: new\r\n\r\nnew\r\n"),
		    "the new one is whole");
	}
	mbox_close(&mbox);
	bytes_free(&text);
}

/* A mailbox larger than the buffer that moves it, with odd distances. */
static void
large_mailbox(void)
{
	struct mbox_place place = box_place("box");
	struct bytes content = { 0 }, expected = { 0 }, found = { 0 };
	struct mbox_reason reason;
	struct mbox *mbox;
	size_t i;

	for (i = 0; i < 40; i++) {
		struct bytes message = { 0 };

		bytes_add_text(&message, FROM_LINE "\n");
		bytes_fill(&message, (char)('A' + i), 20000 + i * 1001);
		bytes_add_text(&message, "\n\n");
		bytes_add(&content, message.data, message.length);
		if (i % 3 != 1)
			bytes_add(&expected, message.data, message.length);
		bytes_free(&message);
	}
	box_write("box", &content);
	mbox = open_mailbox(&place);
	for (i = 1; i < 40; i += 3)
		mbox_delete(mbox, i);
	is_number(mbox_update(mbox, in_ms(5000), &reason), 0,
	    "every third of 40 large messages is deleted");
	mbox_close(&mbox);
	box_read("box", &found);
	is_bytes(&found, &expected, "the others are as they were");
	bytes_free(&content);
	bytes_free(&expected);
	bytes_free(&found);
}

static void
undeleted(void)
{
	struct mbox_place place = box_place("box");
	struct bytes found = { 0 }, expected = rest(0, "");
	struct mbox_reason reason;
	struct mbox *mbox;

	write_all("box");
	mbox = open_mailbox(&place);
	mark(mbox, 0x3f);
	mbox_undelete_all(mbox);
	is_number(mbox_update(mbox, in_ms(5000), &reason), 0,
	    "an update without marks succeeds");
	mbox_close(&mbox);
	box_read("box", &found);
	is_bytes(
	    &found, &expected, "marks that were taken back delete nothing");
	bytes_free(&found);
	bytes_free(&expected);
}

/* ---- what is no mbox ---------------------------------------------------- */

static void
foreign(const char *content, const char *what)
{
	struct mbox_place place = box_place("box");
	struct bytes found = { 0 };
	struct mbox_reason reason;
	struct mbox *mbox;

	box_write_text("box", content);
	mbox = open_mailbox(&place);
	is_number(mbox_count(mbox), 0, "row 40: %s shows no messages", what);
	is_number(mbox_is_mbox(mbox), 0, "row 40: %s is no mbox", what);
	mbox_undelete_all(mbox);
	is_number(mbox_update(mbox, in_ms(5000), &reason), 0,
	    "row 40: an update of %s succeeds", what);
	mbox_close(&mbox);
	box_read("box", &found);
	ok(bytes_are_text(&found, content), "row 40: %s is never touched",
	    what);
	bytes_free(&found);
}

/* ---- what others did meanwhile ------------------------------------------ */

enum change {
	SHRUNK,
	EMPTIED,
	REWRITTEN,
	EDITED,
	REPLACED,
	REMOVED,
	MOVED,
	LINKED
};

static const char *const change_names[] = { "shrunk", "emptied", "rewritten",
	"edited", "replaced", "removed", "renamed", "given a second link" };

/* Changes one octet of the first message, behind its From_ line. */
static void
edit_header(void)
{
	int fd = open("box", O_WRONLY | O_CLOEXEC);

	if (pwrite(fd, "Z", 1, (off_t)strlen(FROM_LINE)) != 1 ||
	    close(fd) == -1)
		bail_out("edit");
}

static void
apply(enum change change)
{
	switch (change) {
	case SHRUNK:
		if (truncate("box", 60) == -1)
			bail_out("truncate");
		return;
	case EMPTIED:
		box_write_text("box", "");
		return;
	case REWRITTEN:
		write_all("box");
		box_append_text("box", "more");
		if (truncate("box", 0) == -1)
			bail_out("truncate");
		box_append_text("box", messages[1]);
		box_append_text("box", messages[0]);
		box_append_text("box", messages[2]);
		box_append_text("box", messages[4]);
		box_append_text("box", messages[3]);
		box_append_text("box", messages[5]);
		box_append_text("box", ARRIVED);
		return;
	case EDITED:
		edit_header();
		return;
	case REPLACED:
		write_all("new");
		if (rename("new", "box") == -1)
			bail_out("rename");
		return;
	case REMOVED:
	case MOVED:
		if (rename("box", "old") == -1)
			bail_out("rename");
		return;
	case LINKED:
		if (link("box", "other") == -1)
			bail_out("link");
		return;
	}
}

static void
changed(enum change change, unsigned int set, enum mbox_failure expected)
{
	const char *name = change_names[change];
	const char *where =
	    change == REMOVED || change == MOVED ? "old" : "box";
	struct mbox_place place = box_place("box");
	struct bytes before = { 0 }, after = { 0 };
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;

	write_all("box");
	mbox = open_mailbox(&place);
	apply(change);
	box_read(where, &before);
	mark(mbox, set);
	is_number(mbox_update(mbox, in_ms(300), &reason), -1,
	    "row 38, invariant 1: a mailbox that was %s is not updated", name);
	is_number(reason.failure, expected, "row 38: %s is the reason", name);
	mbox_close(&mbox);
	box_read(where, &after);
	is_bytes(&after, &before, "row 38: it stays byte for byte (%s)", name);
	ok(!box_has("box.lock"), "row 38: no lock is left (%s)", name);
	bytes_free(&before);
	bytes_free(&after);
	unlink("old");
	unlink("other");
}

static void
all_changes(void)
{
	static const unsigned int sets[] = { 0x01, 0x3f, 0x09, 0x20 };
	size_t i;

	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		changed(SHRUNK, sets[i], MBOX_CHANGED);
		changed(EMPTIED, sets[i], MBOX_CHANGED);
		changed(REPLACED, sets[i], MBOX_CHANGED);
		changed(REMOVED, sets[i], MBOX_CHANGED);
		changed(MOVED, sets[i], MBOX_CHANGED);
		changed(LINKED, sets[i], MBOX_UNSAFE);
	}
	changed(REWRITTEN, 0x01, MBOX_CHANGED);
	changed(REWRITTEN, 0x3f, MBOX_CHANGED);
	changed(REWRITTEN, 0x09, MBOX_CHANGED);
	changed(EDITED, 0x01, MBOX_CHANGED);
	changed(EDITED, 0x3f, MBOX_CHANGED);
}

/* The last message of an mbox may be longer than the index knows: somebody who
 * writes without a lock has begun to append.  Nothing of it is lost. */
static void
half_appended(void)
{
	struct tally tally = { 0 };
	unsigned int set;

	for (set = 1; set < 1U << COUNT; set++)
		expunge(set, "\n\nFrom jo", &tally);
	is_number(tally.failed + tally.differ, 0,
	    "half a message that is being appended is kept");
}

int
main(void)
{
	box_open();
	every_subset("", "alone");
	every_subset(ARRIVED, "invariant 4, with mail that arrives");
	half_appended();
	real_delivery();
	large_mailbox();
	undeleted();
	foreign("hello\n" FROM_LINE "\n\n", "plain text");
	foreign("\xef\xbb\xbf" FROM_LINE "\n\n", "a BOM first");
	foreign("\x01\x01\x01\x01\n" FROM_LINE "\n\x01\x01\x01\x01\n", "MMDF");
	foreign("From the Sun\n\n", "a sentence");
	foreign("x", "one letter");
	all_changes();
	return done();
}
