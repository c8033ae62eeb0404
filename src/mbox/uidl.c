/*
 * Unique ids, whatever the format.
 *
 * Invariants:
 *
 * 1. An id has 1 to 70 octets from 0x21 to 0x7e.
 * 2. Two messages of a mailbox have distinct ids.  A label, which comes from
 *    the message or is a digest of it, is used as it is for the first message
 *    that has it; all other ids of a foreign format are DIGEST.NUMBER, with 32
 *    hexadecimal digits, and a label of that form is not used.
 * 3. The digest of a message begins with its From_ line, that of a label with
 *    something else, so that they differ.
 * 4. Messages with the same digest are told apart by numbers, which stay when
 *    another of them is deleted (copies.c).
 */
#include "config.h"

#include "mbox/uidl.h"
#include "support/md5.h"
#include "support/text.h"

#include <stdlib.h>
#include <string.h>

static const struct uidl_format formats[] = {
	{ "own", NULL, false },
	{ "vm-pop3d", draft_vm_pop3d, false },
	{ "popa3d", draft_popa3d, false },
	{ "solid-pop3d", draft_solid, false },
	{ "mailutils", draft_mailutils, false },
	{ "ipop3d", draft_ipop3d, true },
	{ "dovecot", draft_dovecot, true },
	{ "dovecot-0.99", draft_dovecot_099, true },
	{ "dovecot-md5", draft_dovecot_md5, false },
};

const struct uidl_format *
mbox_find_uidl_format(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

off_t
message_header(const struct message *message)
{
	return message->start + message->separator_length;
}

bool
has_own_ids(const struct mbox *mbox)
{
	return mbox->place.uidl == NULL || mbox->place.uidl->draft == NULL;
}

/* ---- labels ------------------------------------------------------------- */

/* True for 32 hexadecimal digits, a dot, and digits. */
static bool
looks_numbered(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = strspn(text, digits);

	if (length != 2 * (size_t)MD5_LENGTH || text[length] != '.')
		return false;
	text += length + 1;
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool
is_usable(const char *text)
{
	const char *p;

	for (p = text; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e)
			return false;
	return p > text && !looks_numbered(text);
}

/* Sets the label and its digest, or leaves the label without text. */
static int
label_message(struct uidl_walk *walk, const struct uidl_format *format,
    const struct message *message, struct label *label,
    unsigned char digest[MD5_LENGTH])
{
	struct uidl_draft draft = { 0 };
	struct md5 md5;

	if (format->draft(walk, message, &draft) == -1)
		return -1;
	if (!is_usable(draft.text))
		return 0;
	label->text = strdup(draft.text);
	if (label->text == NULL)
		return -1;
	label->uid = draft.uid;
	md5_init(&md5);
	md5_update(&md5, draft.text, strlen(draft.text));
	md5_final(&md5, digest);
	return 0;
}

static int
label_all(struct mbox *mbox, struct identity *identities)
{
	const struct uidl_format *format = mbox->place.uidl;
	struct uidl_walk walk = { .fd = mbox->lock.fd, .base = mbox->base };
	size_t i;

	if (has_own_ids(mbox))
		return 0;
	mbox->labels = calloc(mbox->index.count, sizeof(*mbox->labels));
	if (mbox->labels == NULL)
		return -1;
	for (i = 0; i < mbox->index.count; i++)
		if (label_message(&walk, format, &mbox->index.messages[i],
			&mbox->labels[i], identities[i].digest) == -1)
			return -1;
	if (mbox->base.last == walk.previous_uid)
		return 0;
	mbox->base.last = walk.previous_uid;
	(void)copies_remember_base(&mbox->place, &mbox->base);
	return 0;
}

/* ---- identities --------------------------------------------------------- */

static bool
has_label(const struct mbox *mbox, size_t i)
{
	return mbox->labels != NULL && mbox->labels[i].text != NULL;
}

/* Of the messages that have no label, and no digest from the index file. */
static int
digest_others(const struct mbox *mbox, struct identity *identities)
{
	struct digester digester;
	size_t i;
	int result = 0;

	if (digest_begin(&digester, mbox->lock.fd) == -1)
		return -1;
	for (i = 0; i < mbox->index.count && result == 0; i++)
		if (!has_label(mbox, i) && identities[i].copy == 0)
			result = digest_message(&digester,
			    &mbox->index.messages[i], identities[i].digest);
	digest_end(&digester);
	return result;
}

static int
identify_all(struct mbox *mbox, struct mbox_reason *reason)
{
	size_t count = mbox->index.count;

	if (mbox->identities == NULL)
		mbox->identities = calloc(count, sizeof(*mbox->identities));
	if (mbox->identities == NULL)
		return reason_errno(reason, &mbox->place, "no memory");
	if (label_all(mbox, mbox->identities) == -1 ||
	    digest_others(mbox, mbox->identities) == -1 ||
	    copies_number(&mbox->place, mbox->identities, count) == -1) {
		reason_errno(reason, &mbox->place, "cannot be read");
		uidl_free(mbox);
		return -1;
	}
	mbox->is_identified = true;
	if (has_own_ids(mbox))
		mbox->filing.changed = 0;
	return 0;
}

void
uidl_free_labels(struct mbox *mbox)
{
	size_t i;

	for (i = 0; mbox->labels != NULL && i < mbox->index.count; i++)
		free(mbox->labels[i].text);
	free(mbox->labels);
	mbox->labels = NULL;
}

void
uidl_free(struct mbox *mbox)
{
	uidl_free_labels(mbox);
	free(mbox->identities);
	mbox->identities = NULL;
	mbox->is_identified = false;
}

int
mbox_uidl(struct mbox *mbox, size_t i, char id[MBOX_UIDL_SIZE],
    struct mbox_reason *reason)
{
	const struct identity *identity;
	char hex[2 * MD5_LENGTH + 1];

	if (!mbox->is_identified && identify_all(mbox, reason) == -1)
		return -1;
	identity = &mbox->identities[i];
	md5_hex(identity->digest, hex);
	if (identity->copy == 1 && has_label(mbox, i))
		text_copy(id, MBOX_UIDL_SIZE, mbox->labels[i].text);
	else if (identity->copy == 1 && mbox->labels == NULL)
		text_copy(id, MBOX_UIDL_SIZE, hex);
	else
		text_format(id, MBOX_UIDL_SIZE, "%s.%u", hex, identity->copy);
	return 0;
}
