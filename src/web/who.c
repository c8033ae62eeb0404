/* One user of the domain. */
#include "config.h"

#include "web/who.h"
#include "support/text.h"
#include "web/page.h"
#include "web/submit.h"
#include "web/utf8.h"

#include <errno.h>
#include <string.h>

/* A change between the two looks leads to a conflict, not to a lost edit. */
static enum account_search
find(struct visit *visit, struct who *who)
{
	const struct admin *admin = &visit->site->admin;
	const char *domain = visit->session.domain;
	enum account_search found;
	struct account_fault fault;

	if (change_seen(admin, domain, visit->name, who->seen) == -1)
		return errno == ENOENT ? ACCOUNT_UNKNOWN : ACCOUNT_TROUBLE;
	found = user_find(admin, domain, visit->name, &who->user, &fault);
	if (found == ACCOUNT_FOUND)
		utf8_mend(who->user.line.gecos);
	return found;
}

bool
who_look(struct visit *visit, struct who *who)
{
	switch (find(visit, who)) {
	case ACCOUNT_FOUND:
		return true;
	case ACCOUNT_UNKNOWN:
	case ACCOUNT_NO_DOMAIN:
		page_trouble(visit, 404, TEXT_NOT_FOUND, TEXT_NO_USER, NULL);
		break;
	case ACCOUNT_TROUBLE:
		page_error(visit, 500);
		break;
	}
	return false;
}

/* An empty digest would mean: whatever the line is. */
static bool
is_digest(const char *text)
{
	return strlen(text) == CHANGE_DIGEST_SIZE - 1 &&
	    strspn(text, "0123456789abcdef") == CHANGE_DIGEST_SIZE - 1;
}

bool
who_change(struct visit *visit, enum change_kind kind, struct change *change)
{
	const char *seen = request_field(visit->request, "seen");

	memset(change, 0, sizeof(*change));
	change->kind = kind;
	if (!is_digest(seen) ||
	    !text_copy(change->seen, sizeof(change->seen), seen) ||
	    !text_copy(change->user, sizeof(change->user), visit->name) ||
	    !text_copy(change->domain, sizeof(change->domain),
		visit->session.domain)) {
		page_error(visit, 400);
		return false;
	}
	return true;
}

enum change_result
who_submit(struct visit *visit, const struct who *who,
    const struct change *change, const char *done)
{
	if (strcmp(change->seen, who->seen) != 0)
		return CHANGE_CONFLICT;
	return submit_change(visit, change, done);
}
