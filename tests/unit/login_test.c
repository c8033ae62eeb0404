/* daemon/login: what the connection process believes of the login child. */
#include "config.h"

#include "box.h"
#include "daemon/login.h"
#include "pop3/language.h"
#include "support/fileio.h"
#include "tap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A child that sends length octets of data and ends with status. */
static struct login
false_child(const void *data, size_t length, int status)
{
	struct login login;
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == -1)
		bail_out("socketpair");
	login.pid = box_fork();
	if (login.pid == 0) {
		if (length > 0 && fileio_write(sockets[1], data, length) == -1)
			_exit(99);
		_exit(status);
	}
	close(sockets[1]);
	login.socket = sockets[0];
	return login;
}

static enum login_event
wait_for(const void *data, size_t length, struct session *session)
{
	struct login login = false_child(data, length, 0);
	enum login_event event = login_wait(&login, session, in_ms(10000));

	(void)login_end(&login);
	return event;
}

/* ---- exit statuses ------------------------------------------------------ */

static void
check_status(int status, enum session_event expected)
{
	struct session session;
	struct login login = false_child(NULL, 0, status);

	is_number(login_wait(&login, &session, in_ms(10000)), LOGIN_ENDED,
	    "a child that ends with %d is seen to end", status);
	is_number(login_end(&login), expected,
	    "its status %d stands for an end, never for a login", status);
}

static void
check_statuses(void)
{
	int status;

	for (status = 0; status < 12; status++) {
		bool is_end = status == SESSION_QUIT ||
		    status == SESSION_TIMEOUT || status == SESSION_ABUSE ||
		    status == SESSION_BROKEN;

		check_status(
		    status, is_end ? (enum session_event)status : SESSION_GONE);
	}
}

/* ---- what it sends ------------------------------------------------------ */

static void
check_credentials(void)
{
	struct session session;
	struct credentials sent;

	memset(&sent, 0, sizeof(sent));
	sent.kind = CREDENTIALS_PASSWORD;
	strcpy(sent.name, "joe");
	is_number(wait_for(&sent, sizeof(sent), &session), LOGIN_ATTEMPT,
	    "sound credentials are an attempt");
	is_text(session.credentials.name, "joe", "and arrive");
	is_number(wait_for(&sent, sizeof(sent) - 1, &session), LOGIN_BROKEN,
	    "credentials that are cut off are nonsense");
	memset(sent.name, 'x', sizeof(sent.name));
	is_number(wait_for(&sent, sizeof(sent), &session), LOGIN_BROKEN,
	    "a name without end is nonsense");
	memset(&sent, 0, sizeof(sent));
	sent.kind = CREDENTIALS_SCRAM_SHA_1;
	memset(sent.message, 'x', sizeof(sent.message));
	is_number(wait_for(&sent, sizeof(sent), &session), LOGIN_BROKEN,
	    "a SCRAM message without end is nonsense");
	memset(&sent, 0, sizeof(sent));
	is_number(wait_for(&sent, sizeof(sent), &session), LOGIN_BROKEN,
	    "an unknown kind is nonsense");
	sent.kind = CREDENTIALS_SCRAM_SHA_256;
	is_number(wait_for(&sent, sizeof(sent), &session), LOGIN_ATTEMPT,
	    "the last kind is known");
	sent.kind = (enum credentials_kind)(CREDENTIALS_SCRAM_SHA_256 + 1);
	is_number(wait_for(&sent, sizeof(sent), &session), LOGIN_BROKEN,
	    "and none behind it");
}

static void
check_take_over(void)
{
	struct {
		unsigned int is_given_up;
		size_t language;
		size_t length;
		char input[3];
	} leftover = { .length = WIRE_INPUT_SIZE + 1, .input = "abc" };
	struct session session;
	struct login login =
	    false_child(&leftover, sizeof(leftover), SESSION_QUIT);

	is_number(login_take_over(&login, &session, in_ms(10000)), LOGIN_BROKEN,
	    "more left-over input than there can be is refused");
	(void)login_end(&login);
	leftover.length = 100;
	login = false_child(&leftover, sizeof(leftover), SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)), LOGIN_BROKEN,
	    "left-over input that is cut off is refused");
	(void)login_end(&login);
	login = false_child(&leftover, 10, SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)), LOGIN_BROKEN,
	    "so is what comes before it");
	(void)login_end(&login);
	leftover.length = 3;
	login = false_child(&leftover, sizeof(leftover), SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)),
	    LOGIN_CONFIRMED, "left-over input is taken over");
	is_number(session.wire.end - session.wire.start, 3, "all of it");
	(void)login_end(&login);
	leftover.language = language_number(language_find("da"));
	login = false_child(&leftover, sizeof(leftover), SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)),
	    LOGIN_CONFIRMED, "so is the language");
	ok(session.wire.language == language_find("da"),
	    "which is the one that was chosen");
	(void)login_end(&login);
	leftover.language = 10000;
	login = false_child(&leftover, sizeof(leftover), SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)), LOGIN_BROKEN,
	    "a number that is no language is refused");
	(void)login_end(&login);
	leftover.language = 0;
	leftover.is_given_up = 0xffff;
	login = false_child(&leftover, sizeof(leftover), SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)),
	    LOGIN_GIVEN_UP, "a client may have changed its mind");
	(void)login_end(&login);
	login = false_child(NULL, 0, SESSION_QUIT);
	is_number(login_take_over(&login, &session, in_ms(10000)), LOGIN_ENDED,
	    "or be gone");
	(void)login_end(&login);
}

int
main(void)
{
	box_open();
	check_statuses();
	check_credentials();
	check_take_over();
	return done();
}
