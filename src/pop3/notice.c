/*
 * Is a notice due?  Runs as the mailbox owner, on what strangers have written.
 *
 * What decides is RFC 8098 section 2.1, for a program that cannot ask: only
 * where the one address that asks is also where errors of the message go; never
 * for a notice, for mail of a list or of a program (RFC 3834 section 2), or
 * where anything about it is in doubt.
 *
 * Return-Path:, X-Original-To: and Delivered-To: are what our own MTA has put
 * on top.  Below the first Received: they could be anybody's.
 */
#include "config.h"

#include "pop3/fields.h"
#include "pop3/notice.h"
#include "support/text.h"

#include <string.h>
#include <strings.h>

struct reading {
	struct notice *notice;
	char return_path[ADDR_SPEC_SIZE];
	char original_to[ADDR_SPEC_SIZE];
	char delivered_to[ADDR_SPEC_SIZE];
	bool is_requested;
	bool has_return_path;
	bool has_original;
	bool is_below_trace;
};

/* ---- fields ------------------------------------------------------------- */
/* Each takes a field into the reading and returns why no notice is due, or
 * NULL. */

static const char *
take_received(struct reading *reading, const struct field *field)
{
	(void)field;
	reading->is_below_trace = true;
	return NULL;
}

static const char *
take_request(struct reading *reading, const struct field *field)
{
	char text[2 * NOTICE_TEXT_SIZE];

	if (reading->is_requested)
		return "asked for twice";
	reading->is_requested = true;
	if (!field_text(field, text, sizeof(text)) ||
	    !addr_spec_find(text, reading->notice->to))
		return "not asked for by one plain address";
	return NULL;
}

/* True unless text is parameters that are all optional: we know none, and RFC
 * 8098 section 2.2 lets us pass over these only. */
static bool
has_required(char *text)
{
	char *parameter;

	while ((parameter = text_field(&text, ';')) != NULL) {
		char *importance = strchr(parameter, '=');

		if (importance == NULL)
			return true;
		importance += 1 + strspn(importance + 1, " ");
		if (strncasecmp(importance, "optional", 8) != 0 ||
		    importance[8 + strspn(importance + 8, " ")] != ',')
			return true;
	}
	return false;
}

static const char *
take_options(struct reading *reading, const struct field *field)
{
	char text[2 * NOTICE_TEXT_SIZE];

	(void)reading;
	if (!field_text(field, text, sizeof(text)) || has_required(text))
		return "asked for with options";
	return NULL;
}

static const char *
take_return_path(struct reading *reading, const struct field *field)
{
	char text[2 * NOTICE_TEXT_SIZE];

	if (reading->is_below_trace)
		return NULL;
	if (reading->has_return_path)
		return "two return paths";
	reading->has_return_path = true;
	if (!field_text(field, text, sizeof(text)) ||
	    !addr_spec_find(text, reading->return_path))
		return "the return path is empty or not plain";
	return NULL;
}

/* The topmost one that can be used. */
static void
take_recipient(
    struct reading *reading, const struct field *field, char *address)
{
	char text[2 * NOTICE_TEXT_SIZE];

	if (!reading->is_below_trace && address[0] == '\0' &&
	    field_text(field, text, sizeof(text)))
		(void)addr_spec_find(text, address);
}

static const char *
take_original_to(struct reading *reading, const struct field *field)
{
	take_recipient(reading, field, reading->original_to);
	return NULL;
}

static const char *
take_delivered_to(struct reading *reading, const struct field *field)
{
	take_recipient(reading, field, reading->delivered_to);
	return NULL;
}

/* RFC 8098 section 3.2.3: type and address.  Two of them tell nothing. */
static const char *
take_original_recipient(struct reading *reading, const struct field *field)
{
	static const char type[] = "rfc822;";
	char *original = reading->notice->original;
	char text[2 * NOTICE_TEXT_SIZE];

	original[0] = '\0';
	if (!reading->has_original && field_text(field, text, sizeof(text)) &&
	    strncasecmp(text, type, strlen(type)) == 0)
		(void)addr_spec_find(text + strlen(type), original);
	reading->has_original = true;
	return NULL;
}

static bool
is_message_id(const char *text)
{
	size_t length = text[0] == '<' ? strcspn(text + 1, "<> ") : 0;

	return length > 0 && strcmp(text + 1 + length, ">") == 0;
}

static const char *
take_message_id(struct reading *reading, const struct field *field)
{
	char *id = reading->notice->message_id;

	if (id[0] != '\0')
		return "two Message-IDs";
	if (!field_text(field, id, NOTICE_TEXT_SIZE) || !is_message_id(id))
		return "malformed Message-ID";
	return NULL;
}

/* The next two are for the reader; what cannot be told is left out. */
static const char *
take_date(struct reading *reading, const struct field *field)
{
	(void)field_text(field, reading->notice->date, NOTICE_TEXT_SIZE);
	return NULL;
}

static const char *
take_subject(struct reading *reading, const struct field *field)
{
	(void)field_text(field, reading->notice->subject, NOTICE_TEXT_SIZE);
	return NULL;
}

static const char *
take_list(struct reading *reading, const struct field *field)
{
	(void)reading;
	(void)field;
	return "mail of a list";
}

static const char *
take_precedence(struct reading *reading, const struct field *field)
{
	char word[NOTICE_TEXT_SIZE];

	(void)reading;
	if (!field_word(field, word, sizeof(word)))
		return "malformed Precedence";
	if (strcmp(word, "bulk") == 0 || strcmp(word, "list") == 0 ||
	    strcmp(word, "junk") == 0)
		return "mail of a list";
	return NULL;
}

static const char *
take_auto_submitted(struct reading *reading, const struct field *field)
{
	char word[NOTICE_TEXT_SIZE];

	(void)reading;
	if (!field_word(field, word, sizeof(word)) || strcmp(word, "no") != 0)
		return "mail of a program";
	return NULL;
}

static const char *
take_content_type(struct reading *reading, const struct field *field)
{
	char word[NOTICE_TEXT_SIZE];
	const char *slash;

	(void)reading;
	if (!field_word(field, word, sizeof(word)) ||
	    (slash = strchr(word, '/')) == NULL || slash == word ||
	    slash[1] == '\0')
		return "malformed Content-Type";
	if (strcmp(word, "multipart/report") == 0 ||
	    strcmp(word, "message/disposition-notification") == 0 ||
	    strcmp(word, "message/delivery-status") == 0)
		return "itself a notice";
	return NULL;
}

static const struct rule {
	const char *name;
	const char *(*take)(struct reading *reading, const struct field *field);
} rules[] = {
	{ "Received", take_received },
	{ "Disposition-Notification-To", take_request },
	{ "Disposition-Notification-Options", take_options },
	{ "Return-Path", take_return_path },
	{ "X-Original-To", take_original_to },
	{ "Delivered-To", take_delivered_to },
	{ "Original-Recipient", take_original_recipient },
	{ "Message-ID", take_message_id },
	{ "Date", take_date },
	{ "Subject", take_subject },
	{ "Precedence", take_precedence },
	{ "Auto-Submitted", take_auto_submitted },
	{ "Content-Type", take_content_type },
};

/* ---- all of them -------------------------------------------------------- */

static const char *
take_field(struct reading *reading, const struct field *field)
{
	size_t i;

	if (field_begins(field, "List-"))
		return take_list(reading, field);
	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (field_is(field, rules[i].name))
			return rules[i].take(reading, field);
	return NULL;
}

/* Returns the first reason why not. */
static const char *
read_header(struct reading *reading, const char *header, size_t length)
{
	struct fields fields = { header, header + length };
	const char *why = NULL;
	struct field field;
	int result;

	while ((result = fields_next(&fields, &field)) == 1) {
		const char *reason = take_field(reading, &field);

		if (why == NULL)
			why = reason;
	}
	return why == NULL && result == -1 ? "malformed header" : why;
}

/* The address that the mail was sent to, or the one it came to, or the name
 * that the user has logged in with. */
static bool
set_recipient(const struct reading *reading, const char *user)
{
	char *recipient = reading->notice->recipient;

	if (reading->original_to[0] != '\0')
		return text_copy(
		    recipient, ADDR_SPEC_SIZE, reading->original_to);
	if (reading->delivered_to[0] != '\0')
		return text_copy(
		    recipient, ADDR_SPEC_SIZE, reading->delivered_to);
	return text_copy(recipient, ADDR_SPEC_SIZE, user) &&
	    addr_spec_is_plain(recipient);
}

bool
notice_is_due(const char *header, size_t length, const char *user,
    struct notice *notice, const char **why)
{
	struct reading reading = { .notice = notice };

	memset(notice, 0, sizeof(*notice));
	*why = read_header(&reading, header, length);
	if (!reading.is_requested)
		*why = NULL;
	if (!reading.is_requested || *why != NULL)
		return false;
	if (!reading.has_return_path)
		*why = "no return path";
	else if (!addr_spec_equal(reading.return_path, notice->to))
		*why = "asked for by another address than the return path";
	else if (!set_recipient(&reading, user))
		*why = "no plain address of the recipient";
	return *why == NULL;
}

/* ---- from another process ----------------------------------------------- */

static bool
is_printable(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size && text[i] != '\0'; i++)
		if (text[i] < ' ' || text[i] > 0x7e)
			return false;
	return i < size;
}

bool
notice_is_sound(const struct notice *notice)
{
	return is_printable(notice->to, ADDR_SPEC_SIZE) &&
	    is_printable(notice->recipient, ADDR_SPEC_SIZE) &&
	    is_printable(notice->original, ADDR_SPEC_SIZE) &&
	    is_printable(notice->message_id, NOTICE_TEXT_SIZE) &&
	    is_printable(notice->date, NOTICE_TEXT_SIZE) &&
	    is_printable(notice->subject, NOTICE_TEXT_SIZE) &&
	    addr_spec_is_plain(notice->to) &&
	    addr_spec_is_plain(notice->recipient) &&
	    (notice->original[0] == '\0' ||
		addr_spec_is_plain(notice->original)) &&
	    (notice->message_id[0] == '\0' ||
		is_message_id(notice->message_id));
}
