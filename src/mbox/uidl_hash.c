/*
 * Unique ids that are the MD5 of some header fields, chosen as those that mail
 * readers leave alone.  The servers differ in which, in what of a field they
 * take, and in what ends a header.  A message with none of the fields has no
 * id here: theirs would be the same for all such messages, and for those to
 * come.
 */
#include "config.h"

#include "mbox/lines.h"
#include "mbox/uidl.h"
#include "support/md5.h"

#include <string.h>

struct selection {
	struct md5 md5;
	bool is_used;	   /* has taken something */
	bool takes;	   /* the current field */
	bool in_received;  /* it is a Received: field */
	bool has_received; /* one was there before */
};

struct rule {
	bool (*is_end)(const struct line *line);
	/* Decides for each line, when it begins, whether it is taken. */
	void (*choose)(struct selection *selection, const struct line *line);
	void (*take)(struct selection *selection, const struct line *line);
};

static int
hash_header(const struct rule *rule, int fd, const struct message *message,
    struct selection *selection)
{
	struct lines lines;
	struct line line;
	int result;

	memset(selection, 0, sizeof(*selection));
	md5_init(&selection->md5);
	lines_init(&lines, fd, message_header(message), message->end);
	while (
	    (result = lines_next(&lines, &line)) == 1 && !rule->is_end(&line)) {
		if (line.is_start)
			rule->choose(selection, &line);
		if (!selection->takes)
			continue;
		rule->take(selection, &line);
		selection->is_used = true;
	}
	return result == -1 ? -1 : 0;
}

static void
take_all(struct selection *selection, const struct line *line)
{
	md5_update(&selection->md5, line->text, line->length);
}

/* ---- popa3d, and Dovecot after it --------------------------------------- */

/* Of fields that another host may have made up, only those count that stand
 * above the Received: field of our own one. */
static void
choose_lasting(struct selection *selection, const struct line *line)
{
	if (line_continues(line))
		return;
	if (selection->in_received)
		selection->has_received = true;
	selection->in_received = line_has_name(line, "Received:");
	selection->takes = line_has_name(line, "Delivered-To:") ||
	    line_has_name(line, "X-Delivery-ID:") ||
	    (!selection->has_received &&
		(selection->in_received || line_has_name(line, "Date:") ||
		    line_has_name(line, "Message-ID:")));
}

/* Here the case of the X- counts. */
static void
choose_popa3d(struct selection *selection, const struct line *line)
{
	choose_lasting(selection, line);
	if (line->text[0] == 'x')
		selection->takes = false;
}

static const struct rule popa3d = { line_is_bare_blank, choose_popa3d,
	take_all };

int
draft_popa3d(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	/* Two numbers as a little-endian host prints them. */
	static const int order[8] = { 3, 2, 1, 0, 7, 6, 5, 4 };
	unsigned char digest[MD5_LENGTH], swapped[MD5_LENGTH] = { 0 };
	struct selection selection;
	int i;

	if (hash_header(&popa3d, walk->fd, message, &selection) == -1)
		return -1;
	if (!selection.is_used)
		return 0;
	md5_final(&selection.md5, digest);
	for (i = 0; i < 8; i++)
		swapped[i] = digest[order[i]];
	md5_hex(swapped, draft->text);
	draft->text[16] = '\0';
	return 0;
}

/* Takes values without names, line ends, and one blank behind the colon. */
static void
take_value(struct selection *selection, const struct line *line)
{
	const char *text = line->text;
	const char *end = text + line->length;

	if (line->is_start && !line_continues(line)) {
		text = (const char *)memchr(text, ':', line->length) + 1;
		if (text < end && (*text == ' ' || *text == '\t'))
			text++;
	}
	if (text < end && end[-1] == '\n')
		end--;
	if (text < end && end[-1] == '\r')
		end--;
	md5_update(&selection->md5, text, (size_t)(end - text));
}

static const struct rule dovecot = { line_is_blank, choose_lasting,
	take_value };

/* ---- solid-pop3d -------------------------------------------------------- */

static bool
begins_with(const struct line *line, const char *name)
{
	size_t length = strlen(name);

	return line->length >= length && memcmp(line->text, name, length) == 0;
}

/* Case counts, and continuations are never taken. */
static void
choose_solid(struct selection *selection, const struct line *line)
{
	selection->takes = begins_with(line, "Received:") ||
	    begins_with(line, "Date:") || begins_with(line, "Message-Id:") ||
	    begins_with(line, "Subject:");
}

static const struct rule solid = { line_is_bare_blank, choose_solid, take_all };

/* ---- all of the digest -------------------------------------------------- */

static int
draft_digest(const struct rule *rule, struct uidl_walk *walk,
    const struct message *message, struct uidl_draft *draft)
{
	unsigned char digest[MD5_LENGTH];
	struct selection selection;

	if (hash_header(rule, walk->fd, message, &selection) == -1)
		return -1;
	if (!selection.is_used)
		return 0;
	md5_final(&selection.md5, digest);
	md5_hex(digest, draft->text);
	return 0;
}

int
draft_dovecot_md5(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	return draft_digest(&dovecot, walk, message, draft);
}

int
draft_solid(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	return draft_digest(&solid, walk, message, draft);
}
