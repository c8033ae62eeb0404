/* /users/NAME/remove: asks once more, then removes a user. */
#include "config.h"

#include "support/text.h"
#include "web/page.h"
#include "web/submit.h"
#include "web/value.h"
#include "web/who.h"

#include <string.h>

#define PATH_SIZE (ACCOUNT_USER_SIZE + 32)

static void
put_mailbox(struct visit *visit, const struct user *user)
{
	char value[VALUE_SIZE];

	page_list(visit);
	page_pair(visit, TEXT_USER_NAME, user->line.gecos);
	page_pair(visit, TEXT_USER_MAILBOX, value_size(user->size, value));
	page_pair(visit, TEXT_USER_READ, value_time(user->last_read, value));
	page_list_end(visit);
}

static void
show(struct visit *visit, const struct who *who, enum text message)
{
	char path[PATH_SIZE];

	if (message != TEXT_NONE)
		visit->reply.status = 422;
	page_begin(visit, TEXT_USER_REMOVE_ASK, who->user.line.account.name);
	if (message != TEXT_NONE)
		page_message(visit, MESSAGE_BAD, message, NULL);
	page_paragraph(visit, TEXT_USER_REMOVE_WHY, NULL);
	put_mailbox(visit, &who->user);
	text_format(path, sizeof(path), "/users/%s/remove", visit->name);
	page_form(visit, path);
	page_hidden(visit, "seen", who->seen);
	page_button(visit, BUTTON_DANGER, TEXT_USER_REMOVE, NULL, NULL);
	page_form_end(visit);
	text_format(path, sizeof(path), "/users/%s", visit->name);
	html_markup(&visit->html, "<p>");
	page_link(visit, path, TEXT_CANCEL);
	html_markup(&visit->html, "</p>\n");
	page_end(visit);
}

/* False after a page that says that postmaster stays. */
static bool
may_go(struct visit *visit)
{
	if (strcmp(visit->name, POSTMASTER) != 0)
		return true;
	page_trouble(visit, 403, TEXT_FORBIDDEN, TEXT_USER_STAYS, NULL);
	return false;
}

void
user_remove_get(struct visit *visit)
{
	struct who who;

	if (may_go(visit) && who_look(visit, &who))
		show(visit, &who, TEXT_NONE);
}

void
user_remove_post(struct visit *visit)
{
	enum change_result result;
	struct change change;
	struct who who;

	if (!may_go(visit) || !who_change(visit, CHANGE_REMOVE, &change) ||
	    !who_look(visit, &who))
		return;
	result = who_submit(visit, &who, &change, "/users?done=yes");
	if (result != CHANGE_DONE && result != CHANGE_WAITING)
		show(visit, &who, submit_text(result));
}
