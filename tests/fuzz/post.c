/* An update by mail: what is read from a message whose signature is right can
 * be written, and is read again as the same.  Input: whether we sign it, then
 * the lines of an update, or a whole message. */
#include "config.h"

#include "admin/update.h"
#include "fuzz.h"
#include "support/hash.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char secret[DOMAIN_SECRET_SIZE] = "secret";

static bool
are_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check(const struct update *update)
{
	struct update *again = malloc(sizeof(*again));
	const struct change *change = &update->change;
	char text[UPDATE_TEXT_SIZE];
	const char *why;

	must(again != NULL, "there is memory");
	must(strlen(update->serial) == CHANGE_SERIAL_SIZE - 1 &&
		update->time >= 0,
	    "serial and time are whole");
	must(change->kind == CHANGE_ADD || change->seen[0] != '\0',
	    "what is changed was seen");
	must(update_write(change, update->serial, update->time, secret, text),
	    "it can be written");
	must(update_read(again, text, strlen(text), secret, &why),
	    "and read again");
	must(strcmp(again->serial, update->serial) == 0 &&
		again->time == update->time &&
		again->change.kind == change->kind &&
		strcmp(again->change.user, change->user) == 0 &&
		strcmp(again->change.domain, change->domain) == 0 &&
		strcmp(again->change.seen, change->seen) == 0,
	    "as the same");
	must(are_same(again->change.password, change->password) &&
		are_same(again->change.name, change->name) &&
		are_same(again->change.forward, change->forward),
	    "with the same texts");
	free(again);
}

static void
read_body(const char *text, size_t length)
{
	struct update *update = malloc(sizeof(*update));
	const char *why = NULL;

	must(update != NULL, "there is memory");
	if (update_read(update, text, length, secret, &why)) {
		must(why == NULL, "what is read has no fault");
		check(update);
	} else {
		must(why != NULL, "faults have a name");
	}
	free(update);
}

static void
sign(struct bytes *text)
{
	unsigned char made[HASH_LENGTH];
	char hex[2 * HASH_LENGTH + 1];

	hash_hmac(&hash_sha256, secret, sizeof(secret), text->data,
	    text->length, made);
	hash_hex(made, sizeof(made), hex);
	bytes_add_text(text, "signature=");
	bytes_add_text(text, hex);
	bytes_add_text(text, "\n");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	bool is_signed = input_octet(&input) % 2 == 1;
	struct bytes text = input_rest(&input);
	size_t body = 0;

	if (is_signed) {
		sign(&text);
		read_body(text.data, text.length);
	} else if (text.length > 0) {
		read_body(text.data, text.length);
		if (update_is_one(text.data, text.length, &body)) {
			must(body < text.length &&
				memcmp(text.data + body, "trans=", 6) == 0,
			    "the body is in the message");
			read_body(text.data + body, text.length - body);
		}
	}
	bytes_free(&text);
	return 0;
}
