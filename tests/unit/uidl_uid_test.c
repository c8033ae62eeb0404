/* mbox/uidl_uid: unique ids from UIDVALIDITY and UID, and what is remembered of
 * them. */
#include "config.h"

#include "box.h"
#include "ids.h"
#include "mail.h"
#include "tap.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WITH_UID(uid)	 FROM_LINE "X-UID: " uid "\n\n" uid "\n\n"
#define FIRST(base, uid) FROM_LINE "X-IMAPbase: " base "\nX-UID: " uid "\n\n\n"

static void
uids(void)
{
	struct ids ids = ids_of("ipop3d",
	    FIRST("1795330800 0000000012 $Label", "3") WITH_UID("4")
		WITH_UID("12  ") WITH_UID("13") FROM_LINE "\n\n");

	is_text(ids.text[0], "6b0292f000000003", "ipop3d: UIDVALIDITY, UID");
	is_text(ids.text[1], "6b0292f000000004", "of the second message");
	is_text(ids.text[2], "6b0292f00000000c", "blanks behind a UID");
	ok(ids_is_own(ids.text[3]), "a UID above the last one is not believed");
	ok(ids_is_own(ids.text[4]), "no UID");
	ids = ids_of_box("dovecot", -1, "");
	is_text(ids.text[2], "0000000c6b0292f0", "dovecot: UID, UIDVALIDITY");
	ids = ids_of_box("dovecot-0.99", -1, "");
	is_text(ids.text[2], "1795330800.12", "dovecot-0.99: decimal");
}

static void
bad_uids(void)
{
	struct ids ids = ids_of("dovecot",
	    FIRST("1 4294967295", "5") WITH_UID("5") WITH_UID("4") WITH_UID("0")
		WITH_UID("6x") WITH_UID("-7") WITH_UID("")
		    WITH_UID("4294967296") WITH_UID("4294967301") WITH_UID(
			"99999999999999999999999") WITH_UID("4294967295"));
	size_t i;

	is_text(ids.text[0], "0000000500000001", "a good UID");
	for (i = 1; i < 10; i++)
		ok(ids_is_own(ids.text[i]), "bad UID number %zu", i);
	is_text(ids.text[10], "ffffffff00000001", "the greatest UID");
}

static void
bad_bases(void)
{
	static const char *const bases[] = { "", "0 5", "x 5", "5", "5 x",
		"4294967296 5", "5 4294967296", "-1 5" };
	size_t i;

	for (i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		char text[300];

		snprintf(text, sizeof(text), FIRST("%s", "1"), bases[i]);
		ok(ids_is_own(ids_of("dovecot", text).text[0]),
		    "X-IMAPbase: %s is no base", bases[i]);
	}
	is_text(ids_of("dovecot", "\n\n" FIRST("7 5", "2")).text[0],
	    "0000000200000007", "empty lines before the first message");
	ok(ids_is_own(
	       ids_of("dovecot", FROM_LINE "X-UID: 1\n\n\n" FIRST("7 5", "2"))
		   .text[1]),
	    "X-IMAPbase: of another message than the first is no base");
}

static void
base_is_remembered(void)
{
	int state = ids_open_state();
	struct ids ids;

	box_write_text(
	    "box", FIRST("7 9", "1") WITH_UID("2") WITH_UID("5") WITH_UID("8"));
	ids_of_box("dovecot", state, "x--x");
	ids = ids_of_box("dovecot", state, "");
	is_number((long long)ids.count, 2, "the first and the last are gone");
	is_text(ids.text[0], "0000000200000007",
	    "UIDVALIDITY stays when the first message is deleted");
	is_text(ids.text[1], "0000000500000007", "of the next, too");
	box_append_text("box", WITH_UID("6"));
	ok(ids_is_own(ids_of_box("dovecot", state, "").text[2]),
	    "new mail with the UID of a sender does not get a used id");
	box_write_text("box", FIRST("8 9", "1") WITH_UID("2"));
	ids = ids_of_box("dovecot", state, "");
	is_text(ids.text[1], "0000000200000008",
	    "another UIDVALIDITY in the mailbox takes its place");
	close(state);
}

/* New mail may bring any X-UID. */
static void
uids_of_senders(void)
{
	int state = ids_open_state();

	box_write_text("box", FIRST("7 9", "1") WITH_UID("2"));
	ids_of_box("dovecot", state, "");
	box_append_text("box", WITH_UID("6"));
	ok(ids_is_own(ids_of_box("dovecot", state, "").text[2]),
	    "new mail does not get the id of a message deleted long ago");
	box_write_text("box", FIRST("8 9", "1") WITH_UID("2") WITH_UID("9"));
	ids_of_box("dovecot", state, "--x");
	box_append_text("box", WITH_UID("9"));
	ok(ids_is_own(ids_of_box("dovecot", state, "").text[2]),
	    "nor that of one deleted in the session before");
	close(state);
}

/* What Dovecot writes later beside us must not change an id. */
static void
later_uids(void)
{
	int state = ids_open_state();
	struct ids before, after;

	box_write_text(
	    "box", FIRST("7 1", "1") FROM_LINE "Subject: a\n\nbody\n\n");
	before = ids_of_box("dovecot", state, "");
	box_write_text("box",
	    FIRST("7 2", "1") FROM_LINE "Subject: a\nX-UID: 2\n\nbody\n\n");
	after = ids_of_box("dovecot", state, "");
	is_text(before.text[0], "0000000100000007", "a UID");
	is_text(after.text[0], before.text[0], "a UID stays");
	is_text(after.text[1], before.text[1],
	    "an id of ours stays when a UID is written later");
	close(state);
}

/* A session that asks for no ids may delete the first message all the same. */
static void
base_without_ids(void)
{
	int state = ids_open_state();
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct mbox *mbox;

	box_write_text("box", FIRST("7 9", "1") WITH_UID("2"));
	place.uidl = mbox_find_uidl_format("dovecot");
	place.ids = state;
	mbox = open_mailbox(&place);
	mbox_delete(mbox, 0);
	is_number(mbox_update(mbox, in_ms(1000), &reason), 0, "one deleted");
	mbox_close(&mbox);
	is_text(ids_of_box("dovecot", state, "").text[0], "0000000200000007",
	    "UIDVALIDITY is known from a session that asked for no ids");
	ids_of_box("own", state, "x");
	box_write_text("box", WITH_UID("1") WITH_UID("2"));
	is_text(ids_of_box("dovecot", state, "").text[1], "0000000200000007",
	    "and after a deletion with another format");
	close(state);
}

/* Whatever is in the file, there are ids. */
static void
bad_memory(void)
{
	int state = ids_open_state();
	uint32_t random = 7;
	int i, j, wrong = 0;

	box_write_text("box", FIRST("7 9", "1") WITH_UID("2"));
	for (i = 0; i < 200; i++) {
		unsigned char junk[200];

		for (j = 0; j < 200; j++) {
			random = random * 1103515245 + 12345;
			junk[j] = (unsigned char)(random >> 16);
		}
		memcpy(junk, "PO3PIDS2", 8);
		if (pwrite(state, junk, sizeof(junk), 0) != sizeof(junk))
			bail_out("cannot write a file");
		wrong += strcmp(ids_of_box("dovecot", state, "").text[1],
			     "0000000200000007") != 0;
	}
	is_number(wrong, 0, "ids stay when what is remembered is junk");
	close(state);
}

int
main(void)
{
	box_open();
	uids();
	bad_uids();
	bad_bases();
	base_is_remembered();
	uids_of_senders();
	later_uids();
	base_without_ids();
	bad_memory();
	return done();
}
