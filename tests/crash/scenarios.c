/* The mailboxes that crash tests change, and how. */
#include "config.h"

#include "scenarios.h"

#include "../unit/mail.h"

#include <stdio.h>
#include <string.h>

#define ARRIVES FROM_LINE "Subject: new\n\narrived during the session\n\n"

const struct scenario scenarios[] = {
	{ .name = "first of many",
	    .lengths = { 900, 700, 2000, 30, 1500, 1 },
	    .deleted = 0x001,
	    .journal_size = 65536 },
	{ .name = "first, short",
	    .lengths = { 1, 3000, 3000, 3000 },
	    .deleted = 0x001,
	    .journal_size = 65536 },
	{ .name = "first, long",
	    .lengths = { 9000, 700, 2000, 30 },
	    .deleted = 0x001,
	    .journal_size = 65536 },
	{ .name = "middle",
	    .lengths = { 900, 700, 50, 600, 3000, 800 },
	    .deleted = 0x008,
	    .journal_size = 65536 },
	{ .name = "every second",
	    .lengths = { 500, 600, 700, 800, 900, 1000, 50, 60 },
	    .deleted = 0x155,
	    .journal_size = 65536 },
	{ .name = "all but the last",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x00f,
	    .journal_size = 65536 },
	{ .name = "last",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x010,
	    .journal_size = 65536 },
	{ .name = "all",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x01f,
	    .journal_size = 65536 },
	{ .name = "last, mail arrives",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x010,
	    .journal_size = 65536,
	    .arrives = ARRIVES },
	{ .name = "all, mail arrives",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x01f,
	    .journal_size = 65536,
	    .arrives = ARRIVES },
	{ .name = "all, small journal",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x01f,
	    .journal_size = 700 },
	{ .name = "all, small journal, mail arrives",
	    .lengths = { 500, 600, 700, 800, 900 },
	    .deleted = 0x01f,
	    .journal_size = 700,
	    .arrives = ARRIVES },
	{ .name = "first, mail arrives",
	    .lengths = { 100, 3000, 700 },
	    .deleted = 0x001,
	    .journal_size = 65536,
	    .arrives = ARRIVES },
	{ .name = "small journal",
	    .lengths = { 200, 3000, 3000, 3000, 2000 },
	    .deleted = 0x001,
	    .journal_size = 1000 },
	{ .name = "small journal, holes",
	    .lengths = { 90, 2000, 40, 1500, 1000, 300, 900 },
	    .deleted = 0x025,
	    .journal_size = 700,
	    .arrives = ARRIVES },
	{ .name = "small journal, wide gap",
	    .lengths = { 1500, 1500, 1000, 2000, 3000 },
	    .deleted = 0x003,
	    .journal_size = 500 },
	{ .name = "read one",
	    .lengths = { 900, 700, 2000, 30, 1500, 1 },
	    .journal_size = 65536,
	    .retrieved = 0x004,
	    .field = "",
	    .grows = true },
	{ .name = "read all",
	    .lengths = { 900, 700, 2000, 30, 1500, 1 },
	    .journal_size = 65536,
	    .retrieved = 0x03f,
	    .field = "",
	    .grows = true },
	{ .name = "read all, mail arrives",
	    .lengths = { 900, 700, 2000, 30 },
	    .journal_size = 65536,
	    .arrives = ARRIVES,
	    .retrieved = 0x00f,
	    .field = "",
	    .grows = true },
	{ .name = "read all, small journal",
	    .lengths = { 900, 700, 2000, 30, 1500, 1 },
	    .journal_size = 700,
	    .retrieved = 0x03f,
	    .field = "",
	    .grows = true },
	{ .name = "read all, there is room",
	    .lengths = { 900, 700, 2000, 30, 1500, 1 },
	    .journal_size = 65536,
	    .retrieved = 0x03f,
	    .field = "Status:    \n" },
	{ .name = "read some, delete one",
	    .lengths = { 500, 600, 700, 800, 90 },
	    .deleted = 0x008,
	    .journal_size = 65536,
	    .retrieved = 0x017,
	    .field = "Status:\n" },
	{ .name = "read some, delete one, small journal",
	    .lengths = { 500, 600, 700, 800, 90, 2000, 1000 },
	    .deleted = 0x010,
	    .journal_size = 400,
	    .retrieved = 0x0ef,
	    .field = "" },
	{ .name = "add more than goes",
	    .lengths = { 2, 60, 70, 80, 90, 50, 40, 30, 20 },
	    .deleted = 0x001,
	    .journal_size = 300,
	    .retrieved = 0x1fe,
	    .field = "Status:\n" },
	{ .name = "grow behind what goes",
	    .lengths = { 1, 600, 70, 80, 90, 50, 40, 30, 20, 1000 },
	    .deleted = 0x001,
	    .journal_size = 300,
	    .arrives = ARRIVES,
	    .retrieved = 0x3fe,
	    .field = "",
	    .grows = true },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(*scenarios);

static void
add_message(struct bytes *bytes, size_t i, size_t length, const char *field)
{
	char head[200];
	size_t k;

	snprintf(head, sizeof(head), FROM_LINE "Subject: %zu\n%s\n", i,
	    field == NULL ? "" : field);
	bytes_add_text(bytes, head);
	for (k = 0; k < length; k++)
		bytes_fill(
		    bytes, k % 61 == 60 ? '\n' : (char)('a' + (i + k) % 26), 1);
	bytes_add_text(bytes, "\n\n");
}

const char *
scenario_arrivals(const struct scenario *scenario)
{
	return scenario->arrives == NULL ? "" : scenario->arrives;
}

void
scenario_texts(
    const struct scenario *scenario, struct bytes *before, struct bytes *after)
{
	size_t i;

	for (i = 0; i < MOST_MESSAGES && scenario->lengths[i] > 0; i++) {
		add_message(before, i, scenario->lengths[i], scenario->field);
		if ((scenario->deleted & 1U << i) == 0)
			add_message(
			    after, i, scenario->lengths[i], scenario->field);
	}
	bytes_add_text(before, scenario_arrivals(scenario));
	bytes_add_text(after, scenario_arrivals(scenario));
}
