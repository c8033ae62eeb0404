/* The header of the answer. */
#include "config.h"

#include "web/reply.h"
#include "support/fileio.h"
#include "support/text.h"

#include <stdio.h>
#include <string.h>

#define HEADER_SIZE 16384

/* Nothing but one style sheet, and forms that come back to us.  With the
 * referrer of our own pages browsers send their origin with forms. */
static const char always[] =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "X-Robots-Tag: noindex\r\n";

static const char *
phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 303:
		return "See Other";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 411:
		return "Length Required";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 415:
		return "Unsupported Media Type";
	case 422:
		return "Unprocessable Content";
	case 429:
		return "Too Many Requests";
	case 503:
		return "Service Unavailable";
	}
	return "Internal Server Error";
}

/* ---- what is to be in it ------------------------------------------------- */

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("/?&=%._~+@-", c) != NULL);
}

void
reply_redirect(struct reply *reply, const char *path)
{
	size_t length = 0;

	reply->status = 303;
	for (; *path != '\0' && length + 4 < sizeof(reply->location); path++)
		if (is_plain(*path))
			reply->location[length++] = *path;
		else
			length += (size_t)snprintf(reply->location + length, 4,
			    "%%%02X", (unsigned int)(unsigned char)*path);
	reply->location[length] = '\0';
}

/* The place of a cookie with this name, or for it. */
static size_t
find_cookie(const struct reply *reply, const char *name)
{
	size_t i, length = strlen(name);

	for (i = 0; i < reply->cookie_count; i++)
		if (strncmp(reply->cookies[i], name, length) == 0 &&
		    reply->cookies[i][length] == '=')
			break;
	return i;
}

void
reply_cookie(struct reply *reply, const struct request *request,
    const char *name, const char *value, long seconds)
{
	char age[48] = "";
	size_t i = find_cookie(reply, name);

	if (seconds != 0)
		text_format(age, sizeof(age), "; Max-Age=%ld",
		    seconds > 0 ? seconds : 0);
	if (i < REPLY_COOKIES &&
	    text_format(reply->cookies[i], sizeof(reply->cookies[0]),
		"%s=%s; Path=%s%s; HttpOnly; SameSite=Strict%s", name, value,
		request->script[0] != '\0' ? request->script : "/", age,
		request->is_encrypted ? "; Secure" : "") &&
	    i == reply->cookie_count)
		reply->cookie_count++;
}

void
reply_uncookie(struct reply *reply, const char *name)
{
	size_t i = find_cookie(reply, name);

	if (i == reply->cookie_count)
		return;
	reply->cookie_count--;
	memmove(reply->cookies[i], reply->cookies[i + 1],
	    (reply->cookie_count - i) * sizeof(reply->cookies[0]));
}

/* ---- sending ------------------------------------------------------------- */

static void
write_optional(
    const struct reply *reply, const struct request *request, FILE *out)
{
	size_t i;

	if (reply->location[0] != '\0')
		fprintf(out, "Location: %s%s\r\n", request->script,
		    reply->location);
	if (reply->retry_after > 0)
		fprintf(out, "Retry-After: %u\r\n", reply->retry_after);
	if (reply->refresh > 0)
		fprintf(out, "Refresh: %u\r\n", reply->refresh);
	if (reply->status == 405)
		fputs("Allow: GET, HEAD, POST\r\n", out);
	for (i = 0; i < reply->cookie_count; i++)
		fprintf(out, "Set-Cookie: %s\r\n", reply->cookies[i]);
}

/* All but the page; false if there is no room. */
static bool
write_header(const struct reply *reply, const struct request *request,
    size_t length, char header[HEADER_SIZE])
{
	int status = reply->status == 0 ? 200 : reply->status;
	FILE *out = fmemopen(header, HEADER_SIZE, "w");
	bool is_whole;

	if (out == NULL)
		return false;
	fprintf(out, "Status: %d %s\r\n", status, phrase(status));
	write_optional(reply, request, out);
	if (reply->location[0] == '\0')
		fprintf(out,
		    "Content-Type: %s; charset=utf-8\r\n"
		    "Content-Length: %zu\r\n",
		    reply->type != NULL ? reply->type : "text/html", length);
	fprintf(out, "Cache-Control: %s\r\n%s\r\n",
	    reply->may_be_kept ? "public, max-age=3600" : "no-store", always);
	is_whole = ferror(out) == 0;
	return fclose(out) == 0 && is_whole && strlen(header) < HEADER_SIZE - 1;
}

int
reply_send(const struct reply *reply, const struct request *request,
    const struct html *html, int fd)
{
	char header[HEADER_SIZE];

	if (!write_header(reply, request, html->length, header) ||
	    fileio_write(fd, header, strlen(header)) == -1)
		return -1;
	if (request->is_head || reply->location[0] != '\0' || html->length == 0)
		return 0;
	return fileio_write(fd, html->text, html->length);
}
