/* Octets in memory. */
#include "config.h"

#include "bytes.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static char *
extend(struct bytes *bytes, size_t length)
{
	char *start;

	bytes->data = realloc(bytes->data, bytes->length + length + 1);
	if (bytes->data == NULL)
		bail_out("no memory");
	start = bytes->data + bytes->length;
	bytes->length += length;
	bytes->data[bytes->length] = '\0';
	return start;
}

void
bytes_add(struct bytes *bytes, const void *data, size_t length)
{
	if (length > 0)
		memcpy(extend(bytes, length), data, length);
	else
		extend(bytes, 0);
}

void
bytes_add_text(struct bytes *bytes, const char *text)
{
	bytes_add(bytes, text, strlen(text));
}

void
bytes_fill(struct bytes *bytes, char c, size_t count)
{
	memset(extend(bytes, count), c, count);
}

void
bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	bytes->data = NULL;
	bytes->length = 0;
}

bool
bytes_equal(const struct bytes *a, const struct bytes *b)
{
	return a->length == b->length &&
	    (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

bool
bytes_are_text(const struct bytes *bytes, const char *text)
{
	return bytes->length == strlen(text) &&
	    (bytes->length == 0 ||
		memcmp(bytes->data, text, bytes->length) == 0);
}

bool
bytes_have(const struct bytes *bytes, const char *text)
{
	return bytes->data != NULL &&
	    memmem(bytes->data, bytes->length, text, strlen(text)) != NULL;
}

uint32_t
pick(uint32_t *state, uint32_t limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % limit;
}
