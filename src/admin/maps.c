/* The lines of a domain in the tables of Postfix; contrib/postfix has the same
 * with comments. */
#include "config.h"

#include "admin/private.h"
#include "support/clock.h"
#include "support/rewrite.h"
#include "support/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define LARGEST	      ((size_t)64 * 1024 * 1024)
#define LOCK_PATIENCE 10000 /* ms */

const char *
postfix_path(
    const struct admin *admin, const char *name, char out[ADMIN_PATH_SIZE])
{
	if (!text_format(out, ADMIN_PATH_SIZE, "%s/%s", admin->postfix, name))
		text_copy(out, ADMIN_PATH_SIZE, "/nowhere");
	return out;
}

/* ---- the lines ---------------------------------------------------------- */

/* A name for a regular expression. */
static void
escape(const char *domain, char out[2 * ACCOUNT_DOMAIN_SIZE])
{
	for (; *domain != '\0'; domain++) {
		if (*domain == '.' || *domain == '+')
			*out++ = '\\';
		*out++ = *domain;
	}
	*out = '\0';
}

static void
write_lines(
    const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char escaped[2 * ACCOUNT_DOMAIN_SIZE];

	escape(plan->domain, escaped);
	if (strcmp(name, "virtual") == 0)
		text_format(
		    out, ADMIN_LINE_SIZE, "%s\tanything\n", plan->domain);
	else if (strcmp(name, "virtual_regexp") == 0)
		text_format(out, ADMIN_LINE_SIZE,
		    "/^([^+@]+)(\\+[^@]*)?@%s$/\t%s+${1}--%s\n", escaped,
		    plan->owner, plan->domain);
	else if (strcmp(name, "virtual_domains") == 0)
		text_format(out, ADMIN_LINE_SIZE, "%s\t%s\n", plan->domain,
		    plan->owner);
	else
		text_format(out, ADMIN_LINE_SIZE, "%s\tgnu-pop3d-%s:\n",
		    plan->domain, plan->owner);
}

static void
describe(const struct plan *plan, const char *name, char out[ADMIN_LINE_SIZE])
{
	char path[ADMIN_PATH_SIZE];

	text_format(out, ADMIN_LINE_SIZE, "lines for %s in %s", plan->domain,
	    postfix_path(plan->admin, name, path));
}

/* ---- looking ------------------------------------------------------------ */

/* True when a line of somebody else begins with the domain. */
static bool
is_taken(const char *text, size_t length, const char *domain)
{
	size_t wanted = strlen(domain);
	const char *end = text + length;

	while (text < end) {
		if ((size_t)(end - text) > wanted &&
		    strncasecmp(text, domain, wanted) == 0 &&
		    isspace((unsigned char)text[wanted]))
			return true;
		text = memchr(text, '\n', (size_t)(end - text));
		if (text == NULL)
			return false;
		text++;
	}
	return false;
}

static enum sight
judge(const struct rewrite *file, const struct plan *plan, const char *name)
{
	char lines[ADMIN_LINE_SIZE];
	size_t start = file->length, length = 0;
	bool is_broken;
	bool is_there =
	    block_find(file->text, plan->domain, &start, &length, &is_broken);

	if (is_broken) {
		errno = EBADMSG;
		return SIGHT_UNKNOWN;
	}
	if (is_taken(file->text, start, plan->domain) ||
	    is_taken(file->text + start + length, file->length - start - length,
		plan->domain))
		return SIGHT_FOREIGN;
	write_lines(plan, name, lines);
	if (!is_there)
		return SIGHT_ABSENT;
	return strstr(file->text + start, lines) != NULL ? SIGHT_DONE
							 : SIGHT_CHANGED;
}

static enum sight
look(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];
	struct rewrite file;
	enum sight sight;

	if (rewrite_open(&file, postfix_path(plan->admin, name, path), LARGEST,
		clock_now() + LOCK_PATIENCE) == -1)
		return errno == ENOENT ? SIGHT_ABSENT : SIGHT_UNKNOWN;
	sight = judge(&file, plan, name);
	rewrite_close(&file);
	return sight;
}

static int
make(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE], lines[ADMIN_LINE_SIZE];

	write_lines(plan, name, lines);
	return block_write(
	    postfix_path(plan->admin, name, path), plan->domain, lines);
}

static int
undo(const struct plan *plan, const char *name)
{
	char path[ADMIN_PATH_SIZE];

	return block_write(
	    postfix_path(plan->admin, name, path), plan->domain, NULL);
}

#define STEP(file)                                                           \
	{                                                                    \
		file, describe, look, make, undo,                            \
		    "take the line of this domain that is there out of the " \
		    "file",                                                  \
		    false                                                    \
	}

const struct step step_recipe_domain = STEP("virtual");
const struct step step_recipe = STEP("virtual_regexp");
const struct step step_mailbox_domain = STEP("virtual_domains");
const struct step step_transport = STEP("transport");
