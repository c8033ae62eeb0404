/* /new: a new user. */
#include "config.h"

#include "support/text.h"
#include "web/page.h"
#include "web/password.h"
#include "web/person.h"
#include "web/submit.h"

#include <string.h>

/* All of the form. */
struct sheet {
	char user[ACCOUNT_USER_SIZE]; /* in lower case */
	enum text user_error;
	struct person person;
	struct password password;
	enum text message;
};

static void
show(struct visit *visit, const struct sheet *sheet)
{
	struct page_field user = {
		.name = "user",
		.label = TEXT_USER_LOCAL,
		.type = "text",
		.value = request_field(visit->request, "user"),
		.error = sheet->user_error,
		.hint = TEXT_USER_LOCAL_HINT,
		.most = ACCOUNT_USER_SIZE - 1,
		.is_code = true,
	};

	page_begin(visit, TEXT_USERS_ADD, NULL);
	if (sheet->message != TEXT_NONE)
		page_message(visit, MESSAGE_BAD, sheet->message, NULL);
	if (domain_wants_apop(&visit->site->admin, visit->session.domain))
		page_message(visit, MESSAGE_NOTE, TEXT_PASSWORD_APOP, NULL);
	page_form(visit, "/new");
	page_field(visit, &user);
	person_fields(visit, &sheet->person);
	password_field(visit, &sheet->password);
	page_button(visit, BUTTON_MAIN, TEXT_USERS_ADD, NULL, NULL);
	password_buttons(visit);
	page_form_end(visit);
	page_end(visit);
}

void
user_new_get(struct visit *visit)
{
	struct sheet sheet = { 0 };

	show(visit, &sheet);
}

/* ---- what was typed ----------------------------------------------------- */

/* A name in capitals is meant in small letters: so the mail comes. */
static bool
take_user(struct visit *visit, struct sheet *sheet)
{
	if (text_copy(sheet->user, sizeof(sheet->user),
		request_field(visit->request, "user")))
		text_lower(sheet->user);
	if (!account_is_user_name(sheet->user))
		sheet->user_error = TEXT_USER_LOCAL_WRONG;
	return sheet->user_error == TEXT_NONE;
}

/* True if all of it can be made so; else it is said why, unless the password
 * was only to be looked at. */
static bool
take(struct visit *visit, struct sheet *sheet)
{
	const char *own[] = { sheet->user, visit->session.domain,
		request_field(visit->request, "name"), NULL };
	bool has_user = take_user(visit, sheet);
	bool has_person = person_take(visit, &sheet->person);
	bool has_password = password_take(visit, &sheet->password, own);

	if (password_is_only_shown(visit)) {
		sheet->user_error = TEXT_NONE;
		person_forgive(&sheet->person);
		return false;
	}
	sheet->message = TEXT_ERROR_BELOW;
	return has_user && has_person && has_password;
}

/* ---- the change --------------------------------------------------------- */

static enum change_result
add(struct visit *visit, const struct sheet *sheet, const char *sealed)
{
	char next[ACCOUNT_USER_SIZE + 32];
	struct change change = {
		.kind = CHANGE_ADD,
		.password = sealed,
		.name = sheet->person.name,
		.forward = sheet->person.list,
	};

	text_copy(change.user, sizeof(change.user), sheet->user);
	text_copy(change.domain, sizeof(change.domain), visit->session.domain);
	text_format(next, sizeof(next), "/users/%s?done=yes", sheet->user);
	return submit_change(visit, &change, next);
}

/* It is seen again under the lock of the file; but that may be later, when
 * nobody sees the form any more. */
static bool
is_there(struct visit *visit, const char *user)
{
	struct account_fault fault;
	struct user found;

	return user_find(&visit->site->admin, visit->session.domain, user,
		   &found, &fault) == ACCOUNT_FOUND;
}

/* True if it is done, or on its way. */
static bool
make(struct visit *visit, struct sheet *sheet)
{
	char sealed[ACCOUNT_HASH_SIZE] = "";
	enum change_result result = CHANGE_EXISTS;

	if (!is_there(visit, sheet->user)) {
		if (!password_seal(visit, &sheet->password, sealed))
			return false;
		result = add(visit, sheet, sealed);
	}
	explicit_bzero(sealed, sizeof(sealed));
	if (result == CHANGE_EXISTS)
		sheet->user_error = TEXT_EXISTS;
	else
		sheet->message = submit_text(result);
	return result == CHANGE_DONE || result == CHANGE_WAITING;
}

void
user_new_post(struct visit *visit)
{
	struct sheet sheet = { 0 };

	if (!take(visit, &sheet) || !make(visit, &sheet)) {
		if (sheet.message != TEXT_NONE)
			visit->reply.status = 422;
		show(visit, &sheet);
	}
	explicit_bzero(&sheet, sizeof(sheet));
}
