/* The names of the lock methods. */
#include "config.h"

#include "mbox/mbox.h"

#include <string.h>

static unsigned int
find_method(const char *name, size_t length)
{
	static const char *const names[] = { "dotlock", "fcntl", "flock" };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (strlen(names[i]) == length &&
		    memcmp(names[i], name, length) == 0)
			return 1U << i;
	return 0;
}

bool
mbox_parse_lock_methods(const char *text, unsigned int *methods)
{
	unsigned int found = 0;

	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned int method = find_method(text, length);

		if (method == 0)
			return false;
		found |= method;
		text += length;
		if (*text == '\0')
			break;
		text++;
	}
	*methods = found;
	return found != MBOX_LOCK_FLOCK;
}
