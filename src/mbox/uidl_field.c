/* Unique ids that stand in a header field. */
#include "config.h"

#include "mbox/lines.h"
#include "mbox/uidl.h"

#include <string.h>

#define MOST_ID ((size_t)MBOX_UIDL_SIZE - 1)

/* Finds the field of that name: 1 with its first line, 0 if there is none, -1
 * with errno. */
static int
find_field(struct lines *lines, const char *name,
    bool (*is_end)(const struct line *), struct line *line)
{
	int result;

	while ((result = lines_next(lines, line)) == 1 && !is_end(line))
		if (line_has_name(line, name))
			return 1;
	return result == -1 ? -1 : 0;
}

static void
set_text(struct uidl_draft *draft, const char *text, size_t length)
{
	memcpy(draft->text, text, length);
	draft->text[length] = '\0';
}

/* ---- vm-pop3d 1.1.6 ----------------------------------------------------- */

/* It reads lines into a buffer of this size, with a NUL. */
#define VM_LINE ((size_t)255)

/* What is between < and the first > of the line, at most 70 octets; a NUL ends
 * the line. */
static void
take_message_id(struct uidl_draft *draft, const struct line *line)
{
	size_t length = strnlen(
	    line->text, line->length < VM_LINE ? line->length : VM_LINE);
	const char *end = memchr(line->text, '>', length);
	const char *text;

	if (end == NULL)
		end = line->text + length;
	text = memchr(line->text, '<', (size_t)(end - line->text));
	if (text == NULL)
		return;
	text++;
	length = (size_t)(end - text);
	set_text(draft, text, length < MOST_ID ? length : MOST_ID);
}

int
draft_vm_pop3d(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	struct lines lines;
	struct line line;
	int result;

	lines_init(&lines, walk->fd, message_header(message), message->end);
	result = find_field(&lines, "Message-Id:", line_is_bare_blank, &line);
	if (result == 1)
		take_message_id(draft, &line);
	return result == -1 ? -1 : 0;
}

/* ---- GNU mailutils ------------------------------------------------------ */

/* It puts the time of day into an id, and the id into the mailbox. */
int
draft_mailutils(struct uidl_walk *walk, const struct message *message,
    struct uidl_draft *draft)
{
	static const char name[] = "X-UIDL:";
	struct lines lines;
	struct line line, value;
	int result;

	lines_init(&lines, walk->fd, message_header(message), message->end);
	result = find_field(&lines, name, line_is_blank, &line);
	if (result != 1)
		return result;
	value = line_value(&line, strlen(name));
	if (value.length <= MOST_ID)
		set_text(draft, value.text, value.length);
	return 0;
}
