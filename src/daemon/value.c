/* Values of options. */
#include "config.h"

#include "daemon/value.h"
#include "mbox/mbox.h"
#include "pop3/language.h"
#include "support/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

void
value_fail(const char *format, ...)
{
	va_list arguments;

	fputs("gnu-pop3d: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\nTry 'gnu-pop3d --help'.\n", stderr);
	exit(EX_USAGE);
}

unsigned int
value_number(
    const char *name, const char *text, unsigned int least, unsigned int most)
{
	uint64_t value;

	if (!text_to_number(text, most, &value) || value < least)
		value_fail("--%s: '%s' is not a number from %u to %u", name,
		    text, least, most);
	return (unsigned int)value;
}

const char *
value_path(const char *name, const char *text)
{
	if (text[0] != '/')
		value_fail("--%s: '%s' is not an absolute path", name, text);
	return text;
}

bool
value_is_yes(const char *name, const char *text)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		value_fail("--%s: '%s' is neither yes nor no", name, text);
	return text[0] == 'y';
}

unsigned int
value_lock_methods(const char *text)
{
	unsigned int methods;

	if (!mbox_parse_lock_methods(text, &methods))
		value_fail(
		    "--lock: '%s' is not a list of dotlock, fcntl, flock with "
		    "at least one of the first two",
		    text);
	return methods;
}

const struct uidl_format *
value_uidl_format(const char *text)
{
	const struct uidl_format *format = mbox_find_uidl_format(text);

	if (format == NULL)
		value_fail(
		    "--uidl: '%s' is not a format; gnu-pop3d(8) lists them",
		    text);
	return format;
}

enum challenges_offer
value_challenges(const char *text)
{
	if (strcmp(text, "auto") == 0)
		return CHALLENGES_AUTO;
	if (strcmp(text, "yes") == 0)
		return CHALLENGES_ALWAYS;
	if (strcmp(text, "no") != 0)
		value_fail(
		    "--challenges: '%s' is neither auto nor yes nor no", text);
	return CHALLENGES_NEVER;
}

const char *
value_domain(const char *text)
{
	if (!account_is_domain_name(text))
		value_fail(
		    "--default-domain: '%s' is not a domain name in lower "
		    "case",
		    text);
	return text;
}

const struct language *
value_language(const char *text)
{
	const struct language *language = language_find(text);

	if (language == NULL)
		value_fail("--language: '%s' is none of our languages", text);
	return language;
}

struct network
value_network(const char *text)
{
	struct network network;

	if (!address_parse_network(text, &network))
		value_fail(
		    "--proxy-from: '%s' is neither a numeric address nor one "
		    "with /LEN",
		    text);
	return network;
}

int64_t
value_timeout(const char *text)
{
	unsigned int seconds = value_number("timeout", text, 0, 1000000);

	if (seconds > 0 && seconds < 600)
		fprintf(stderr,
		    "gnu-pop3d: warning: --timeout below 600 is "
		    "against RFC 1939 section 3\n");
	return (int64_t)seconds * 1000;
}
