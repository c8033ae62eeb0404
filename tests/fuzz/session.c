/*
 * A session, octets in, octets out: well-formed answers, the same when the
 * commands come in pieces, and the mailbox is changed by QUIT alone.  Input:
 * choices, a number for the pieces, then what the client says.
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/mail.h"
#include "fuzz.h"
#include "mailbox.h"
#include "script.h"

#include <string.h>

#define TAKES_PASSWORDS	  1 /* choices */
#define OFFERS_CHALLENGES 2
#define IS_LOGGED_IN	  4
#define ACCEPTS		  8

#define MAILBOX                                            \
	FROM_LINE "Subject: 1\n\none\n.\n..\n\n" FROM_LINE \
		  "Status: RO\n\ntwo\n\n" FROM_LINE "\nthree\n\n"

void
prepare(void)
{
	script_prepare();
}

static bool
is_accepted(const struct credentials *credentials, unsigned int choices)
{
	must(credentials_are_sound(credentials), "credentials are sound");
	return (choices & ACCEPTS) != 0 ||
	    (strcmp(credentials->name, "joe") == 0 &&
		strcmp(credentials->secret, "right") == 0);
}

static enum session_event
attempt(struct session *session, unsigned int choices)
{
	static const unsigned char signature[CREDENTIALS_PROOF_SIZE];

	if (is_accepted(&session->credentials, choices))
		return session_confirm(
		    session, session->credentials.kind, signature);
	return session_refuse(session, ANSWER_REFUSED);
}

static enum session_event
log_in(struct session *session, unsigned int choices)
{
	enum session_event event = SESSION_CONTINUE;

	session_greet(session);
	while (event == SESSION_CONTINUE) {
		event = session_authorize(session);
		if (event == SESSION_ATTEMPT)
			event = attempt(session, choices);
	}
	return event;
}

static enum session_event
converse(struct session *session, const struct mbox_place *place,
    unsigned int choices)
{
	enum session_event event = SESSION_ATTEMPT;

	if ((choices & IS_LOGGED_IN) == 0)
		event = log_in(session, choices);
	if (event != SESSION_ATTEMPT)
		return event;
	event = session_open(session, place, in_ms(5000));
	must(event == SESSION_CONTINUE, "the mailbox can be opened");
	return session_transact(session);
}

static struct bytes
run(unsigned int choices, const struct bytes *text, uint32_t state)
{
	struct session *session = script_begin(text, state);
	struct bytes mailbox = { 0 }, after, answer;
	enum session_event event;
	struct mbox_place place;
	size_t deleted;

	bytes_add_text(&mailbox, MAILBOX);
	place = mailbox_make(&mailbox);
	session->takes_passwords = (choices & TAKES_PASSWORDS) != 0;
	session->offers_challenges = (choices & OFFERS_CHALLENGES) != 0;
	event = converse(session, &place, choices);
	deleted = session->deleted;
	answer = script_end(session);
	after = mailbox_content();
	must((event == SESSION_QUIT && deleted > 0) ||
		bytes_equal(&after, &mailbox),
	    "only QUIT changes the mailbox");
	bytes_free(&mailbox);
	bytes_free(&after);
	return answer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	unsigned int choices = input_octet(&input);
	uint32_t state = input_octet(&input) + 1;
	struct bytes text = input_rest(&input);
	struct bytes whole = run(choices, &text, 0);
	struct bytes pieces = run(choices, &text, state);

	script_check_lines(&whole);
	must(bytes_equal(&whole, &pieces), "pieces make no difference");
	bytes_free(&text);
	bytes_free(&whole);
	bytes_free(&pieces);
	return 0;
}
