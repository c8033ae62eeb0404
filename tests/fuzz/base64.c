/* Base64: what is read is written the same way; what is written can be read. */
#include "config.h"

#include "../unit/box.h"
#include "fuzz.h"
#include "support/base64.h"

#include <stdlib.h>
#include <string.h>

static char *
encode(const void *data, size_t length)
{
	char *text = malloc(BASE64_SIZE(length));

	must(text != NULL, "there is memory");
	base64_encode(data, length, text);
	return text;
}

static void
check_encoding(const uint8_t *data, size_t size)
{
	char *text = encode(data, size);
	size_t length = 0;

	must(strlen(text) + 1 == BASE64_SIZE(size), "a text is so long");
	must(base64_decode(text, &length), "what was written can be read");
	must(length == size && (size == 0 || memcmp(text, data, size) == 0),
	    "and is the same");
	free(text);
}

static void
check_decoding(const uint8_t *data, size_t size)
{
	struct bytes original = { 0 }, text = { 0 };
	size_t length = 0;

	bytes_add(&original, data, size);
	bytes_add(&text, original.data, strlen(original.data));
	if (base64_decode(text.data, &length)) {
		char *again = encode(text.data, length);

		must(length <= text.length, "it gets no longer");
		must(strcmp(again, original.data) == 0,
		    "every text has one way to be written");
		free(again);
	}
	bytes_free(&original);
	bytes_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_encoding(data, size);
	check_decoding(data, size);
	return 0;
}
