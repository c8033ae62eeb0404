/* A header of a stranger: what comes of it is sound, and no octet behind the
 * header is read. */
#include "config.h"

#include "fuzz.h"
#include "pop3/notice.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes copy = { 0 };
	struct notice notice;
	const char *why = NULL;

	bytes_add(&copy, data, size);
	if (notice_is_due(copy.data, size, "joe@kvt.dk", &notice, &why)) {
		must(why == NULL, "what is due has no reason against it");
		must(notice_is_sound(&notice), "it is sound");
		must(memmem(data, size, notice.to, strlen(notice.to)) != NULL,
		    "its address is in the header");
	}
	bytes_free(&copy);
	return 0;
}
