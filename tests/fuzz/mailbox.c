/* A mailbox for fuzz targets, in the sandbox. */
#include "config.h"

#include "mailbox.h"

#include "../unit/box.h"
#include "fuzz.h"

#include <unistd.h>

struct mbox_place
mailbox_make(const struct bytes *content)
{
	struct mbox_place place = box_place("box");
	int i;

	box_write("box", content);
	place.methods = MBOX_LOCK_FCNTL;
	place.needs_dotlock = place.syncs = false;
	for (i = 0; i < 2; i++)
		must(ftruncate(place.journal[i], 0) == 0, "ftruncate");
	return place;
}

struct bytes
mailbox_content(void)
{
	struct bytes content = { 0 };

	box_read("box", &content);
	return content;
}

struct bytes
mailbox_text(const struct bytes *content, off_t from, off_t to)
{
	struct bytes text = { 0 };

	must(from >= 0 && from <= to && to <= (off_t)content->length,
	    "messages are in the mailbox");
	bytes_add(&text, content->length == 0 ? "" : content->data + from,
	    (size_t)(to - from));
	return text;
}

off_t
mailbox_next(const struct index *index, size_t i)
{
	return i + 1 < index->count ? index->messages[i + 1].start
				    : index->size;
}
