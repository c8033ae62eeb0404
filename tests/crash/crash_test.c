/*
 * Crashes at every moment of an update, and of its recovery: the mailbox is the
 * old or the new one plus everything that was appended, and the new one as soon
 * as that was decided.  Invariants 1 to 9 of mbox/update.c.
 *
 * CRASH_ROUNDS=N makes it N times as long: "make torture".
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/bytes.h"
#include "../unit/mail.h"
#include "../unit/tap.h"
#include "disk.h"
#include "mbox/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_MESSAGES 12
#define TAIL	      FROM_LINE "Subject: later\n\nappended after the crash\n\n"
#define LATER	      FROM_LINE "Subject: much later\n\nonce more\n\n"

/* One mailbox, and what is deleted from it. */
struct scenario {
	const char *name;
	unsigned int deleted;	       /* a bit per message */
	size_t lengths[MOST_MESSAGES]; /* of the bodies; 0 ends the list */
	off_t journal_size;
	const char *arrives; /* between opening and update, or "" */
};

#define ARRIVES FROM_LINE "Subject: new\n\narrived during the session\n\n"

static const struct scenario scenarios[] = {
	{ "first of many", 0x001, { 900, 700, 2000, 30, 1500, 1 }, 65536, "" },
	{ "first, short", 0x001, { 1, 3000, 3000, 3000 }, 65536, "" },
	{ "first, long", 0x001, { 9000, 700, 2000, 30 }, 65536, "" },
	{ "middle", 0x008, { 900, 700, 50, 600, 3000, 800 }, 65536, "" },
	{ "every second", 0x155, { 500, 600, 700, 800, 900, 1000, 50, 60 },
	    65536, "" },
	{ "all but the last", 0x00f, { 500, 600, 700, 800, 900 }, 65536, "" },
	{ "last", 0x010, { 500, 600, 700, 800, 900 }, 65536, "" },
	{ "all", 0x01f, { 500, 600, 700, 800, 900 }, 65536, "" },
	{ "last, mail arrives", 0x010, { 500, 600, 700, 800, 900 }, 65536,
	    ARRIVES },
	{ "all, mail arrives", 0x01f, { 500, 600, 700, 800, 900 }, 65536,
	    ARRIVES },
	{ "first, mail arrives", 0x001, { 100, 3000, 700 }, 65536, ARRIVES },
	{ "small journal", 0x001, { 200, 3000, 3000, 3000, 2000 }, 1000, "" },
	{ "small journal, holes", 0x025, { 90, 2000, 40, 1500, 1000, 300, 900 },
	    700, ARRIVES },
	{ "small journal, wide gap", 0x003, { 1500, 1500, 1000, 2000, 3000 },
	    500, "" },
};

/* What was seen of one scenario. */
struct tally {
	unsigned long runs;
	unsigned long bad;  /* neither old nor new */
	unsigned long late; /* old though it was decided */
	unsigned long refused;
};

struct world {
	struct mbox_place place;
	struct bytes before;
	struct bytes after;
	uint32_t chance;
};

/* ---- a mailbox ---------------------------------------------------------- */

static void
add_message(struct bytes *bytes, size_t i, size_t length)
{
	char head[200];
	size_t k;

	snprintf(head, sizeof(head), FROM_LINE "Subject: %zu\n\n", i);
	bytes_add_text(bytes, head);
	for (k = 0; k < length; k++)
		bytes_fill(
		    bytes, k % 61 == 60 ? '\n' : (char)('a' + (i + k) % 26), 1);
	bytes_add_text(bytes, "\n\n");
}

static void
make_texts(const struct scenario *scenario, struct world *world)
{
	size_t i;

	for (i = 0; i < MOST_MESSAGES && scenario->lengths[i] > 0; i++) {
		add_message(&world->before, i, scenario->lengths[i]);
		if ((scenario->deleted & 1U << i) == 0)
			add_message(&world->after, i, scenario->lengths[i]);
	}
	bytes_add_text(&world->before, scenario->arrives);
	bytes_add_text(&world->after, scenario->arrives);
}

/* Runs the update; the calls are recorded. */
static int
update(const struct scenario *scenario, struct world *world)
{
	struct bytes without = { 0 };
	struct mbox_reason reason;
	struct mbox *mbox;
	size_t i;
	int result;

	bytes_add(&without, world->before.data,
	    world->before.length - strlen(scenario->arrives));
	box_write("box", &without);
	bytes_free(&without);
	if (mbox_open(&mbox, &world->place, in_ms(1000), &reason) == -1)
		bail_out(reason.text);
	for (i = 0; i < mbox_count(mbox); i++)
		if ((scenario->deleted & 1U << i) != 0)
			mbox_delete(mbox, i);
	box_append_text("box", scenario->arrives);
	disk_start();
	result = mbox_update(mbox, in_ms(1000), &reason);
	mbox_close(&mbox);
	return result;
}

/* ---- judging ------------------------------------------------------------ */

/* The mailbox is expected followed by tail. */
static bool
is_state(
    const struct bytes *found, const struct bytes *expected, const char *tail)
{
	struct bytes whole = { 0 };
	bool is_same;

	bytes_add(&whole, expected->data, expected->length);
	bytes_add_text(&whole, tail);
	is_same = bytes_equal(found, &whole);
	bytes_free(&whole);
	return is_same;
}

static void
judge(const struct world *world, const char *tail, bool is_decided,
    struct tally *tally)
{
	struct bytes found = { 0 };
	bool is_old, is_new;

	box_read("box", &found);
	is_old = is_state(&found, &world->before, tail);
	is_new = is_state(&found, &world->after, tail);
	tally->runs++;
	tally->bad += !is_old && !is_new;
	tally->late += is_decided && is_old && !is_new;
	bytes_free(&found);
}

static void
recover(const struct world *world, struct tally *tally)
{
	struct mbox_reason reason;

	if (mbox_recover(&world->place, in_ms(1000), &reason) == 0)
		return;
	if (tally->refused++ == 0)
		note("%s", reason.text);
}

/* After a crash: mail may come in, recovery may crash too, mail comes in
 * again; in the end everything must be there. */
static void
survive(struct world *world, bool is_decided, struct tally *tally)
{
	char tail[sizeof(TAIL) + sizeof(LATER)] = "";

	if (pick(&world->chance, 2) == 0) {
		box_append_text("box", TAIL);
		strcat(tail, TAIL);
	}
	disk_start();
	recover(world, tally);
	if (pick(&world->chance, 2) == 0) {
		uint32_t calls =
		    pick(&world->chance, (uint32_t)disk_calls() + 1);

		if (pick(&world->chance, 2) == 0)
			disk_kill(calls, pick(&world->chance, 2) == 0);
		else
			disk_cut(calls, &world->chance);
		if (pick(&world->chance, 2) == 0) {
			box_append_text("box", LATER);
			strcat(tail, LATER);
		}
		recover(world, tally);
	}
	judge(world, tail, is_decided, tally);
}

/* ---- every moment ------------------------------------------------------- */

/* The update runs anew for each crash: survive() records other calls. */
static void
crash_at(const struct scenario *scenario, struct world *world, size_t calls,
    unsigned int how, struct tally *tally)
{
	size_t decided;

	(void)update(scenario, world);
	decided = disk_first_sync(1) < disk_first_sync(2) ? disk_first_sync(1)
							  : disk_first_sync(2);
	if (how < 2)
		disk_kill(calls, how == 1);
	else
		disk_cut(calls, &world->chance);
	survive(world, calls >= decided || calls >= disk_calls(), tally);
}

static void
crash_everywhere(const struct scenario *scenario, struct world *world,
    unsigned int rounds, struct tally *tally)
{
	size_t count, calls;
	unsigned int how;

	(void)update(scenario, world);
	count = disk_calls();
	for (calls = 0; calls <= count; calls++)
		for (how = 0; how < rounds; how++)
			crash_at(scenario, world, calls, how, tally);
}

static void
open_world(const struct scenario *scenario, struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->place = box_place("box");
	world->place.methods = MBOX_LOCK_FCNTL; /* quicker than a dotlock */
	world->place.journal_size = scenario->journal_size;
	world->chance = 2463534242U;
	make_texts(scenario, world);
	if (ftruncate(world->place.journal[0], 0) == -1 ||
	    ftruncate(world->place.journal[1], 0) == -1)
		bail_out("ftruncate");
	box_write("box", &world->before);
	disk_watch(0, open("box", O_RDWR | O_CLOEXEC));
	disk_watch(1, world->place.journal[0]);
	disk_watch(2, world->place.journal[1]);
}

static struct tally
run(const struct scenario *scenario, unsigned int rounds)
{
	struct tally tally = { 0 };
	struct world world;
	struct bytes found = { 0 };

	open_world(scenario, &world);
	ok(update(scenario, &world) == 0, "%s: the update succeeds",
	    scenario->name);
	box_read("box", &found);
	ok(is_state(&found, &world.after, ""), "%s: and is right",
	    scenario->name);
	bytes_free(&found);
	crash_everywhere(scenario, &world, rounds, &tally);
	bytes_free(&world.before);
	bytes_free(&world.after);
	return tally;
}

/* Returns how many crashes that were. */
static unsigned long
check(const struct scenario *scenario, unsigned int rounds)
{
	struct tally tally = run(scenario, rounds);

	note("%s: %lu crashes", scenario->name, tally.runs);
	is_number(tally.bad, 0, "%s: the mailbox is the old or the new one",
	    scenario->name);
	is_number(tally.late, 0, "%s: and the new one once it was decided",
	    scenario->name);
	is_number(tally.refused, 0, "%s: recovery finds its mailbox again",
	    scenario->name);
	return tally.runs;
}

/* A check that cannot fail is none: each fault must be seen. */
static void
check_faults(void)
{
	const struct scenario *scenario = &scenarios[11];
	struct tally tally;
	int file;

	for (file = 0; file < DISK_FILES; file++) {
		disk_ignore_sync(file);
		tally = run(scenario, 60);
		ok(tally.bad + tally.late + tally.refused > 0,
		    "without syncing %s damage is seen",
		    file == 0 ? "the mailbox" : "a journal file");
		disk_ignore_sync(-1);
	}
	disk_ignore_writes(16);
	tally = run(scenario, 60);
	ok(tally.bad + tally.late + tally.refused > 0,
	    "without the nonce damage is seen");
	disk_ignore_writes(0);
}

int
main(void)
{
	const char *text = getenv("CRASH_ROUNDS");
	unsigned int rounds = text == NULL ? 1 : (unsigned int)atoi(text);
	unsigned long runs = 0;
	size_t i;

	box_open();
	for (i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++)
		runs += check(&scenarios[i], 12 * rounds);
	note("%lu crashes in all", runs);
	check_faults();
	return done();
}
