/*
 * The page that waits for a change that was mailed.  It needs no login: the
 * serial is nothing that anybody could guess, and who has changed the own
 * password is logged out when the change is made.
 */
#include "config.h"

#include "support/text.h"
#include "web/page.h"
#include "web/submit.h"

#include <string.h>

#define LONG_TIME 120 /* s */
#define SELDOM	  60  /* the page loads itself anew so often at least, s */
#define OFTEN	  3   /* and so often at most */

/* How long it takes by now; the page has that from us, but nobody else needs
 * it. */
static int64_t
time_since(const struct visit *visit)
{
	uint64_t since;

	if (!text_to_number(request_query(visit->request, "since"),
		(uint64_t)visit->now, &since))
		return LONG_TIME;
	return visit->now - (int64_t)since;
}

static void
put_waiting(struct visit *visit)
{
	int64_t seconds = time_since(visit);
	int64_t pause = seconds / 6;

	if (pause < OFTEN)
		pause = OFTEN;
	visit->reply.refresh = (unsigned int)(pause > SELDOM ? SELDOM : pause);
	session_rest(visit);
	page_begin(visit, TEXT_PENDING, NULL);
	page_message(visit, MESSAGE_NOTE, TEXT_PENDING_WHY, NULL);
	if (seconds >= LONG_TIME)
		page_paragraph(visit, TEXT_PENDING_LONG, NULL);
}

static void
put_outcome(struct visit *visit, enum change_result result)
{
	page_begin(visit, TEXT_OUTCOME, NULL);
	page_message(visit, result == CHANGE_DONE ? MESSAGE_GOOD : MESSAGE_BAD,
	    submit_text(result), NULL);
}

void
pending_get(struct visit *visit)
{
	const char *domain = request_query(visit->request, "domain");
	enum change_result result;

	if (strlen(visit->name) != CHANGE_SERIAL_SIZE - 1 ||
	    strspn(visit->name, "0123456789abcdef") != CHANGE_SERIAL_SIZE - 1 ||
	    !account_is_domain_name(domain)) {
		page_error(visit, 404);
		return;
	}
	result = change_outcome(&visit->site->admin, domain, visit->name);
	if (result == CHANGE_WAITING)
		put_waiting(visit);
	else
		put_outcome(visit, result);
	html_markup(&visit->html, "<p>");
	page_link(visit, "/", TEXT_BACK);
	html_markup(&visit->html, "</p>\n");
	page_end(visit);
}
