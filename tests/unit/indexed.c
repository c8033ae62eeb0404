#include "config.h"

#include "indexed.h"
#include "box.h"
#include "mail.h"
#include "tap.h"
#include "view.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the clock ---------------------------------------------------------- */

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int indexed_later = 10;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = __real_clock_gettime(clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += indexed_later;
	return result;
}

void
indexed_tick(void)
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

struct mbox_place
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

void
indexed_add(struct bytes *mailbox, int first, int count)
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

void
indexed_write(int count)
{
	struct bytes mailbox = { 0 };

	indexed_add(&mailbox, 0, count);
	box_write("box", &mailbox);
	bytes_free(&mailbox);
	indexed_tick();
}

void
indexed_put_at(off_t position, const char *text)
{
	int fd = open("box", O_WRONLY);

	if (fd == -1 ||
	    pwrite(fd, text, strlen(text), position) != (ssize_t)strlen(text))
		bail_out("box");
	close(fd);
}

void
indexed_append(const char *text)
{
	indexed_tick();
	box_append_text("box", text);
	indexed_tick();
}

void
indexed_see(const struct mbox_place *place)
{
	struct bytes view = view_of(place, NULL);

	bytes_free(&view);
}

bool
indexed_agrees(const struct mbox_place *place, bool *was_scanned)
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

void
indexed_expect(const struct mbox_place *place, bool scans, const char *name)
{
	bool was_scanned;

	ok(indexed_agrees(place, &was_scanned), "%s: what a scan would see",
	    name);
	is_number(was_scanned, scans, "%s: %s", name,
	    scans ? "by a scan" : "without a scan");
}
