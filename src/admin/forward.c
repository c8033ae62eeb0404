/* Where the mail of a user goes: the last field of his line, a list with
 * commas. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <string.h>
#include <strings.h>

#define MAILBOX "mailbox"

static bool
is_local_part(const char *text, size_t length)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    ".!#$%&*+/=?^_{}~-";

	return length > 0 && length <= 64 && text[0] != '-' && text[0] != '/' &&
	    strspn(text, allowed) == length;
}

bool
forward_is_sound(const char *word)
{
	const char *at = strchr(word, '@');
	char domain[ACCOUNT_DOMAIN_SIZE];

	if (strcmp(word, MAILBOX) == 0)
		return true;
	if (at == NULL || !is_local_part(word, (size_t)(at - word)) ||
	    !text_copy(domain, sizeof(domain), at + 1))
		return false;
	text_lower(domain);
	return account_is_domain_name(domain);
}

void
forward_parse(struct forward *forward, const char *field, const char *own)
{
	char *rest = forward->text, *word;

	memset(forward, 0, sizeof(*forward));
	text_copy(forward->text, sizeof(forward->text), field);
	while ((word = text_field(&rest, ',')) != NULL) {
		word += strspn(word, " ");
		if (!forward_is_sound(word))
			continue;
		if (strcmp(word, MAILBOX) == 0 || strcasecmp(word, own) == 0)
			forward->keeps = true;
		else if (forward->count < FORWARD_MOST)
			forward->addresses[forward->count++] = word;
	}
	if (forward->count == 0)
		forward->keeps = true;
}
