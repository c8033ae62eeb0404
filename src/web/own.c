/* /account: what users may change of themselves, the password and where their
 * mail goes. */
#include "config.h"

#include "support/log.h"
#include "support/text.h"
#include "web/forwards.h"
#include "web/page.h"
#include "web/password.h"
#include "web/submit.h"
#include "web/value.h"
#include "web/who.h"

#include <string.h>

#define DONE "/account?done=yes"

/* All of the page. */
struct sheet {
	struct who who;
	enum text message;
	bool is_conflict;
	struct password password;
	enum text old_error, again_error;
	bool is_suggested;		   /* the password is to be read */
	char forwards[VALUE_FORWARD_SIZE]; /* as they are */
	const char *typed;		   /* or as they were typed */
	enum text forwards_error;
	char wrong[FORWARDS_WRONG_SIZE];
	char list[ACCOUNT_FORWARD_SIZE];
};

/* ---- the page ------------------------------------------------------------ */

/* So that a program that keeps passwords knows whose it is. */
static void
put_user_name(struct visit *visit)
{
	html_markup(&visit->html,
	    "<input type=\"text\" autocomplete=\"username\" name=\"user\" "
	    "value=\"");
	html_text(&visit->html, visit->session.name);
	html_markup(&visit->html, "\" readonly hidden>\n");
}

static void
put_new_password(struct visit *visit, const struct sheet *sheet)
{
	struct page_field field = {
		.name = "password",
		.label = TEXT_NEW_PASSWORD,
		.type = sheet->is_suggested ? "text" : "password",
		.value = sheet->again_error == TEXT_NONE ? sheet->password.text
							 : NULL,
		.error = sheet->password.error,
		.hint = TEXT_PASSWORD_HINT,
		.complete = "new-password",
		.most = PASSWORD_SIZE - 1,
		.is_code = true,
	};

	page_field(visit, &field);
	if (sheet->password.text[0] != '\0')
		password_meter(visit, &sheet->password.strength);
	field.name = "again";
	field.label = TEXT_NEW_PASSWORD_AGAIN;
	field.error = sheet->again_error;
	field.hint = TEXT_NONE;
	page_field(visit, &field);
}

static void
put_password(struct visit *visit, const struct sheet *sheet)
{
	const struct page_field old = {
		.name = "old",
		.label = TEXT_OLD_PASSWORD,
		.type = "password",
		.error = sheet->old_error,
		.complete = "current-password",
		.most = CREDENTIALS_SECRET_SIZE - 1,
	};

	page_heading(visit, TEXT_SET_PASSWORD, NULL);
	if (domain_wants_apop(&visit->site->admin, visit->session.domain))
		page_message(visit, MESSAGE_NOTE, TEXT_PASSWORD_APOP, NULL);
	page_form(visit, "/account/password");
	page_hidden(visit, "seen", sheet->who.seen);
	put_user_name(visit);
	page_field(visit, &old);
	put_new_password(visit, sheet);
	page_button(visit, BUTTON_MAIN, TEXT_SET_PASSWORD, NULL, NULL);
	password_buttons(visit);
	page_form_end(visit);
}

static void
put_forwards(struct visit *visit, const struct sheet *sheet)
{
	const struct page_field field = {
		.name = "forwards",
		.label = TEXT_FORWARDS,
		.type = "textarea",
		.value = sheet->typed != NULL ? sheet->typed : sheet->forwards,
		.error = sheet->forwards_error,
		.error_value = sheet->wrong,
		.hint = TEXT_FORWARDS_HINT,
		.is_code = true,
	};

	page_heading(visit, TEXT_FORWARDS, NULL);
	page_form(visit, "/account/forwards");
	page_hidden(visit, "seen", sheet->who.seen);
	page_field(visit, &field);
	page_button(visit, BUTTON_MAIN, TEXT_SET_FORWARDS, NULL, NULL);
	page_form_end(visit);
}

static void
show(struct visit *visit, const struct sheet *sheet)
{
	page_begin(visit, TEXT_ACCOUNT, NULL);
	if (sheet->message != TEXT_NONE) {
		visit->reply.status = 422;
		page_message(visit, MESSAGE_BAD, sheet->message, NULL);
	} else if (request_query(visit->request, "done")[0] != '\0') {
		page_message(visit, MESSAGE_GOOD, TEXT_DONE, NULL);
	}
	if (sheet->is_conflict && sheet->typed != NULL) {
		page_paragraph(visit, TEXT_USER_KEPT, NULL);
		page_paragraph(visit, TEXT_USER_NOW_FORWARDS, sheet->forwards);
	}
	put_forwards(visit, sheet);
	put_password(visit, sheet);
	page_end(visit);
}

/* Fills in how it is now; false after a page that says why that fails. */
static bool
look(struct visit *visit, struct sheet *sheet)
{
	text_copy(visit->name, sizeof(visit->name), visit->session.user);
	if (!who_look(visit, &sheet->who))
		return false;
	value_forward(&sheet->who.user.forward, "\n", sheet->forwards);
	return true;
}

void
account_get(struct visit *visit)
{
	struct sheet sheet = { 0 };

	if (look(visit, &sheet))
		show(visit, &sheet);
	explicit_bzero(&sheet, sizeof(sheet));
}

/* ---- changes ------------------------------------------------------------- */

static void
submit(struct visit *visit, struct sheet *sheet, const struct change *change)
{
	enum change_result result =
	    who_submit(visit, &sheet->who, change, DONE);

	if (result == CHANGE_DONE || result == CHANGE_WAITING)
		return;
	sheet->message = submit_text(result);
	sheet->is_conflict = result == CHANGE_CONFLICT;
	show(visit, sheet);
}

/* What is typed stays a change of what was seen: the next attempt must not
 * overwrite what somebody else has done meanwhile. */
static void
show_mistake(
    struct visit *visit, struct sheet *sheet, const struct change *change)
{
	sheet->message = TEXT_ERROR_BELOW;
	text_copy(sheet->who.seen, sizeof(sheet->who.seen), change->seen);
	show(visit, sheet);
}

void
account_forwards_post(struct visit *visit)
{
	struct sheet sheet = { 0 };
	struct change change;

	if (!look(visit, &sheet) || !who_change(visit, CHANGE_SET, &change))
		return;
	sheet.typed = request_field(visit->request, "forwards");
	sheet.forwards_error =
	    forwards_take(sheet.typed, sheet.list, sheet.wrong);
	if (sheet.forwards_error == TEXT_NONE) {
		change.forward = sheet.list;
		submit(visit, &sheet, &change);
		return;
	}
	show_mistake(visit, &sheet, &change);
}

/* ---- the password -------------------------------------------------------- */

/* Who finds a browser that is logged in must not get more than that.  False
 * with an error in sheet, or, if the reply is written, without one. */
static bool
prove_old(struct visit *visit, struct sheet *sheet)
{
	struct attempt attempt = { 0 };
	const char *why;

	text_copy(attempt.user, sizeof(attempt.user), visit->session.user);
	text_copy(
	    attempt.domain, sizeof(attempt.domain), visit->session.domain);
	switch (prove(
	    visit, &attempt, request_field(visit->request, "old"), &why)) {
	case PROOF_RIGHT:
		return true;
	case PROOF_WRONG:
		log_event(LOG_NOTICE,
		    "the present password was not given: %s user=%s", why,
		    visit->session.name);
		sheet->old_error = TEXT_OLD_PASSWORD_WRONG;
		return false;
	case PROOF_TOO_OFTEN:
		prove_wait(visit, &attempt);
		return false;
	case PROOF_NO_DOMAIN:
	case PROOF_OFF:
	case PROOF_TROUBLE:
		break;
	}
	page_error(visit, 503);
	return false;
}

/* True if it is to be set. */
static bool
take_password(struct visit *visit, struct sheet *sheet)
{
	const char *own[] = { visit->session.user, visit->session.domain,
		sheet->who.user.line.gecos, NULL };
	const char *typed = request_field(visit->request, "password");
	bool is_fine = password_take(visit, &sheet->password, own);

	if (password_is_only_shown(visit)) {
		sheet->is_suggested = strcmp(sheet->password.text, typed) != 0;
		return false;
	}
	if (strcmp(typed, request_field(visit->request, "again")) != 0)
		sheet->again_error = TEXT_PASSWORDS_DIFFER;
	return is_fine && sheet->again_error == TEXT_NONE;
}

static void
set_password(struct visit *visit, struct sheet *sheet, struct change *change)
{
	char sealed[ACCOUNT_HASH_SIZE] = "";

	if (password_seal(visit, &sheet->password, sealed)) {
		change->password = sealed;
		submit(visit, sheet, change);
	} else {
		show_mistake(visit, sheet, change);
	}
	explicit_bzero(sealed, sizeof(sealed));
}

static void
change_password(struct visit *visit, struct sheet *sheet, struct change *change)
{
	if (take_password(visit, sheet)) {
		if (prove_old(visit, sheet)) {
			set_password(visit, sheet, change);
			return;
		}
		if (sheet->old_error == TEXT_NONE)
			return;
	}
	if (password_is_only_shown(visit))
		show(visit, sheet);
	else
		show_mistake(visit, sheet, change);
}

void
account_password_post(struct visit *visit)
{
	struct sheet sheet = { 0 };
	struct change change;

	if (look(visit, &sheet) && who_change(visit, CHANGE_SET, &change))
		change_password(visit, &sheet, &change);
	explicit_bzero(&sheet, sizeof(sheet));
}
