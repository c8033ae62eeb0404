/* mbox/answers: a message is answered once. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROW 32

/* Message number i of a mailbox. */
static void
add_message(struct bytes *mailbox, unsigned int i)
{
	char text[100];

	snprintf(text, sizeof(text), FROM_LINE "Subject: %u\n\nbody\n\n", i);
	bytes_add_text(mailbox, text);
}

static void
write_messages(unsigned int from, unsigned int end)
{
	struct bytes mailbox = { 0 };

	for (; from < end; from++)
		add_message(&mailbox, from);
	box_write("joe", &mailbox);
	bytes_free(&mailbox);
}

/* A session of its own; the answer to message i, and what is kept. */
static int
answer(struct mbox_place place, size_t i)
{
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;
	int claim, result;

	place.notes_answers = true;
	claim = mbox_claim("state", &place, in_ms(0), &reason);
	if (claim == -1)
		bail_out(reason.text);
	mbox = open_mailbox(&place);
	result = mbox_answer(mbox, i, &reason);
	if (result == -1)
		note("%s", reason.text);
	if (mbox_keep_answers(mbox, &reason) == -1)
		bail_out(reason.text);
	mbox_close(&mbox);
	mbox_unclaim(&place, claim);
	return result;
}

static const char *
file_name(void)
{
	static char name[600];
	char *p;

	snprintf(name, sizeof(name), "state/%s%%joe.sent", box_path());
	for (p = name + strlen("state/"); *p != '\0'; p++)
		if (*p == '/')
			*p = '%';
	return name;
}

static long
rows(void)
{
	return (long)box_stat(file_name()).st_size / ROW;
}

static void
begin(void)
{
	write_messages(0, 3);
	unlink(file_name());
}

static void
once(void)
{
	struct mbox_place place = box_place("joe");

	begin();
	is_number(answer(place, 1), 1, "a message is answered");
	is_number(answer(place, 1), 0, "it is not answered again");
	is_number(answer(place, 0), 1, "another message is");
	place.uidl = mbox_find_uidl_format("popa3d");
	is_number(answer(place, 1), 0, "another format of ids changes nothing");
	write_messages(1, 3);
	is_number(answer(place, 0), 0, "nor does another place in the mailbox");
	is_number(rows(), 2, "there is a row for each");
}

static void
changed_flags(void)
{
	struct mbox_place place = box_place("joe");

	begin();
	box_write_text("joe", FROM_LINE "Subject: x\n\nbody\n");
	is_number(answer(place, 0), 1, "a message is answered");
	box_write_text(
	    "joe", FROM_LINE "Subject: x\nStatus: RO\nX-UID: 3\n\nbody\n");
	is_number(answer(place, 0), 0, "flags do not make it another one");
	box_write_text("joe", FROM_LINE "Subject: x\n\nother body\n");
	is_number(answer(place, 0), 1, "another text does");
}

static void
same_session(void)
{
	struct mbox_place place = box_place("joe");
	struct mbox_reason reason;
	struct mbox *mbox;
	int claim;

	begin();
	place.notes_answers = true;
	claim = mbox_claim("state", &place, in_ms(0), &reason);
	mbox = open_mailbox(&place);
	is_number(mbox_answer(mbox, 0, &reason), 1, "a message is answered");
	is_number(mbox_answer(mbox, 0, &reason), 0, "once in a session");
	is_number(mbox_answer(mbox, 2, &reason), 1, "another message is too");
	mbox_close(&mbox);
	mbox_unclaim(&place, claim);
	is_number(rows(), 2, "there is a row for each");
}

/* Overwrites octets of the file. */
static void
damage(off_t position, const char *text)
{
	int fd = open(file_name(), O_WRONLY);

	if (fd == -1 ||
	    pwrite(fd, text, strlen(text), position) != (ssize_t)strlen(text))
		bail_out("cannot damage the file");
	close(fd);
}

static void
torn_row(void)
{
	struct mbox_place place = box_place("joe");

	begin();
	answer(place, 0);
	answer(place, 1);
	damage(ROW + 3, "?");
	is_number(answer(place, 0), 0, "a row beside a damaged one counts");
	is_number(answer(place, 2), 1, "a new message is answered");
	is_number(rows(), 2, "it gets the damaged row");
	if (truncate(file_name(), ROW + 7) == -1)
		bail_out("truncate");
	is_number(answer(place, 0), 0, "a row before a torn one counts");
	is_number(answer(place, 2), 1, "the torn one does not");
	is_number(rows(), 2, "it is written again");
}

/* Two rows for each message, and 64, before the gone ones are looked for. */
static void
gone_messages(void)
{
	struct mbox_place place = box_place("joe");
	unsigned int i;
	long most;

	begin();
	for (i = 0; i < 66; i++) {
		write_messages(i, i + 1);
		if (answer(place, 0) != 1)
			bail_out("not answered");
	}
	most = rows();
	is_number(most, 66, "messages that are gone have rows for a while");
	write_messages(65, 67);
	is_number(answer(place, 1), 1, "one more is answered");
	is_number(answer(place, 0), 0, "what is left stays answered");
	for (i = 67; i < 150; i++) {
		write_messages(i, i + 1);
		if (answer(place, 0) != 1)
			bail_out("not answered");
	}
	ok(rows() <= 70, "but not for ever: %ld rows", rows());
}

static void
without_file(void)
{
	struct mbox_place place = box_place("joe");
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;

	begin();
	place.notes_answers = true;
	place.answered = -1;
	mbox = open_mailbox(&place);
	is_number(mbox_answer(mbox, 0, &reason), -1,
	    "without a file nothing is answered");
	is_number(reason.failure, MBOX_FULL, "that is told");
	mbox_close(&mbox);
}

static void
unwanted(void)
{
	struct mbox_place place = box_place("joe");
	struct mbox_reason reason;
	int claim;

	begin();
	claim = mbox_claim("state", &place, in_ms(0), &reason);
	is_number(place.answered, -1, "who answers nothing has no file");
	ok(!box_has(file_name()), "and none is made");
	mbox_unclaim(&place, claim);
}

int
main(void)
{
	box_open();
	box_directory("state", 0700);
	once();
	changed_flags();
	same_session();
	torn_row();
	gone_messages();
	without_file();
	unwanted();
	return done();
}
