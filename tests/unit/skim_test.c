/* mbox/skim: many lines at a time are counted as one by one. */
#include "config.h"

#include "bytes.h"
#include "mbox/private.h"
#include "tap.h"

#include <string.h>

/* Where a line that follows an empty one begins with From, or the last line
 * that is certain to be none: where skim_lines() is to stop. */
static const char *
skim_naively(const char *start, const char *end, uint64_t *bare)
{
	const char *stop = start;
	const char *p;

	*bare = 0;
	for (p = start; end - p > 5; p++) {
		bool is_bare = p == start || p[-1] != '\r';
		const char *line = is_bare ? p : p - 1;

		if (*p != '\n')
			continue;
		*bare += is_bare;
		stop = p + 1;
		if ((line == start || line[-1] == '\n') &&
		    memcmp(stop, "From ", 5) == 0)
			break;
	}
	return stop;
}

/* Text in which line ends and From are everywhere, or nearly nowhere. */
static void
skimming(void)
{
	static const char *const parts[] = { "\n", "\r\n", "\nFrom ",
		"\r\n\r\nFrom ", "\n\nFrom ", "\r", "F", "\n\nFrom", "x\n" };
	uint32_t state = 20261122;
	int wrong = 0, stopped = 0;
	int i;

	for (i = 0; i < 20000; i++) {
		uint32_t most = 1 + pick(&state, 300);
		size_t wanted = pick(&state, 1200);
		struct bytes text = { 0 };
		const char *found, *expected;
		uint64_t bare, lines;

		while (text.length < wanted) {
			bytes_add_text(&text, parts[pick(&state, 9)]);
			bytes_fill(&text, 'x', pick(&state, most));
		}
		bytes_add_text(&text, "");
		found = skim_lines(text.data, text.data + text.length, &bare);
		expected =
		    skim_naively(text.data, text.data + text.length, &lines);
		wrong += found != expected || bare != lines;
		stopped += text.length > 5 && memcmp(found, "From ", 5) == 0;
		bytes_free(&text);
	}
	is_number(wrong, 0, "many lines at a time are counted as one by one");
	ok(stopped > 1000 && stopped < 19000,
	    "and some %d of 20000 texts stop at From", stopped);
}

int
main(void)
{
	skimming();
	return done();
}
