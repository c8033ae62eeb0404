/* daemon/admission: who is let in. */
#include "config.h"

#include "daemon/admission.h"
#include "tap.h"

#include <string.h>
#include <sys/socket.h>

static const struct source here = { .family = 0, .number = 0 };

static struct source
number(uint64_t n)
{
	struct source source = { .family = AF_INET, .number = n };

	return source;
}

/* ---- failed logins ------------------------------------------------------ */

static void
fail(struct failures *failures, uint64_t n, int64_t now, int times)
{
	struct source source = number(n);

	while (times-- > 0)
		admission_note_failure(failures, &source, now);
}

static bool
is_slow(const struct failures *failures, uint64_t n, int64_t now)
{
	struct source source = number(n);

	return admission_is_slow(failures, &source, now);
}

static void
check_failures(void)
{
	static struct failures failures;
	uint64_t i;
	int64_t now = 1000000;
	int j;

	fail(&failures, 1, now, 10);
	ok(!is_slow(&failures, 1, now),
	    "ten failures in a minute are let pass");
	fail(&failures, 1, now + 59999, 1);
	ok(is_slow(&failures, 1, now + 59999), "eleven are not");
	ok(!is_slow(&failures, 2, now),
	    "another source has nothing to do with "
	    "it");
	ok(!is_slow(&failures, 1, now + 60000), "after a minute all is well");
	fail(&failures, 1, now + 60000, 10);
	ok(!is_slow(&failures, 1, now + 60000), "and counted from the start");
	for (j = 0; j < 100; j++)
		admission_note_failure(&failures, &here, now);
	ok(!admission_is_slow(&failures, &here, now),
	    "this host is never slow");
	fail(&failures, 3, now + 70000, 11);
	for (i = 0; i < ADMISSION_SOURCES - 1; i++)
		fail(&failures, 1000 + i, now + 70001, 1);
	ok(is_slow(&failures, 3, now + 70002), "%d sources are remembered",
	    ADMISSION_SOURCES);
	fail(&failures, 5000, now + 70002, 11);
	ok(!is_slow(&failures, 3, now + 70002),
	    "with one more the oldest is "
	    "forgotten");
	ok(is_slow(&failures, 5000, now + 70002), "and the newest is not");
}

/* ---- room --------------------------------------------------------------- */

/* How many of 1000 are refused with waiting children before their login and
 * others behind it. */
static int
refused(struct children *children, size_t waiting, size_t others)
{
	size_t i;
	int j, count = 0;

	children->count = 0;
	for (i = 0; i < waiting + others; i++) {
		children_add(children, 1, &here);
		children->rows[i].is_before_login = i < waiting;
	}
	for (j = 0; j < 1000; j++)
		count += admission_lack(children) != NULL;
	return count;
}

static void
check_room(void)
{
	struct children children;
	int some;

	if (children_init(&children, 200) == -1)
		bail_out("children_init");
	is_number(refused(&children, 0, 0), 0, "an empty house has room");
	is_number(refused(&children, 50, 0), 0, "a quarter may wait for login");
	some = refused(&children, 75, 0);
	ok(some > 350 && some < 650,
	    "half way to half of them, every other one "
	    "is dropped: %d of 1000",
	    some);
	is_number(refused(&children, 99, 0) > 900, true, "near it, most");
	is_number(refused(&children, 100, 0), 1000, "at half of them, all");
	is_number(refused(&children, 50, 149), 0,
	    "those that are logged in do "
	    "not count for that");
	is_number(refused(&children, 0, 200), 1000, "a full house is full");
	children_free(&children);
}

static void
check_sources(void)
{
	struct options options = { .most_per_source = 3 };
	struct children children;
	struct source one = number(1), two = number(2);
	int i;

	if (children_init(&children, 20) == -1)
		bail_out("children_init");
	for (i = 0; i < 3; i++) {
		ok(admission_lack_for(&children, &options, &one) == NULL,
		    "with %d of its own a source may have one more", i);
		children_add(&children, 10 + i, &one);
		children_add(&children, 20 + i, &here);
	}
	is_text(admission_lack_for(&children, &options, &one),
	    "too many sessions from this source", "with 3 it may not");
	ok(admission_lack_for(&children, &options, &two) == NULL,
	    "another source may");
	ok(admission_lack_for(&children, &options, &here) == NULL,
	    "this host always may");
	children_find(&children, 11)->source = two;
	ok(admission_lack_for(&children, &options, &one) == NULL,
	    "a child counts for the source that it has now");
	ok(children_find(&children, 99) == NULL, "a stranger is no child");
	children_free(&children);
}

int
main(void)
{
	check_failures();
	check_room();
	check_sources();
	return done();
}
