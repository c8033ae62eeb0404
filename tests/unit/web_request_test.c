/* web/request: what a client sends is read whole, or not at all. */
#include "config.h"

#include "box.h"
#include "tap.h"
#include "web/request.h"
#include "web/utf8.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORM "application/x-www-form-urlencoded"

static struct request request;

/* ---- asking -------------------------------------------------------------- */

static void
begin(const char *method)
{
	static const char *const names[] = { "PATH_INFO", "QUERY_STRING",
		"SCRIPT_NAME", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_COOKIE",
		"HTTP_ORIGIN", "HTTP_HOST", "HTTP_SEC_FETCH_SITE", "HTTPS",
		"REQUEST_SCHEME", "REMOTE_ADDR", "HTTP_X_FORWARDED_FOR",
		"HTTP_FORWARDED", "HTTP_ACCEPT_LANGUAGE" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
	setenv("REQUEST_METHOD", method, 1);
}

/* The status for a body of so many octets of which length is said. */
static int
ask(const char *body, size_t size, const char *length)
{
	struct bytes content = { 0 };
	int status, fd;

	bytes_add(&content, body, size);
	box_write("body", &content);
	bytes_free(&content);
	if (length != NULL)
		setenv("CONTENT_LENGTH", length, 1);
	fd = open("body", O_RDONLY | O_CLOEXEC);
	status = request_read(&request, fd);
	close(fd);
	return status;
}

static int
ask_with(const char *name, const char *value)
{
	begin("GET");
	setenv(name, value, 1);
	return ask("", 0, NULL);
}

static int
post(const char *body, const char *length)
{
	begin("POST");
	setenv("CONTENT_TYPE", FORM, 1);
	return ask(body, strlen(body), length);
}

/* A text of so many times "x" behind start. */
static char *
fill(const char *start, size_t count)
{
	struct bytes text = { 0 };

	bytes_add_text(&text, start);
	bytes_fill(&text, 'x', count);
	return text.data;
}

static void
is_status(int found, int expected, const char *what)
{
	is_number(found, expected, "%s is answered by %d", what, expected);
}

/* ---- the first line ------------------------------------------------------ */

static void
methods(void)
{
	begin("GET");
	is_number(ask("", 0, NULL), 0, "GET is read");
	ok(request.method == METHOD_GET && !request.is_head, "as GET");
	begin("HEAD");
	is_number(ask("", 0, NULL), 0, "HEAD is read");
	ok(request.method == METHOD_GET && request.is_head, "as a GET");
	begin("PUT");
	is_status(ask("", 0, NULL), 405, "PUT");
	begin("get");
	is_status(ask("", 0, NULL), 405, "a method in lower case");
	begin("");
	is_status(ask("", 0, NULL), 405, "no method");
}

static void
paths(void)
{
	char *text = fill("/", REQUEST_PATH_SIZE - 1);

	is_status(ask_with("PATH_INFO", text), 414, "a path that is too long");
	text[REQUEST_PATH_SIZE - 1] = '\0';
	is_number(ask_with("PATH_INFO", text), 0, "the longest path");
	is_text(request.path, text, "is there");
	free(text);
	is_number(ask_with("PATH_INFO", ""), 0, "an empty path");
	is_text(request.path, "/", "is the root");
	is_number(ask_with("PATH_INFO", "/users/%2e%2e/x"), 0,
	    "what the server has decoded is not decoded again");
	is_text(request.path, "/users/%2e%2e/x", "it stays");
	is_status(ask_with("PATH_INFO", "users"), 400, "a path without slash");
	is_status(ask_with("PATH_INFO", "/a\nb"), 400, "a line end in a path");
	is_status(ask_with("PATH_INFO", "/\xff"), 400, "bad UTF-8 in a path");
}

static void
scripts(void)
{
	is_number(ask_with("SCRIPT_NAME", "/cgi-bin/virt.domain"), 0,
	    "a script name is taken");
	is_text(request.script, "/cgi-bin/virt.domain", "as it is");
	is_status(ask_with("SCRIPT_NAME", "/x\r\nY: z"), 400,
	    "a line end in the script name");
	is_text(request.script, "", "it is not used then");
	is_status(ask_with("SCRIPT_NAME", "//evil.example"), 400,
	    "a script name that is a host");
	is_status(ask_with("SCRIPT_NAME", "/x/"), 400,
	    "a script name with a slash at its end");
	is_status(
	    ask_with("SCRIPT_NAME", "x"), 400, "a script name without slash");
}

/* ---- names and values ---------------------------------------------------- */

static void
queries(void)
{
	char *text = fill("q=", REQUEST_QUERY_SIZE - 2);

	is_status(
	    ask_with("QUERY_STRING", text), 414, "a query that is too long");
	text[REQUEST_QUERY_SIZE - 1] = '\0';
	is_number(ask_with("QUERY_STRING", text), 0, "the longest query");
	free(text);
	is_number(ask_with("QUERY_STRING", "q=a+b%26%C3%A6&&r&s="), 0,
	    "a query is read");
	is_text(request_query(&request, "q"), "a b&\xc3\xa6", "and decoded");
	is_text(request_query(&request, "r"), "", "a name without value is");
	is_text(request_query(&request, "t"), "", "as one that is not there");
	is_number(request.query.count, 3, "empty pairs do not count");
	is_text(request_field(&request, "q"), "", "it is no field of a form");
}

static void
bad_pairs(void)
{
	static const struct {
		const char *query, *what;
	} table[] = {
		{ "a=1&b=2&a=3", "a name twice" },
		{ "a=%", "a percent sign alone" },
		{ "a=%4", "a percent sign with one digit" },
		{ "a=%4x", "a digit that is none" },
		{ "%=1", "the same in a name" },
		{ "a=%00", "a NUL" },
		{ "a%00b=1", "a NUL in a name" },
		{ "a=%1b", "a control character" },
		{ "a=%7F", "a delete character" },
		{ "a=%C2%85", "a control character of two octets" },
		{ "a%0A=1", "a line end in a name" },
		{ "a=%C0%80", "UTF-8 that is too long" },
		{ "a=%E0%80%AF", "the same of three octets" },
		{ "a=%ED%A0%80", "a surrogate" },
		{ "a=%F4%90%80%80", "a character behind the last one" },
		{ "a=%C3", "a character that is cut off" },
		{ "a=\xff", "an octet that is no character" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		is_status(ask_with("QUERY_STRING", table[i].query), 400,
		    table[i].what);
}

static void
many(void)
{
	char text[1024] = "";
	size_t i, length = 0;

	for (i = 0; i < REQUEST_PAIRS_MOST; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
		    "%sa%zu=%zu", i == 0 ? "" : "&", i, i);
	is_number(ask_with("QUERY_STRING", text), 0, "as many as may be");
	is_text(request_query(&request, "a63"), "63", "the last is there");
	snprintf(text + length, sizeof(text) - length, "&b");
	is_status(ask_with("QUERY_STRING", text), 400, "one more");
}

/* ---- forms --------------------------------------------------------------- */

static void
forms(void)
{
	is_number(post("a=b%0D%0Ac", "10"), 0, "a form is read");
	is_text(request_field(&request, "a"), "b\r\nc", "with its line ends");
	is_number(post("a=b&c=d", "3"), 0, "a body longer than it was said");
	is_text(request_field(&request, "a"), "b", "what was said is read");
	is_text(request_field(&request, "c"), "", "and nothing behind it");
	is_status(post("a=b", "4"), 400, "a body that is cut off");
	is_status(post("a=b", "-3"), 400, "a length that is no number");
	is_status(post("a=b", "99999999999999999999999"), 400,
	    "a length that no number is");
	is_status(post("a=b", "18446744073709551615"), 413, "a huge length");
	is_status(post("a=b", NULL), 411, "no length");
	is_status(post("a=b", ""), 411, "an empty length");
	is_status(post("a=b&a=c", "7"), 400, "a field twice");
	begin("POST");
	setenv("CONTENT_TYPE", FORM, 1);
	is_status(ask("a=b\0c", 5, "5"), 400, "a NUL in the body");
}

static void
types(void)
{
	begin("POST");
	setenv("CONTENT_TYPE", "multipart/form-data; boundary=x", 1);
	is_status(ask("a=b", 3, "3"), 415, "another type");
	begin("POST");
	is_status(ask("a=b", 3, "3"), 415, "no type");
	begin("POST");
	setenv("CONTENT_TYPE", FORM "x", 1);
	is_status(ask("a=b", 3, "3"), 415, "a longer type");
	begin("POST");
	setenv("CONTENT_TYPE", FORM "; charset=UTF-8", 1);
	is_number(ask("a=b", 3, "3"), 0, "parameters of the type are fine");
}

static void
sizes(void)
{
	char *text = fill("a=", REQUEST_BODY_SIZE);

	text[REQUEST_BODY_SIZE - 1] = '\0';
	is_number(post(text, "65536"), 0, "the longest body");
	is_number(strlen(request_field(&request, "a")), REQUEST_BODY_SIZE - 3,
	    "is there");
	is_status(post(text, "65537"), 413, "one octet more");
	free(text);
}

/* ---- cookies ------------------------------------------------------------- */

static void
cookies(void)
{
	char *text;

	is_number(ask_with("HTTP_COOKIE", "x; a=1;b=2=3; a=4; c=\xff; d=%41"),
	    0, "cookies are read");
	is_text(request_cookie(&request, "a"), "1", "the first counts");
	is_text(request_cookie(&request, "b"), "2=3", "signs stay");
	is_text(request_cookie(&request, "c"), "", "octets are passed over");
	is_text(request_cookie(&request, "d"), "%41", "nothing is decoded");
	text = fill("a=", REQUEST_COOKIES_SIZE);
	is_number(ask_with("HTTP_COOKIE", text), 0, "too many cookies");
	is_text(request_cookie(&request, "a"), "", "are none");
	free(text);
}

/* ---- where it comes from ------------------------------------------------- */

static bool
is_foreign(const char *host, const char *origin, const char *from)
{
	begin("GET");
	setenv("HTTP_HOST", host, 1);
	if (origin != NULL)
		setenv("HTTP_ORIGIN", origin, 1);
	if (from != NULL)
		setenv("HTTP_SEC_FETCH_SITE", from, 1);
	ask("", 0, NULL);
	return request.is_foreign;
}

static void
origins(void)
{
	ok(!is_foreign("a.dk", NULL, NULL),
	    "a client that says nothing is not foreign");
	ok(!is_foreign("a.dk", "https://a.dk", "same-origin"),
	    "our page is not foreign");
	ok(!is_foreign("a.dk:81", "https://A.dk:81", NULL),
	    "nor is one with its port");
	ok(!is_foreign("a.dk", "https://a.dk:81", NULL),
	    "a server may leave the port out");
	ok(!is_foreign("[::1]", "http://[::1]:81", NULL),
	    "behind an address of IPv6 too");
	ok(!is_foreign("a.dk", NULL, "none"),
	    "what a person has typed is not foreign");
	ok(is_foreign("a.dk:81", "https://a.dk:82", NULL),
	    "another port is foreign");
	ok(is_foreign("a.dk:81", "https://a.dk", NULL),
	    "no port is another one");
	ok(is_foreign("a.dk", "https://b.dk", NULL), "another host is foreign");
	ok(is_foreign("a.dk", "https://a.dk.evil", NULL),
	    "so is one that begins as ours");
	ok(is_foreign("a.dk", "https://a.d", NULL),
	    "and one that ours begins with");
	ok(is_foreign("a.dk", "null", NULL), "a hidden origin is foreign");
	ok(is_foreign("", "https://b.dk", NULL),
	    "any origin is where we do not know our host");
	ok(is_foreign("a.dk", NULL, "cross-site"), "another site is foreign");
	ok(is_foreign("a.dk", "https://a.dk", "same-site"),
	    "a site beside is foreign, whatever it says");
}

static void
connections(void)
{
	ask_with("REMOTE_ADDR", "127.0.0.1");
	ok(request.is_local, "127.0.0.1 is this machine");
	ask_with("REMOTE_ADDR", "[::ffff:127.0.0.1]");
	ok(request.is_local, "in brackets too");
	ask_with("REMOTE_ADDR", "::1");
	ok(request.is_local, "::1 is this machine");
	setenv("HTTP_X_FORWARDED_FOR", "192.0.2.1", 1);
	ask("", 0, NULL);
	ok(!request.is_local, "but not if a proxy says for whom it asks");
	ask_with("REMOTE_ADDR", "::11");
	ok(!request.is_local, "::11 is another one");
	ask_with("REMOTE_ADDR", "128.127.0.1");
	ok(!request.is_local, "128.127.0.1 is another one");
	ask_with("HTTPS", "on");
	ok(request.is_encrypted, "HTTPS=on is HTTPS");
	ask_with("HTTPS", "off");
	ok(!request.is_encrypted, "HTTPS=off is not");
	ask_with("HTTP_X_FORWARDED_PROTO", "https");
	ok(!request.is_encrypted, "what a client can say does not count");
	unsetenv("HTTP_X_FORWARDED_PROTO");
}

int
main(void)
{
	box_open();
	methods();
	paths();
	scripts();
	queries();
	bad_pairs();
	many();
	forms();
	types();
	sizes();
	cookies();
	origins();
	connections();
	request_wipe(&request);
	ok(request.path[0] == '\0' && request.body[0] == '\0',
	    "in the end it is wiped");
	return done();
}
