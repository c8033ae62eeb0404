/* Name and forwards of a user. */
#include "config.h"

#include "web/person.h"
#include "web/page.h"

#include <string.h>

#define NAME_MOST 100 /* characters */

/* As the passwd file can have it. */
static enum text
find_name_error(const char *name)
{
	const char *p;

	if (strlen(name) >= ACCOUNT_GECOS_SIZE)
		return TEXT_TOO_LONG;
	for (p = name; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == ':')
			return TEXT_USER_NAME_WRONG;
	return TEXT_NONE;
}

bool
person_take(struct visit *visit, struct person *person)
{
	person->name = request_field(visit->request, "name");
	person->forwards = request_field(visit->request, "forwards");
	person->name_error = find_name_error(person->name);
	person->forwards_error =
	    forwards_take(person->forwards, person->list, person->wrong);
	return person->name_error == TEXT_NONE &&
	    person->forwards_error == TEXT_NONE;
}

void
person_forgive(struct person *person)
{
	person->name_error = person->forwards_error = TEXT_NONE;
}

void
person_fields(struct visit *visit, const struct person *person)
{
	struct page_field name = {
		.name = "name",
		.label = TEXT_USER_NAME,
		.type = "text",
		.value = person->name,
		.error = person->name_error,
		.most = NAME_MOST,
	};
	struct page_field forwards = {
		.name = "forwards",
		.label = TEXT_FORWARDS,
		.type = "textarea",
		.value = person->forwards,
		.error = person->forwards_error,
		.error_value = person->wrong,
		.hint = TEXT_FORWARDS_HINT,
		.is_code = true,
	};

	page_field(visit, &name);
	page_field(visit, &forwards);
}
