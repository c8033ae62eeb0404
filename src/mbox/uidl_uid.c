/*
 * Unique ids made of UIDVALIDITY and UID, which IMAP servers write into an mbox
 * file: a UID into the X-UID: field of each message; UIDVALIDITY and the last
 * UID that was given into X-IMAPbase: of the first message, or X-IMAP: of the
 * hidden one.
 *
 * We write neither, and may delete the first message; so what that field said
 * is remembered (copies.c).  New mail may come with an X-UID: of its sender.
 * Such a field is believed only if it fits: it is greater than the one before,
 * and at most the last one, which is lowered to the greatest that is there.  So
 * what was believed once stays so, what was not never will be, and no new
 * message gets the id of one that was deleted.
 */
#include "config.h"

#include "mbox/lines.h"
#include "mbox/uidl.h"
#include "support/text.h"

#include <inttypes.h>
#include <string.h>

/* Reads digits at *text.  False if there are none or the number is too large
 * for UIDs. */
static bool
read_number(const char **text, const char *end, uint32_t *number)
{
	const char *start = *text;
	uint64_t value = 0;

	while (*text < end && **text >= '0' && **text <= '9') {
		value = value * 10 + (uint64_t)(**text - '0');
		if (value > UINT32_MAX)
			return false;
		(*text)++;
	}
	*number = (uint32_t)value;
	return *text > start;
}

/* ---- the base ----------------------------------------------------------- */

/* Reads "UIDVALIDITY LAST". */
static bool
parse_base(const struct line *value, struct uid_base *base)
{
	const char *text = value->text;
	const char *end = text + value->length;

	if (!read_number(&text, end, &base->validity) || base->validity == 0)
		return false;
	while (text < end && *text == ' ')
		text++;
	return read_number(&text, end, &base->last);
}

static bool
take_base(const struct line *line, struct uid_base *base)
{
	static const char *const names[] = { "X-IMAPbase:", "X-IMAP:" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct line value;

		if (!line_has_name(line, names[i]))
			continue;
		value = line_value(line, strlen(names[i]));
		return parse_base(&value, base);
	}
	return false;
}

/* Reads the header that the file begins with, be its message hidden or not, and
 * behind whatever empty lines.  What cannot be read is not there. */
static void
read_base(const struct mbox *mbox, struct uid_base *base)
{
	struct lines lines;
	struct line line;
	bool has_begun = false;

	lines_init(&lines, mbox->lock.fd, 0, mbox->index.size);
	while (lines_next(&lines, &line) == 1) {
		bool is_blank = line_is_blank(&line);

		if (is_blank && has_begun)
			break;
		has_begun = !is_blank;
		if (take_base(&line, base))
			return;
	}
	memset(base, 0, sizeof(*base));
}

void
uid_base_learn(struct mbox *mbox)
{
	struct uid_base *base = &mbox->base;
	struct uid_base written;

	copies_recall_base(&mbox->place, base);
	if (mbox->lock.fd == -1)
		return;
	read_base(mbox, &written);
	if (written.validity == 0 || written.validity == base->validity)
		return;
	*base = written;
	(void)copies_remember_base(&mbox->place, base);
}

void
uid_base_lower(const struct mbox *mbox, struct uid_base *base)
{
	uint32_t greatest = 0;
	size_t i;

	if (mbox->labels == NULL || !mbox->place.uidl->has_uids)
		return;
	for (i = 0; i < mbox->index.count; i++)
		if (!mbox->index.messages[i].is_deleted &&
		    mbox->labels[i].uid > greatest)
			greatest = mbox->labels[i].uid;
	base->last = greatest;
}

/* ---- ids ---------------------------------------------------------------- */

static bool
parse_uid(const struct line *line, uint32_t *uid)
{
	struct line value = line_value(line, strlen("X-UID:"));
	const char *text = value.text;
	const char *end = text + value.length;

	return read_number(&text, end, uid) && text == end;
}

/* Sets draft->uid to the first X-UID: that is to be believed. */
static int
find_uid(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	struct lines lines;
	struct line line;
	uint32_t uid;
	int result;

	if (walk->base.validity == 0)
		return 0;
	lines_init(&lines, walk->fd, message_header(message), message->end);
	while ((result = lines_next(&lines, &line)) == 1 &&
	    !line_is_blank(&line)) {
		if (!line_has_name(&line, "X-UID:") || !parse_uid(&line, &uid))
			continue;
		if (uid <= walk->previous_uid || uid > walk->base.last)
			continue;
		walk->previous_uid = draft->uid = uid;
		return 0;
	}
	return result == -1 ? -1 : 0;
}

/* pop3_uidl_format = %08Xu%08Xv */
int
draft_dovecot(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	if (find_uid(walk, message, draft) == -1)
		return -1;
	if (draft->uid > 0)
		text_format(draft->text, sizeof(draft->text),
		    "%08" PRIx32 "%08" PRIx32, draft->uid, walk->base.validity);
	return 0;
}

/* pop3_uidl_format = %v.%u */
int
draft_dovecot_099(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	if (find_uid(walk, message, draft) == -1)
		return -1;
	if (draft->uid > 0)
		text_format(draft->text, sizeof(draft->text),
		    "%" PRIu32 ".%" PRIu32, walk->base.validity, draft->uid);
	return 0;
}

/* pop3_uidl_format = %08Xv%08Xu */
int
draft_ipop3d(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	if (find_uid(walk, message, draft) == -1)
		return -1;
	if (draft->uid > 0)
		text_format(draft->text, sizeof(draft->text),
		    "%08" PRIx32 "%08" PRIx32, walk->base.validity, draft->uid);
	return 0;
}
