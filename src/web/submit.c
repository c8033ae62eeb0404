/* Changes that a page asks for: whether they may be, and how they are made. */
#include "config.h"

#include "web/submit.h"
#include "support/log.h"
#include "support/text.h"

#include <errno.h>
#include <string.h>

static bool
is_own(const struct visit *visit, const struct change *change)
{
	return strcmp(change->user, visit->session.user) == 0;
}

/* A user may set the own password and forwards, postmaster all of the
 * domain. */
static bool
may_change(const struct visit *visit, const struct change *change)
{
	return visit->session.is_open &&
	    strcmp(change->domain, visit->session.domain) == 0 &&
	    (visit->session.is_postmaster ||
		(is_own(visit, change) && change->kind == CHANGE_SET &&
		    change->name == NULL));
}

static enum change_result
make(struct visit *visit, const struct change *change, char *serial)
{
	const struct admin *admin = &visit->site->admin;
	const char *why;

	switch (change_way(admin, change->domain, &why)) {
	case CHANGE_DIRECTLY:
		return change_make(admin, change);
	case CHANGE_BY_MAIL:
		return change_mail(admin, change, serial);
	case CHANGE_NOT:
		log_event(LOG_ERR, "the pages cannot change users of %s: %s",
		    change->domain, why);
		break;
	}
	errno = EPERM;
	return CHANGE_TROUBLE;
}

static void
log_change(const struct visit *visit, const struct change *change,
    enum change_result result, int error)
{
	static const char *const kinds[] = {
		[CHANGE_ADD] = "add",
		[CHANGE_SET] = "set",
		[CHANGE_REMOVE] = "remove",
	};

	log_event(result == CHANGE_TROUBLE ? LOG_ERR : LOG_INFO,
	    "%s %s@%s: %s%s%s user=%s", kinds[change->kind], change->user,
	    change->domain, change_text(result),
	    result == CHANGE_TROUBLE ? ": " : "",
	    result == CHANGE_TROUBLE ? strerror(error) : "",
	    visit->session.name);
}

static void
wait_for(struct visit *visit, const char *serial)
{
	char path[REQUEST_PATH_SIZE];

	text_format(path, sizeof(path), "/pending/%s?domain=%s&since=%lld",
	    serial, visit->session.domain, (long long)visit->now);
	reply_redirect(&visit->reply, path);
}

static void
go_on(struct visit *visit, const struct change *change, const char *done)
{
	struct session session = { 0 };

	if (is_own(visit, change) && change->password != NULL) {
		if (session_make(visit, change->user, change->domain,
			change->password, &session) == 0)
			session_begin(visit, &session);
		else
			log_event(LOG_WARNING,
			    "the session cannot go on: %s user=%s",
			    strerror(errno), visit->session.name);
	}
	explicit_bzero(&session, sizeof(session));
	reply_redirect(&visit->reply, done);
}

enum change_result
submit_change(
    struct visit *visit, const struct change *change, const char *done)
{
	char serial[CHANGE_SERIAL_SIZE] = "";
	enum change_result result = CHANGE_FORBIDDEN;

	if (may_change(visit, change))
		result = make(visit, change, serial);
	log_change(visit, change, result, errno);
	if (result == CHANGE_DONE)
		go_on(visit, change, done);
	else if (result == CHANGE_WAITING)
		wait_for(visit, serial);
	return result;
}

enum text
submit_text(enum change_result result)
{
	static const enum text texts[] = {
		[CHANGE_DONE] = TEXT_DONE,
		[CHANGE_WAITING] = TEXT_PENDING_WHY,
		[CHANGE_CONFLICT] = TEXT_CONFLICT,
		[CHANGE_EXISTS] = TEXT_EXISTS,
		[CHANGE_NO_USER] = TEXT_NO_USER,
		[CHANGE_UNSOUND] = TEXT_UNSOUND,
		[CHANGE_TOO_LONG] = TEXT_TOO_LONG,
		[CHANGE_NO_FIELD] = TEXT_NO_FIELD,
		[CHANGE_FORBIDDEN] = TEXT_REFUSED,
		[CHANGE_TROUBLE] = TEXT_NOT_NOW,
	};

	return texts[result];
}
