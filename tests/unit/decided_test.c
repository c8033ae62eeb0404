/* mbox_watch(): what is told to be decided is done, whatever comes. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 5
#define ALL   ((1U << COUNT) - 1)
#define TOLD  42
#define SMALL 64 /* a journal for less than a message */

static int told;

static void
count(void *about)
{
	(void)about;
	told++;
}

static void
die(void *about)
{
	(void)about;
	_exit(TOLD);
}

static struct mbox_place
make_place(void)
{
	struct mbox_place place = box_place("box");
	size_t i;

	box_write_text("box", "");
	for (i = 0; i < COUNT; i++)
		box_append_text("box", FROM_LINE "Subject: same\n\nsame\n\n");
	for (i = 0; i < 2; i++)
		place.journal[i] = open(i == 0 ? "j0" : "j1",
		    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	place.journal_size = SMALL;
	place.leaves_status = true;
	return place;
}

static void
close_journal(const struct mbox_place *place)
{
	close(place->journal[0]);
	close(place->journal[1]);
}

/* 0, -1, or what decided() ends the process with. */
static int
expunge(const struct mbox_place *place, unsigned int set,
    void (*decided)(void *about))
{
	struct mbox_reason reason;
	struct mbox *mbox;
	int result;
	size_t i;

	if (mbox_open(&mbox, place, in_ms(5000), &reason) == -1 ||
	    mbox_load(mbox, &reason) == -1)
		return -1;
	for (i = 0; i < COUNT; i++)
		if ((set >> i & 1) != 0)
			mbox_delete(mbox, i);
	mbox_watch(mbox, decided, NULL);
	result = mbox_update(mbox, in_ms(5000), &reason);
	mbox_close(&mbox);
	return result;
}

static int
expunge_and_die(const struct mbox_place *place, unsigned int set)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(expunge(place, set, die) == 0 ? 0 : 1);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static size_t
count_left(void)
{
	struct bytes text = { 0 };
	size_t left;

	box_read("box", &text);
	left = text.length / strlen(FROM_LINE "Subject: same\n\nsame\n\n");
	bytes_free(&text);
	return left;
}

/* Dies when it is told that it is decided, and recovers. */
static void
check_crash(unsigned int set, size_t left, const char *what)
{
	struct mbox_place place = make_place();
	struct mbox_reason reason;

	is_number(expunge_and_die(&place, set), TOLD, "%s: it is told", what);
	ok(mbox_needs_recovery(&place), "%s: there is still something to do",
	    what);
	(void)unlink("box.lock"); /* of the dead */
	is_number(mbox_recover(&place, in_ms(5000), &reason), 0,
	    "%s: a crash then is recovered from", what);
	is_number((long long)count_left(), (long long)left,
	    "%s: and the messages are gone", what);
	close_journal(&place);
}

static void
check_count(unsigned int set, off_t journal_size, int times, const char *what)
{
	struct mbox_place place = make_place();

	place.journal_size = journal_size;
	told = 0;
	is_number(expunge(&place, set, count), 0, "%s: it is updated", what);
	is_number(told, times, "%s: and told %d times", what, times);
	close_journal(&place);
}

int
main(void)
{
	box_open();
	check_crash(1, 4, "the first in many steps");
	check_crash(5, 3, "two of them");
	check_crash(1U << (COUNT - 2), 4, "the last but one in one step");
	check_crash(1U << (COUNT - 1), 4, "the last, which is a cut");
	check_count(1, SMALL, 1, "many steps");
	check_count(ALL, 1 << 20, 0, "all, which is no step");
	check_count(ALL, SMALL, 1, "all of what is larger than the journal");
	check_count(0, SMALL, 0, "nothing");
	return done();
}
