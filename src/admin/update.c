/* The text of update mail: written for the mail system, read from anybody. */
#include "config.h"

#include "admin/update.h"
#include "support/base64.h"
#include "support/hash.h"
#include "support/secret.h"
#include "support/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FIRST_LINE "trans=UPDATE 1"
#define SIGNATURE  "signature="
#define SUBJECT	   "Subject:"
#define PART	   60 /* octets of base64 in a line */
#define LINES_SIZE ((size_t)2 * UPDATE_TEXT_SIZE)

static const char *const kinds[] = {
	[CHANGE_ADD] = "add",
	[CHANGE_SET] = "set",
	[CHANGE_REMOVE] = "remove",
};

/* ---- writing ------------------------------------------------------------ */

static bool
put(char text[UPDATE_TEXT_SIZE], const char *name, const char *value, int most)
{
	size_t used = strlen(text);

	return text_format(text + used, UPDATE_TEXT_SIZE - used, "%s=%.*s\n",
	    name, most, value);
}

/* In parts, so that no mail system breaks a line. */
static bool
put_encoded(char text[UPDATE_TEXT_SIZE], const char *name, const char *value,
    size_t room)
{
	char encoded[BASE64_SIZE(ACCOUNT_FORWARD_SIZE)];
	const char *rest = encoded;
	bool is_whole;

	if (value == NULL)
		return true;
	if (strlen(value) >= room)
		return false;
	base64_encode(value, strlen(value), encoded);
	do {
		is_whole = put(text, name, rest, PART);
		rest += strlen(rest) < PART ? strlen(rest) : PART;
	} while (is_whole && *rest != '\0');
	explicit_bzero(encoded, sizeof(encoded));
	return is_whole;
}

static void
sign(const char *text, size_t length,
    const unsigned char secret[DOMAIN_SECRET_SIZE],
    char signature[2 * HASH_LENGTH + 1])
{
	unsigned char made[HASH_LENGTH];

	hash_hmac(&hash_sha256, secret, DOMAIN_SECRET_SIZE, text, length, made);
	hash_hex(made, sizeof(made), signature);
}

bool
update_write(const struct change *change, const char *serial, int64_t when,
    const unsigned char secret[DOMAIN_SECRET_SIZE], char text[UPDATE_TEXT_SIZE])
{
	char signature[2 * HASH_LENGTH + 1];

	if (!text_format(text, UPDATE_TEXT_SIZE,
		FIRST_LINE "\nserial=%s\ntime=%lld\ndomain=%s\nkind=%s\n"
			   "user=%s\n",
		serial, (long long)when, change->domain, kinds[change->kind],
		change->user) ||
	    !put_encoded(
		text, "password", change->password, ACCOUNT_HASH_SIZE) ||
	    !put_encoded(text, "name", change->name, ACCOUNT_GECOS_SIZE) ||
	    !put_encoded(
		text, "forward", change->forward, ACCOUNT_FORWARD_SIZE) ||
	    (change->kind != CHANGE_ADD &&
		!put(text, "seen", change->seen, -1)))
		return false;
	sign(text, strlen(text), secret, signature);
	return put(text, "signature", signature, -1);
}

/* ---- the signature ------------------------------------------------------ */

/* Copies the lines without carriage returns at their ends.  False if they are
 * too long, or not text. */
static bool
copy_lines(const char *text, size_t length, char copy[LINES_SIZE])
{
	size_t i, copied = 0;

	if (length >= LINES_SIZE || memchr(text, '\0', length) != NULL)
		return false;
	for (i = 0; i < length; i++)
		if (text[i] != '\r' || i + 1 == length || text[i + 1] != '\n')
			copy[copied++] = text[i];
	copy[copied] = '\0';
	return true;
}

/* Cuts the text off in front of the signature, if it is right. */
static const char *
check_signature(char *text, const unsigned char secret[DOMAIN_SECRET_SIZE])
{
	char made[2 * HASH_LENGTH + 1], *line = strstr(text, "\n" SIGNATURE);
	const char *given;

	if (line == NULL)
		return "is not signed";
	line++;
	given = line + strlen(SIGNATURE);
	if (strlen(given) < 2 * HASH_LENGTH)
		return "is cut off";
	sign(text, (size_t)(line - text), secret, made);
	if (!secret_equal(given, made, 2 * HASH_LENGTH))
		return "has a wrong signature";
	given += 2 * HASH_LENGTH;
	if (given[strspn(given, "\n")] != '\0')
		return "has something behind its signature";
	*line = '\0';
	return NULL;
}

/* ---- the lines ---------------------------------------------------------- */

/* The value of the next line, if it has this name; else NULL. */
static const char *
take(char **rest, const char *name)
{
	size_t length = strlen(name);
	char *line = *rest, *end = strchr(line, '\n');

	if (end == NULL || strncmp(line, name, length) != 0 ||
	    line[length] != '=')
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line + length + 1;
}

static bool
take_text(char **rest, const char *name, char *out, size_t size)
{
	const char *value = take(rest, name);

	return value != NULL && text_copy(out, size, value);
}

/* A value that is set: all parts of it.  *set is NULL if there are none. */
static bool
take_encoded(
    char **rest, const char *name, char *out, size_t room, const char **set)
{
	char encoded[BASE64_SIZE(ACCOUNT_FORWARD_SIZE)] = "";
	const char *part;
	size_t length = 0;

	*set = NULL;
	while ((part = take(rest, name)) != NULL) {
		*set = out;
		if (strlen(part) > PART ||
		    strlen(part) + length >= sizeof(encoded))
			return false;
		memcpy(encoded + length, part, strlen(part) + 1);
		length += strlen(part);
	}
	if (*set == NULL)
		return true;
	if (!base64_decode(encoded, &length) || length >= room ||
	    memchr(encoded, '\0', length) != NULL)
		return false;
	memcpy(out, encoded, length + 1);
	explicit_bzero(encoded, sizeof(encoded));
	return true;
}

static bool
take_kind(char **rest, enum change_kind *kind)
{
	const char *value = take(rest, "kind");
	size_t i;

	for (i = 0; value != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(value, kinds[i]) == 0) {
			*kind = (enum change_kind)i;
			return true;
		}
	return false;
}

static bool
take_time(char **rest, int64_t *when)
{
	const char *value = take(rest, "time");
	uint64_t number;

	if (value == NULL || !text_to_number(value, INT64_MAX, &number))
		return false;
	*when = (int64_t)number;
	return true;
}

static bool
is_hex(const char *text, size_t length)
{
	return strlen(text) == length &&
	    strspn(text, "0123456789abcdef") == length;
}

/* Of a person who has seen a line, or for a new one. */
static bool
take_seen(char **rest, struct change *change)
{
	if (change->kind == CHANGE_ADD)
		return true;
	return take_text(rest, "seen", change->seen, sizeof(change->seen)) &&
	    is_hex(change->seen, CHANGE_DIGEST_SIZE - 1);
}

static bool
take_all(struct update *update, char *rest)
{
	struct change *change = &update->change;
	const char *first = take(&rest, "trans");

	return first != NULL && strcmp(first, "UPDATE 1") == 0 &&
	    take_text(
		&rest, "serial", update->serial, sizeof(update->serial)) &&
	    is_hex(update->serial, CHANGE_SERIAL_SIZE - 1) &&
	    take_time(&rest, &update->time) &&
	    take_text(
		&rest, "domain", change->domain, sizeof(change->domain)) &&
	    take_kind(&rest, &change->kind) &&
	    take_text(&rest, "user", change->user, sizeof(change->user)) &&
	    take_encoded(&rest, "password", update->password,
		sizeof(update->password), &change->password) &&
	    take_encoded(&rest, "name", update->name, sizeof(update->name),
		&change->name) &&
	    take_encoded(&rest, "forward", update->forward,
		sizeof(update->forward), &change->forward) &&
	    take_seen(&rest, change) && *rest == '\0';
}

bool
update_read(struct update *update, const char *text, size_t length,
    const unsigned char secret[DOMAIN_SECRET_SIZE], const char **why)
{
	char copy[LINES_SIZE];

	memset(update, 0, sizeof(*update));
	*why = "is too long, or no text";
	if (!copy_lines(text, length, copy))
		return false;
	*why = check_signature(copy, secret);
	if (*why == NULL && !take_all(update, copy))
		*why = "has lines that are not understood";
	explicit_bzero(copy, sizeof(copy));
	return *why == NULL;
}

/* ---- is it one ---------------------------------------------------------- */

/* A line without its end; the next one. */
static const char *
get_line(const char *line, const char *end, size_t *length)
{
	const char *next = memchr(line, '\n', (size_t)(end - line));

	*length = (size_t)((next == NULL ? end : next) - line);
	if (*length > 0 && line[*length - 1] == '\r')
		(*length)--;
	return next == NULL ? end : next + 1;
}

static bool
is_text(const char *line, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(line, text, length) == 0;
}

static bool
is_subject(const char *line, size_t length)
{
	return length >= strlen(SUBJECT) &&
	    strncasecmp(line, SUBJECT, strlen(SUBJECT)) == 0;
}

/* True for our subject, alone in its field, which has one line. */
static bool
is_ours(const char *line, size_t length, const char *next, const char *end)
{
	size_t used = strlen(SUBJECT);

	if (next < end && (*next == ' ' || *next == '\t'))
		return false;
	while (used < length && line[used] == ' ')
		used++;
	return is_text(line + used, length - used, UPDATE_SUBJECT);
}

bool
update_is_one(const char *message, size_t length, size_t *body)
{
	const char *line = message, *end = message + length, *next;
	unsigned int subjects = 0, ours = 0;
	size_t size;

	for (; line < end; line = next) {
		next = get_line(line, end, &size);
		if (size == 0)
			break;
		if (!is_subject(line, size))
			continue;
		subjects++;
		ours += is_ours(line, size, next, end);
	}
	if (line >= end || subjects != 1 || ours != 1)
		return false;
	*body = (size_t)(next - message);
	(void)get_line(next, end, &size);
	return is_text(next, size, FIRST_LINE);
}
