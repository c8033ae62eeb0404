/* A password that is being chosen. */
#include "config.h"

#include "web/password.h"
#include "support/text.h"
#include "web/page.h"
#include "web/suggest.h"

#include <errno.h>
#include <string.h>

/* Of the buttons. */
#define WHAT	"what"
#define SUGGEST "suggest"
#define JUDGE	"judge"

/* ---- how strong --------------------------------------------------------- */

static enum text
text_of_step(enum strength_step step)
{
	switch (step) {
	case STRENGTH_NONE:
		return TEXT_STRENGTH_NONE;
	case STRENGTH_WEAK:
		return TEXT_STRENGTH_WEAK;
	case STRENGTH_FAIR:
		return TEXT_STRENGTH_FAIR;
	case STRENGTH_GOOD:
		return TEXT_STRENGTH_GOOD;
	case STRENGTH_STRONG:
		return TEXT_STRENGTH_STRONG;
	}
	return TEXT_NONE;
}

static enum text
text_of_reason(enum strength_reason reason)
{
	switch (reason) {
	case STRENGTH_FINE:
		return TEXT_NONE;
	case STRENGTH_IS_SHORT:
		return TEXT_PASSWORD_SHORT;
	case STRENGTH_HAS_OWN_NAME:
		return TEXT_PASSWORD_OWN_NAME;
	case STRENGTH_HAS_COMMON_WORD:
		return TEXT_PASSWORD_COMMON_WORD;
	case STRENGTH_HAS_REPEATS:
		return TEXT_PASSWORD_REPEATS;
	case STRENGTH_HAS_SEQUENCE:
		return TEXT_PASSWORD_SEQUENCE;
	case STRENGTH_HAS_KEYS:
		return TEXT_PASSWORD_KEYS;
	case STRENGTH_HAS_YEAR:
		return TEXT_PASSWORD_YEAR;
	case STRENGTH_COULD_BE_LONGER:
		return TEXT_PASSWORD_LONGER;
	}
	return TEXT_NONE;
}

void
password_meter(struct visit *visit, const struct strength *strength)
{
	struct html *html = &visit->html;
	enum text reason = text_of_reason(strength->reason);

	html_markup(html, "<p><label for=\"strength\">");
	page_say(visit, TEXT_STRENGTH, NULL);
	html_markup(html,
	    "</label> <meter id=\"strength\" min=\"0\" "
	    "max=\"4\" low=\"2\" high=\"3\" optimum=\"4\" "
	    "value=\"");
	html_number(html, (size_t)strength->step);
	html_markup(html, "\">");
	html_number(html, (size_t)strength->step);
	html_markup(html, "/4</meter> <strong>");
	page_say(visit, text_of_step(strength->step), NULL);
	html_markup(html, "</strong>");
	/* What must not be stands at the field. */
	if (reason != TEXT_NONE && strength->step != STRENGTH_NONE) {
		html_markup(html, " ");
		page_say(visit, reason, NULL);
	}
	html_markup(html, "</p>\n");
}

/* ---- what was typed ----------------------------------------------------- */

static enum text
find_error(const struct password *password)
{
	const char *p;

	for (p = password->text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return TEXT_PASSWORD_UNSTORABLE;
	return password->strength.step == STRENGTH_NONE
	    ? text_of_reason(password->strength.reason)
	    : TEXT_NONE;
}

bool
password_is_only_shown(const struct visit *visit)
{
	return request_field(visit->request, WHAT)[0] != '\0';
}

static bool
take_text(struct visit *visit, struct password *password)
{
	char suggestion[SUGGEST_SIZE] = "";
	bool fits;

	if (strcmp(request_field(visit->request, WHAT), SUGGEST) != 0)
		return text_copy(password->text, sizeof(password->text),
		    request_field(visit->request, "password"));
	fits = suggest_password(suggestion) == 0 &&
	    text_copy(password->text, sizeof(password->text), suggestion);
	explicit_bzero(suggestion, sizeof(suggestion));
	return fits;
}

bool
password_take(
    struct visit *visit, struct password *password, const char *const *own)
{
	memset(password, 0, sizeof(*password));
	if (!take_text(visit, password)) {
		password->error = TEXT_PASSWORD_TOO_LONG;
		return false;
	}
	password->strength = strength_judge(password->text, own);
	password->error = find_error(password);
	return password->error == TEXT_NONE && !password_is_only_shown(visit);
}

bool
password_seal(struct visit *visit, struct password *password,
    char sealed[ACCOUNT_HASH_SIZE])
{
	if (change_seal(&visit->site->admin, visit->session.domain,
		password->text, sealed) == 0)
		return true;
	password->error =
	    errno == EINVAL ? TEXT_PASSWORD_UNSTORABLE : TEXT_TROUBLE_WHY;
	return false;
}

/* ---- the field ---------------------------------------------------------- */

void
password_field(struct visit *visit, const struct password *password)
{
	struct page_field field = {
		.name = "password",
		.label = TEXT_NEW_PASSWORD,
		.type = "text",
		.value = password->text,
		.error = password->error,
		.hint = TEXT_PASSWORD_HINT,
		.most = PASSWORD_SIZE - 1,
		.is_code = true,
	};

	page_field(visit, &field);
	if (password->text[0] != '\0')
		password_meter(visit, &password->strength);
}

void
password_buttons(struct visit *visit)
{
	page_button(visit, BUTTON_OTHER, TEXT_PASSWORD_SUGGEST, WHAT, SUGGEST);
	page_button(visit, BUTTON_OTHER, TEXT_PASSWORD_JUDGE, WHAT, JUDGE);
}
