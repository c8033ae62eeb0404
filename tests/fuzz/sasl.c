/*
 * AUTH, with responses that are base64 as they should be.  Input: the
 * mechanism, whether its first response comes with it, then the responses, a
 * line each, before they are encoded.
 */
#include "config.h"

#include "../unit/box.h"
#include "fuzz.h"
#include "support/base64.h"
#include "script.h"

#include <stdlib.h>
#include <string.h>

static const char *const mechanisms[] = { "PLAIN", "LOGIN", "CRAM-MD5",
	"SCRAM-SHA-1", "SCRAM-SHA-256" };

void
prepare(void)
{
	script_prepare();
}

static void
add_encoded(struct bytes *text, const char *data, size_t length)
{
	char *encoded = malloc(BASE64_SIZE(length));

	must(encoded != NULL, "there is memory");
	base64_encode(data, length, encoded);
	bytes_add_text(text, encoded);
	bytes_add_text(text, "\r\n");
	free(encoded);
}

static void
add_responses(struct bytes *text, const struct bytes *responses)
{
	size_t at = 0;

	while (at < responses->length) {
		const char *line = responses->data + at;
		const char *end = memchr(line, '\n', responses->length - at);
		size_t length =
		    end == NULL ? responses->length - at : (size_t)(end - line);

		add_encoded(text, line, length);
		at += length + 1;
	}
}

static enum session_event
exchange(struct session *session)
{
	static const unsigned char signature[CREDENTIALS_PROOF_SIZE];
	enum session_event event = session_authorize(session);

	if (event != SESSION_ATTEMPT)
		return event;
	must(credentials_are_sound(&session->credentials),
	    "credentials are sound");
	must(session->credentials.name[0] != '\0', "and have a name");
	return session_confirm(session, session->credentials.kind, signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t i = input_octet(&input);
	bool has_initial = input_octet(&input) != 0;
	struct bytes responses = input_rest(&input);
	struct bytes text = { 0 }, answer;
	struct session *session;

	bytes_add_text(&text, "AUTH ");
	bytes_add_text(
	    &text, mechanisms[i % (sizeof(mechanisms) / sizeof(*mechanisms))]);
	bytes_add_text(&text, has_initial ? " " : "\r\n");
	add_responses(&text, &responses);
	session = script_begin(&text, 0);
	session->takes_passwords = session->offers_challenges = true;
	(void)exchange(session);
	answer = script_end(session);
	script_check_lines(&answer);
	bytes_free(&responses);
	bytes_free(&text);
	bytes_free(&answer);
	return 0;
}
