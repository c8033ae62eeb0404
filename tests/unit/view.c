#include "config.h"

#include "view.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"

#include <inttypes.h>
#include <stdio.h>

static void
add_message(struct bytes *view, struct mbox *mbox, size_t i)
{
	const struct message *message = &mbox->index.messages[i];
	struct mbox_reason reason;
	char id[MBOX_UIDL_SIZE];
	char line[256];

	if (mbox_uidl(mbox, i, id, &reason) == -1)
		bail_out(reason.text);
	snprintf(line, sizeof(line),
	    "%zu: %jd %jd %" PRIu64 " %u %u %" PRIx64 " %d%d%d%d%d%d %s\n", i,
	    (intmax_t)message->start, (intmax_t)message->end,
	    mbox_octets(mbox, i), (unsigned int)message->separator_length,
	    (unsigned int)message->header_length, message->header_sum,
	    message->has_long_header, message->was_seen, message->was_read,
	    message->has_room, message->is_retrieved, message->is_deleted, id);
	bytes_add_text(view, line);
}

struct bytes
view_of(const struct mbox_place *place, bool *was_scanned)
{
	struct mbox *mbox = open_mailbox(place);
	struct bytes view = { 0 };
	struct mbox_reason reason;
	uint64_t octets;
	char line[256];
	size_t count, i;

	if (was_scanned != NULL)
		*was_scanned = index_is_loaded(&mbox->index);
	mbox_totals(mbox, &count, &octets);
	snprintf(line, sizeof(line), "%zu %" PRIu64 " %zu %d\n", count, octets,
	    mbox_last_read(mbox), mbox_is_mbox(mbox));
	bytes_add_text(&view, line);
	if (mbox_load(mbox, &reason) == -1)
		bail_out(reason.text);
	snprintf(line, sizeof(line), "%zu %zu %jd %jd\n", mbox->index.last_read,
	    mbox->index.wants_seen, (intmax_t)mbox->index.size,
	    (intmax_t)mbox->index.blank);
	bytes_add_text(&view, line);
	for (i = 0; i < count; i++)
		add_message(&view, mbox, i);
	mbox_close(&mbox);
	return view;
}

struct bytes
view_without(const struct mbox_place *place)
{
	struct mbox_place plain = *place;

	plain.index = -1;
	return view_of(&plain, NULL);
}
