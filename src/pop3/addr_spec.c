/* Mail addresses.  Runs as the mailbox owner, on what strangers have
 * written. */
#include "config.h"

#include "pop3/addr_spec.h"
#include "support/text.h"

#include <string.h>
#include <strings.h>

#define LETTERS_AND_DIGITS           \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789"
#define LOCAL_PART_LENGTH 64
#define LABEL_LENGTH	  63

/* ---- what is plain ------------------------------------------------------ */

/* Words of the octets in set, with single dots between them. */
static bool
is_dotted(const char *text, size_t length, const char *set, size_t most)
{
	const char *end = text + length;

	for (;;) {
		size_t word = strspn(text, set);

		if (word == 0 || word > most)
			return false;
		text += word;
		if (text >= end)
			return text == end;
		if (*text++ != '.')
			return false;
	}
}

static bool
has_hyphen_at_edge(const char *domain)
{
	return domain[0] == '-' || domain[strlen(domain) - 1] == '-' ||
	    strstr(domain, ".-") != NULL || strstr(domain, "-.") != NULL;
}

bool
addr_spec_is_plain(const char *text)
{
	const char *at = strchr(text, '@');
	size_t length;

	if (at == NULL || strlen(text) >= ADDR_SPEC_SIZE)
		return false;
	length = (size_t)(at - text);
	return text[0] != '-' && length <= LOCAL_PART_LENGTH &&
	    is_dotted(text, length, LETTERS_AND_DIGITS "_+-=~#$&'*?^{}",
		LOCAL_PART_LENGTH) &&
	    is_dotted(
		at + 1, strlen(at + 1), LETTERS_AND_DIGITS "-", LABEL_LENGTH) &&
	    !has_hyphen_at_edge(at + 1);
}

/* ---- what stands around it ---------------------------------------------- */

/* Behind the quoted text or comment that begins at p; NULL if it has no end. */
static const char *
skip_quoted(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p == '\0')
			return NULL;
	}
	return p + 1;
}

static const char *
skip_comment(const char *p)
{
	unsigned int depth = 0;

	do {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		if (*p++ == '\0')
			return NULL;
	} while (depth > 0);
	return p;
}

/* Over blanks and comments. */
static const char *
skip_blank(const char *p)
{
	while (p != NULL && (*p == ' ' || *p == '('))
		p = *p == ' ' ? p + 1 : skip_comment(p);
	return p;
}

static bool
is_over(const char *p)
{
	p = skip_blank(p);
	return p != NULL && *p == '\0';
}

/* Over the name before an address in brackets; NULL if it is none. */
static const char *
skip_name(const char *p)
{
	while (p != NULL && *p != '<') {
		if (*p == '\0' || strchr(",;:>@)", *p) != NULL)
			return NULL;
		if (*p == '"')
			p = skip_quoted(p);
		else if (*p == '(')
			p = skip_comment(p);
		else
			p++;
	}
	return p;
}

static bool
take(const char *text, size_t length, char address[ADDR_SPEC_SIZE])
{
	if (text_format(address, ADDR_SPEC_SIZE, "%.*s", (int)length, text) &&
	    addr_spec_is_plain(address))
		return true;
	address[0] = '\0';
	return false;
}

bool
addr_spec_find(const char *text, char address[ADDR_SPEC_SIZE])
{
	const char *begin = skip_name(text);
	size_t length;

	address[0] = '\0';
	if (begin != NULL) {
		begin++;
		length = strcspn(begin, ">");
		return begin[length] == '>' && is_over(begin + length + 1) &&
		    take(begin, length, address);
	}
	begin = skip_blank(text);
	if (begin == NULL)
		return false;
	length = strcspn(begin, " (");
	return is_over(begin + length) && take(begin, length, address);
}

bool
addr_spec_equal(const char *a, const char *b)
{
	size_t length = strcspn(a, "@");

	return strncmp(a, b, length + 1) == 0 &&
	    strcasecmp(a + length, b + length) == 0;
}
