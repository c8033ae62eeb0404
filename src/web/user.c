/* /users/NAME: one user, who can be changed. */
#include "config.h"

#include "support/text.h"
#include "web/client.h"
#include "web/page.h"
#include "web/password.h"
#include "web/person.h"
#include "web/submit.h"
#include "web/value.h"
#include "web/who.h"

#include <string.h>

#define PATH_SIZE (ACCOUNT_USER_SIZE + 32)

/* All of the page. */
struct sheet {
	struct who who;
	char forwards[VALUE_FORWARD_SIZE]; /* as they are */
	struct person person;
	struct password password;
	enum text message;
	bool is_conflict;

	/* Which state of the user each form is a change of: after a mistake
	 * still the one that the form was made for, or an edit of somebody else
	 * would go with the next try. */
	char person_seen[CHANGE_DIGEST_SIZE], password_seen[CHANGE_DIGEST_SIZE];
};

/* ---- the page ----------------------------------------------------------- */

/* "/users/NAME" and what stands behind it. */
static const char *
path_of(const struct visit *visit, const char *rest, char path[PATH_SIZE])
{
	text_format(path, PATH_SIZE, "/users/%s%s", visit->name, rest);
	return path;
}

static void
put_messages(struct visit *visit, const struct sheet *sheet)
{
	if (sheet->message != TEXT_NONE)
		page_message(visit, MESSAGE_BAD, sheet->message, NULL);
	else if (strcmp(request_query(visit->request, "done"), "yes") == 0)
		page_message(visit, MESSAGE_GOOD, TEXT_DONE, NULL);
	if (!sheet->is_conflict)
		return;
	page_paragraph(visit, TEXT_USER_KEPT, NULL);
	page_paragraph(visit, TEXT_USER_NOW_NAME, sheet->who.user.line.gecos);
	page_paragraph(visit, TEXT_USER_NOW_FORWARDS, sheet->forwards);
}

static void
put_person(struct visit *visit, const struct sheet *sheet)
{
	char path[PATH_SIZE];

	page_form(visit, path_of(visit, "", path));
	page_hidden(visit, "seen", sheet->person_seen);
	person_fields(visit, &sheet->person);
	page_button(visit, BUTTON_MAIN, TEXT_SAVE, NULL, NULL);
	page_form_end(visit);
}

static void
put_password(struct visit *visit, const struct sheet *sheet)
{
	char path[PATH_SIZE];

	page_heading(visit, TEXT_USER_PASSWORD, NULL);
	if (strcmp(visit->name, visit->session.user) == 0) {
		html_markup(&visit->html, "<p>");
		page_say(visit, TEXT_USER_OWN_PASSWORD, NULL);
		html_markup(&visit->html, " ");
		page_link(visit, "/account", TEXT_MENU_ACCOUNT);
		html_markup(&visit->html, "</p>\n");
		return;
	}
	if (domain_wants_apop(&visit->site->admin, visit->session.domain))
		page_message(visit, MESSAGE_NOTE, TEXT_PASSWORD_APOP, NULL);
	page_form(visit, path_of(visit, "/password", path));
	page_hidden(visit, "seen", sheet->password_seen);
	password_field(visit, &sheet->password);
	page_button(visit, BUTTON_MAIN, TEXT_SET_PASSWORD, NULL, NULL);
	password_buttons(visit);
	page_form_end(visit);
}

static void
put_facts(struct visit *visit, const struct user *user)
{
	char value[VALUE_SIZE];

	page_list(visit);
	page_pair(visit, TEXT_USER_MAILBOX, value_size(user->size, value));
	page_pair(visit, TEXT_USER_READ, value_time(user->last_read, value));
	page_list_end(visit);
}

static void
put_links(struct visit *visit)
{
	char path[PATH_SIZE];

	html_markup(&visit->html, "<p>");
	if (strcmp(visit->name, POSTMASTER) != 0) {
		page_link(
		    visit, path_of(visit, "/remove", path), TEXT_USER_REMOVE);
		html_markup(&visit->html, "</p>\n<p>");
	}
	page_link(visit, "/users", TEXT_USERS_ALL);
	html_markup(&visit->html, "</p>\n");
}

static void
show(struct visit *visit, const struct sheet *sheet)
{
	const struct user *user = &sheet->who.user;

	if (sheet->message != TEXT_NONE)
		visit->reply.status = 422;
	page_begin(visit, TEXT_USER, user->line.account.name);
	put_messages(visit, sheet);
	put_facts(visit, user);
	put_person(visit, sheet);
	put_password(visit, sheet);
	client_show(visit, user->line.account.name);
	put_links(visit);
	page_end(visit);
}

/* ---- how he is ---------------------------------------------------------- */

/* From here on the forms are changes of the user as he is now. */
static void
see_anew(struct sheet *sheet)
{
	memcpy(sheet->person_seen, sheet->who.seen, CHANGE_DIGEST_SIZE);
	memcpy(sheet->password_seen, sheet->who.seen, CHANGE_DIGEST_SIZE);
}

/* Fills in the user as he is now; false after a page that says he is not. */
static bool
look(struct visit *visit, struct sheet *sheet)
{
	if (!who_look(visit, &sheet->who))
		return false;
	value_forward(&sheet->who.user.forward, "\n", sheet->forwards);
	sheet->person.name = sheet->who.user.line.gecos;
	sheet->person.forwards = sheet->forwards;
	see_anew(sheet);
	return true;
}

void
user_get(struct visit *visit)
{
	struct sheet sheet = { 0 };

	if (look(visit, &sheet))
		show(visit, &sheet);
	explicit_bzero(&sheet, sizeof(sheet));
}

/* ---- changes ------------------------------------------------------------ */

/* Shows the page again if the change is not made, nor on its way. */
static void
submit(struct visit *visit, struct sheet *sheet, struct change *change)
{
	enum change_result result;
	char path[PATH_SIZE];

	result = who_submit(
	    visit, &sheet->who, change, path_of(visit, "?done=yes", path));
	if (result == CHANGE_DONE || result == CHANGE_WAITING)
		return;
	sheet->message = submit_text(result);
	sheet->is_conflict = result == CHANGE_CONFLICT;
	if (sheet->is_conflict)
		see_anew(sheet);
	show(visit, sheet);
}

/* The forwards stay where they are typed as they were shown: an old shell in
 * the field stays too. */
static const char *
forwards_to_set(const struct sheet *sheet)
{
	char list[ACCOUNT_FORWARD_SIZE], wrong[FORWARDS_WRONG_SIZE];

	forwards_take(sheet->forwards, list, wrong);
	return strcmp(list, sheet->person.list) == 0 ? NULL
						     : sheet->person.list;
}

void
user_post(struct visit *visit)
{
	struct sheet sheet = { 0 };
	struct change change;

	if (!who_change(visit, CHANGE_SET, &change) || !look(visit, &sheet))
		return;
	memcpy(sheet.person_seen, change.seen, CHANGE_DIGEST_SIZE);
	if (person_take(visit, &sheet.person)) {
		change.forward = forwards_to_set(&sheet);
		if (strcmp(sheet.person.name, sheet.who.user.line.gecos) != 0)
			change.name = sheet.person.name;
		submit(visit, &sheet, &change);
		return;
	}
	sheet.message = TEXT_ERROR_BELOW;
	show(visit, &sheet);
}

static void
set_password(struct visit *visit, struct sheet *sheet, struct change *change)
{
	char sealed[ACCOUNT_HASH_SIZE] = "";

	if (password_seal(visit, &sheet->password, sealed)) {
		change->password = sealed;
		submit(visit, sheet, change);
		explicit_bzero(sealed, sizeof(sealed));
		return;
	}
	sheet->message = TEXT_ERROR_BELOW;
	show(visit, sheet);
}

/* The own password needs the present one as well: that is asked elsewhere. */
void
user_password_post(struct visit *visit)
{
	const char *own[] = { visit->name, visit->session.domain, NULL, NULL };
	struct sheet sheet = { 0 };
	struct change change;

	if (strcmp(visit->name, visit->session.user) == 0) {
		reply_redirect(&visit->reply, "/account");
		return;
	}
	if (!who_change(visit, CHANGE_SET, &change) || !look(visit, &sheet))
		return;
	memcpy(sheet.password_seen, change.seen, CHANGE_DIGEST_SIZE);
	own[2] = sheet.who.user.line.gecos;
	if (password_take(visit, &sheet.password, own)) {
		set_password(visit, &sheet, &change);
	} else {
		if (!password_is_only_shown(visit))
			sheet.message = TEXT_ERROR_BELOW;
		show(visit, &sheet);
	}
	explicit_bzero(&sheet, sizeof(sheet));
}
