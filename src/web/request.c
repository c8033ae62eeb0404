/* Reading the request: environment and body. */
#include "config.h"

#include "web/request.h"
#include "support/fileio.h"
#include "support/text.h"
#include "web/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FORM "application/x-www-form-urlencoded"

static const char *
look(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

/* ---- the connection ------------------------------------------------------ */

/* A server in between that says so means that the client is elsewhere. */
static bool
is_local(void)
{
	static const char *const between[] = { "HTTP_X_FORWARDED_FOR",
		"HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO",
		"HTTP_VIA" };
	const char *address = look("REMOTE_ADDR");
	size_t i;

	for (i = 0; i < sizeof(between) / sizeof(between[0]); i++)
		if (getenv(between[i]) != NULL)
			return false;

	/* Some servers give IPv6 in brackets. */
	if (*address == '[')
		address++;
	return (strncmp(address, "127.", 4) == 0 ||
	    strcmp(address, "::1") == 0 || strcmp(address, "::1]") == 0 ||
	    strncmp(address, "::ffff:127.", 11) == 0);
}

static bool
is_encrypted(void)
{
	const char *https = look("HTTPS");

	return strcasecmp(https, "on") == 0 || strcmp(https, "1") == 0 ||
	    strcmp(look("REQUEST_SCHEME"), "https") == 0;
}

/* The octets of a host without its port; IPv6 is in brackets. */
static size_t
measure_name(const char *host)
{
	const char *end = strrchr(host, ':');

	return end == NULL || strchr(end, ']') != NULL ? strlen(host)
						       : (size_t)(end - host);
}

/* Some servers leave the port out of Host. */
static bool
is_our_host(const char *host)
{
	const char *ours = look("HTTP_HOST");
	size_t length = measure_name(ours);

	return strcasecmp(host, ours) == 0 ||
	    (ours[length] == '\0' && measure_name(host) == length &&
		strncasecmp(host, ours, length) == 0);
}

/* A browser tells the truth about these, whatever page has made it ask.  The
 * scheme is left out: a server in between may have changed it. */
static bool
is_foreign(void)
{
	const char *origin = look("HTTP_ORIGIN");
	const char *from = look("HTTP_SEC_FETCH_SITE");
	const char *host = strstr(origin, "://");

	if (*from != '\0' && strcmp(from, "same-origin") != 0 &&
	    strcmp(from, "none") != 0)
		return true;
	return *origin != '\0' && (host == NULL || !is_our_host(host + 3));
}

/* ---- the path ------------------------------------------------------------ */

/* It is part of headers and of every link: only what needs no escaping. */
static bool
is_script(const char *script)
{
	const char *p;

	for (p = script; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9') && strchr("/._~+-", *p) == NULL)
			return false;
	return *script == '\0' ||
	    (*script == '/' && p[-1] != '/' && strstr(script, "//") == NULL);
}

/* The server has decoded it. */
static int
read_path(struct request *request)
{
	const char *path = look("PATH_INFO");

	text_copy(request->path, sizeof(request->path), "/");
	if (!is_script(request->script)) {
		request->script = "";
		return 400;
	}
	if (strlen(path) >= sizeof(request->path))
		return 414;
	if (*path == '\0')
		return 0;
	if (*path != '/' || !utf8_is_sound(path, ""))
		return 400;
	text_copy(request->path, sizeof(request->path), path);
	return 0;
}

static int
read_method(struct request *request)
{
	const char *method = look("REQUEST_METHOD");

	request->is_head = strcmp(method, "HEAD") == 0;
	if (strcmp(method, "POST") == 0)
		request->method = METHOD_POST;
	else if (strcmp(method, "GET") != 0 && !request->is_head)
		return 405;
	return 0;
}

static int
read_query(struct request *request)
{
	if (!text_copy(request->query_text, sizeof(request->query_text),
		request->query_string))
		return 414;
	return request_parse(&request->query, request->query_text) ? 0 : 400;
}

/* ---- the body ------------------------------------------------------------ */

static bool
is_form(const char *type)
{
	size_t length = strlen(FORM);

	return strncasecmp(type, FORM, length) == 0 &&
	    (type[length] == '\0' || type[length] == ';' ||
		type[length] == ' ');
}

/* No octet is read behind what was announced. */
static int
read_body(struct request *request, int body)
{
	const char *text = look("CONTENT_LENGTH");
	uint64_t length;

	if (!is_form(look("CONTENT_TYPE")))
		return 415;
	if (*text == '\0')
		return 411;
	if (!text_to_number(text, UINT64_MAX, &length))
		return 400;
	if (length >= sizeof(request->body))
		return 413;
	if (fileio_read(body, request->body, (size_t)length) !=
		(ssize_t)length ||
	    strlen(request->body) != length ||
	    !request_parse(&request->fields, request->body))
		return 400;
	return 0;
}

/* ---- all of it ----------------------------------------------------------- */

/* Too many of them are none: whoever has them can remove them. */
static void
read_cookies(struct request *request)
{
	if (text_copy(request->cookie_text, sizeof(request->cookie_text),
		look("HTTP_COOKIE")))
		request_parse_cookies(&request->cookies, request->cookie_text);
}

int
request_read(struct request *request, int body)
{
	int status, path;

	memset(request, 0, sizeof(*request));
	request->script = look("SCRIPT_NAME");
	request->query_string = look("QUERY_STRING");
	request->address = look("REMOTE_ADDR");
	request->languages = look("HTTP_ACCEPT_LANGUAGE");
	request->host = look("HTTP_HOST");
	request->is_local = is_local();
	request->is_encrypted = is_encrypted();
	request->is_foreign = is_foreign();
	path = read_path(request);
	read_cookies(request);
	status = read_method(request);
	if (status == 0)
		status = path;
	if (status == 0)
		status = read_query(request);
	if (status == 0 && request->method == METHOD_POST)
		status = read_body(request, body);
	return status;
}

void
request_wipe(struct request *request)
{
	explicit_bzero(request, sizeof(*request));
}
