/* web/session, token, limit and submit, at any time: how long a session lasts,
 * which form a token is for, when a login may be tried again, and who may
 * change whom. */
#include "config.h"

#include "accounts.h"
#include "box.h"
#include "tap.h"
#include "web/submit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define START ((int64_t)1800000000)

static struct site site;
static struct request request;

static void
make_domain(const char *domain)
{
	static const char digits[] = "0123456789abcdef0123456789abcdef"
				     "0123456789abcdef0123456789abcdef\n";
	struct bytes file = { 0 };
	char path[256];

	accounts_add(&file, "joe", "secret");
	accounts_add(&file, "postmaster", "secret");
	accounts_write(domain, &file);
	bytes_free(&file);
	snprintf(path, sizeof(path), "etc/%s/secret", domain);
	box_write_text(path, digits);
	chmod(path, 0600);
	snprintf(path, sizeof(path), "web/%s", domain);
	box_directory(path, 0700);
}

static void
prepare(void)
{
	static char virtual[512], state[512];
	struct account_rules rules;
	const struct admin_places places = { .virtual_directory = virtual,
		.state_directory = state };

	box_open();
	rules = accounts_open();
	box_directory("web", 0700);
	make_domain("kvt.dk");
	make_domain("other.dk");
	snprintf(virtual, sizeof(virtual), "%s", rules.virtual_directory);
	snprintf(state, sizeof(state), "%s/web", box_path());
	if (!admin_fill(&site.admin, &places))
		bail_out("admin_fill");
	site.admin.rules.least_uid = 0;
}

/* A visit at a moment, with the cookie of the one before; NULL: without. */
static struct visit
begin(int64_t now, const struct visit *before)
{
	static char cookie[REPLY_COOKIE_SIZE];
	struct visit visit = { .site = &site, .request = &request, .now = now };

	memset(&request, 0, sizeof(request));
	request.script = "";
	if (before != NULL && before->reply.cookie_count > 0) {
		snprintf(
		    cookie, sizeof(cookie), "%s", before->reply.cookies[0]);
		request_parse_cookies(&request.cookies, cookie);
		session_open(&visit);
	}
	return visit;
}

static struct visit
log_in(const char *user)
{
	struct visit visit = begin(START, NULL);
	struct session session;

	if (session_make(&visit, user, "kvt.dk", NULL, &session) == -1)
		bail_out("session_make");
	session_begin(&visit, &session);
	return visit;
}

static bool
is_open_at(int64_t now, const struct visit *before)
{
	struct visit visit = begin(now, before);

	return visit.session.is_open;
}

/* ---- sessions ------------------------------------------------------------ */

static void
lasts(void)
{
	struct visit visit = log_in("joe");
	int64_t now = START;

	is_text(visit.session.name, "joe@kvt.dk", "a session has a name");
	ok(!visit.session.is_postmaster, "joe is not postmaster");
	ok(is_open_at(START + SESSION_IDLE, &visit),
	    "it is open when it was idle for as long as may be");
	ok(!is_open_at(START + SESSION_IDLE + 1, &visit),
	    "and closed a second later");
	ok(!is_open_at(START - 1, &visit), "nothing begins in the future");
	while (now + SESSION_IDLE <= START + SESSION_LASTS) {
		now += SESSION_IDLE;
		visit = begin(now, &visit);
		if (!visit.session.is_open)
			break;
	}
	is_number(now - START, SESSION_LASTS, "with use it is open to its end");
	ok(!is_open_at(now + 1, &visit), "and closed a second later");
	visit = log_in("postmaster");
	ok(visit.session.is_postmaster, "postmaster is postmaster");
}

static void
ends(void)
{
	struct visit visit = log_in("joe"), other = log_in("joe");
	struct visit again = begin(START + 1, &visit);
	struct session session;

	ok(strcmp(visit.session.id, other.session.id) != 0,
	    "each session has an id of its own");
	is_number(session_end(&again), 0, "a session is ended");
	ok(!again.session.is_open && again.session.name[0] == '\0',
	    "nobody is logged in then");
	ok(!is_open_at(START + 1, &visit), "its cookie opens nothing");
	ok(is_open_at(START + 1, &other), "another session goes on");
	errno = 0;
	is_number(session_make(&visit, "nobody", "kvt.dk", NULL, &session), -1,
	    "nobody who is no user is logged in");
	is_number(errno, ENOENT, "errno tells it");
	ok(!session.is_open, "and has no session");
	is_number(session_make(&visit, "joe", "kvt.dk", "old", &session), 0,
	    "a session of a password that is not there any more is made");
	session_begin(&visit, &session);
	ok(!is_open_at(START + 1, &visit), "and opens nothing");
}

/* ---- tokens -------------------------------------------------------------- */

static bool
is_right(struct visit *visit, const char *path, const char *token)
{
	static char form[256];

	snprintf(request.path, sizeof(request.path), "%s", path);
	snprintf(form, sizeof(form), "token=%s", token);
	return request_parse(&request.fields, form) && token_is_right(visit);
}

static void
tokens(void)
{
	struct visit visit = log_in("joe"), other = log_in("joe");
	char token[TOKEN_SIZE], second[TOKEN_SIZE];

	token_make(&visit, "/a", token);
	is_text(token, "", "without a key there is no token");
	ok(!is_right(&visit, "/a", ""), "and none is right");
	token_begin(&visit);
	token_begin(&other);
	token_make(&visit, "/a", token);
	token_make(&other, "/a", second);
	is_number(strlen(token), TOKEN_SIZE - 1, "a token has its length");
	ok(is_right(&visit, "/a", token), "it is right for its form");
	ok(!is_right(&visit, "/b", token), "not for another");
	ok(!is_right(&visit, "/a", second), "nor is that of another session");
	visit = begin(START, NULL);
	token_begin(&visit);
	other = begin(START, NULL);
	token_begin(&other);
	token_make(&visit, "/a", token);
	ok(is_right(&visit, "/a", token),
	    "who is not logged in has tokens too");
	ok(!is_right(&other, "/a", token), "and they are those of one browser");
}

/* ---- attempts ------------------------------------------------------------ */

/* 0, or how long to wait. */
static int64_t
attempt(const char *user, const char *domain, int64_t now)
{
	struct visit visit = begin(now, NULL);
	struct attempt one = { 0 };

	snprintf(one.user, sizeof(one.user), "%s", user);
	snprintf(one.domain, sizeof(one.domain), "%s", domain);
	if (attempt_begin(&visit, &one) == 0)
		return 0;
	return errno == EAGAIN ? one.wait : -1;
}

static void
limits(void)
{
	char user[16];
	int i;

	for (i = 0; i < 10; i++)
		if (attempt("joe", "kvt.dk", START + i) != 0)
			break;
	is_number(i, 10, "ten attempts are made");
	is_number(attempt("joe", "kvt.dk", START + 10), 590,
	    "then one waits until the first is over");
	is_number(attempt("joe", "kvt.dk", START + 599), 1, "to the second");
	is_number(attempt("joe", "kvt.dk", START + 600), 0, "then it is made");
	is_number(attempt("joe", "kvt.dk", START + 600), 1, "and only one");
	for (i = 0; i < 20; i++) {
		snprintf(user, sizeof(user), "u%d", i);
		if (attempt(user, "kvt.dk", START + 600) != 0)
			break;
	}
	is_number(i, 20, "thirty are made in a domain");
	is_number(attempt("ann", "kvt.dk", START + 600), 1, "then all wait");
	is_number(attempt("ann", "other.dk", START + 600), 0,
	    "but not in another domain");
	is_number(attempt("joe", "kvt.dk", START - 200000), 0,
	    "a clock that was set back locks nobody out");
	is_number(attempt("joe", "unknown.dk", START), -1,
	    "where nothing can be remembered nothing is tried");
	is_number(errno, ENOENT, "errno tells it");
}

static void
successes(void)
{
	struct visit visit = begin(START, NULL);
	struct attempt one = { .user = "joe", .domain = "other.dk" };
	int i;

	for (i = 0; i < 40; i++)
		if (attempt_begin(&visit, &one) == -1 ||
		    attempt_succeed(&visit, &one) == -1)
			break;
	is_number(i, 40, "attempts that succeed do not count");
	is_number(attempt_succeed(&visit, &one), 0,
	    "one that is not noted is no trouble");
}

/* ---- changes ------------------------------------------------------------- */

static enum change_result
submit(const char *who, enum change_kind kind, const char *user,
    const char *domain, const char *name)
{
	struct visit visit = begin(START, NULL);
	struct change change = { .kind = kind, .name = name, .forward = "" };

	if (who != NULL)
		visit = log_in(who);
	if (kind == CHANGE_ADD)
		change.password = "$6$x";
	snprintf(change.user, sizeof(change.user), "%s", user);
	snprintf(change.domain, sizeof(change.domain), "%s", domain);
	return submit_change(&visit, &change, "/done");
}

/* Pages that ask for what they must not are stopped here. */
static void
changes(void)
{
	static const struct {
		const char *who;
		enum change_kind kind;
		const char *user, *domain, *name;
		enum change_result result;
		const char *what;
	} table[] = {
		{ "joe", CHANGE_SET, "joe", "kvt.dk", NULL, CHANGE_DONE,
		    "a user changes the own line" },
		{ "joe", CHANGE_SET, "joe", "kvt.dk", "x", CHANGE_FORBIDDEN,
		    "not the own name" },
		{ "joe", CHANGE_SET, "postmaster", "kvt.dk", NULL,
		    CHANGE_FORBIDDEN, "not another line" },
		{ "joe", CHANGE_SET, "joe", "other.dk", NULL, CHANGE_FORBIDDEN,
		    "not that of the same name in another domain" },
		{ "joe", CHANGE_REMOVE, "joe", "kvt.dk", NULL, CHANGE_FORBIDDEN,
		    "and does not remove it" },
		{ "joe", CHANGE_ADD, "ann", "kvt.dk", NULL, CHANGE_FORBIDDEN,
		    "a user adds nobody" },
		{ NULL, CHANGE_SET, "joe", "kvt.dk", NULL, CHANGE_FORBIDDEN,
		    "nobody changes anything" },
		{ NULL, CHANGE_SET, "", "", NULL, CHANGE_FORBIDDEN,
		    "not even nobody" },
		{ "postmaster", CHANGE_SET, "joe", "kvt.dk", "x", CHANGE_DONE,
		    "postmaster changes a user" },
		{ "postmaster", CHANGE_SET, "joe", "other.dk", "x",
		    CHANGE_FORBIDDEN, "not one of another domain" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		is_number(submit(table[i].who, table[i].kind, table[i].user,
			      table[i].domain, table[i].name),
		    table[i].result, "%s", table[i].what);
}

int
main(void)
{
	prepare();
	lasts();
	ends();
	tokens();
	limits();
	successes();
	changes();
	return done();
}
