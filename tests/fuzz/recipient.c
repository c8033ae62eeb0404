/* Whom a message is for: only names that are safe come out, and only domains
 * that are ours.  Input: lines; the first is for -r, EXTENSION and
 * ORIGINAL_RECIPIENT come after it; a line that is empty is not given. */
#include "config.h"

#include "../unit/accounts.h"
#include "../unit/box.h"
#include "delivery/private.h"
#include "fuzz.h"

#include "support/text.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static struct account_rules rules;

void
prepare(void)
{
	struct bytes nobody = { 0 };

	rules = accounts_open();
	accounts_write("kvt.dk", &nobody);
	accounts_write("xn--kvt-0ra.dk", &nobody);
}

static void
give(const char *variable, const char *value)
{
	if (value == NULL || value[0] == '\0')
		unsetenv(variable);
	else
		must(setenv(variable, value, 1) == 0, "setenv");
}

static void
check(const struct recipient *recipient)
{
	must(account_is_user_name(recipient->user), "the name is safe");
	must(strcmp(recipient->domain, "kvt.dk") == 0 ||
		strcmp(recipient->domain, "xn--kvt-0ra.dk") == 0,
	    "the domain is ours");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct bytes text = input_rest(&input);
	struct delivery delivery = { .rules = rules };
	struct recipient recipient;
	struct outcome outcome;
	char *rest = text.data;

	delivery.recipient = text_field(&rest, '\n');
	if (delivery.recipient[0] == '\0')
		delivery.recipient = NULL;
	give("EXTENSION", rest == NULL ? NULL : text_field(&rest, '\n'));
	give("ORIGINAL_RECIPIENT", rest);
	if (recipient_find(&delivery, &recipient, &outcome) == 0)
		check(&recipient);
	else
		must(outcome.status == EX_NOUSER ||
			outcome.status == EX_TEMPFAIL,
		    "the MTA gets a status that it knows");
	bytes_free(&text);
	return 0;
}
