/*
 * Crashes at every moment of an update, and of its recovery: the mailbox is the
 * old or the new one plus everything that was appended, and the new one as soon
 * as that was decided.  Invariants 1 to 10 of mbox/update.c.
 *
 * CRASH_ROUNDS=N makes it N times as long: "make torture".
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/bytes.h"
#include "../unit/mail.h"
#include "../unit/tap.h"
#include "disk.h"
#include "scenarios.h"
#include "mbox/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL  FROM_LINE "Subject: later\n\nappended after the crash\n\n"
#define LATER FROM_LINE "Subject: much later\n\nonce more\n\n"

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
	    world->before.length - strlen(scenario_arrivals(scenario)));
	box_write("box", &without);
	bytes_free(&without);
	if (mbox_open(&mbox, &world->place, in_ms(1000), &reason) == -1)
		bail_out(reason.text);
	for (i = 0; i < mbox_count(mbox); i++) {
		if ((scenario->deleted & 1U << i) != 0)
			mbox_delete(mbox, i);
		if ((scenario->retrieved & 1U << i) != 0)
			mbox_retrieved(mbox, i);
	}
	box_append_text("box", scenario_arrivals(scenario));
	disk_start();
	result = mbox_update(mbox, in_ms(1000), &reason);
	mbox_close(&mbox);
	return result;
}

/* ---- judging ------------------------------------------------------------ */

/* Flags in place may be there or not, octet by octet. */
static void
blank_flags(struct bytes *bytes)
{
	char *p = bytes->data;

	while (p != NULL && (p = strstr(p, "Status:")) != NULL)
		for (p += strlen("Status:"); *p != '\n' && *p != '\0'; p++)
			*p = ' ';
}

/* The mailbox is expected followed by tail. */
static bool
is_state(
    const struct bytes *found, const struct bytes *expected, const char *tail)
{
	struct bytes whole = { 0 };
	bool is_same;

	bytes_add(&whole, expected->data, expected->length);
	bytes_add_text(&whole, tail);
	blank_flags(&whole);
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
	blank_flags(&found);
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

/* After how many calls: when a step is in the journal; or, for a file that gets
 * longer, when it has. */
static size_t
when_decided(const struct scenario *scenario)
{
	if (scenario->grows)
		return disk_first_sync(0);
	return disk_first_sync(1) < disk_first_sync(2) ? disk_first_sync(1)
						       : disk_first_sync(2);
}

/* The update runs anew for each crash: survive() records other calls. */
static void
crash_at(const struct scenario *scenario, struct world *world, size_t calls,
    unsigned int how, struct tally *tally)
{
	size_t decided;

	(void)update(scenario, world);
	decided = when_decided(scenario);
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
	world->place.leaves_status = scenario->field == NULL;
	world->chance = 2463534242U;
	scenario_texts(scenario, &world->before, &world->after);
	if (ftruncate(world->place.journal[0], 0) == -1 ||
	    ftruncate(world->place.journal[1], 0) == -1)
		bail_out("ftruncate");
	box_write("box", &world->before);
	disk_watch(0, open("box", O_RDWR | O_CLOEXEC));
	disk_watch(1, world->place.journal[0]);
	disk_watch(2, world->place.journal[1]);
}

/* What becomes of Status: headers is seen from what an undisturbed update
 * makes; unit/status_test.c knows what that must be. */
static void
take_flags(
    const struct scenario *scenario, struct world *world, struct bytes *found)
{
	blank_flags(found);
	is_number(found->length > world->before.length, scenario->grows,
	    "%s: the mailbox gets longer or not (invariant 10)",
	    scenario->name);
	bytes_free(&world->after);
	bytes_add(&world->after, found->data, found->length);
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
	if (scenario->field != NULL)
		take_flags(scenario, &world, &found);
	else
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
	is_number(tally.bad, 0,
	    "%s: the mailbox is the old or the new one (invariants 5 to 8)",
	    scenario->name);
	is_number(tally.late, 0,
	    "%s: and the new one once it was decided (invariant 5)",
	    scenario->name);
	is_number(tally.refused, 0, "%s: recovery finds its mailbox again",
	    scenario->name);
	return tally.runs;
}

static const struct scenario *
find_scenario(const char *name)
{
	size_t i;

	for (i = 0; i < scenario_count; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	bail_out(name);
}

static void
damage_is_seen(const char *name, const char *fault)
{
	struct tally tally = run(find_scenario(name), 60);

	ok(tally.bad + tally.late + tally.refused > 0,
	    "%s: without %s damage is seen", name, fault);
}

/* A check that cannot fail is none: each fault must be seen. */
static void
check_faults(void)
{
	static const char *const synced[DISK_FILES] = { "syncing the mailbox",
		"syncing journal 0", "syncing journal 1" };
	int file;

	for (file = 0; file < DISK_FILES; file++) {
		disk_ignore_sync(file);
		damage_is_seen("small journal", synced[file]);
		damage_is_seen("read all, small journal", synced[file]);
		disk_ignore_sync(-1);
	}
	disk_ignore_writes(1);
	damage_is_seen("small journal", "the sentinel");
	damage_is_seen("last", "the sentinel");
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
	for (i = 0; i < scenario_count; i++)
		runs += check(&scenarios[i], 12 * rounds);
	note("%lu crashes in all", runs);
	check_faults();
	return done();
}
