/*
 * What the client has sent, by way of the web server: RFC 3875, the Common
 * Gateway Interface 1.1.
 *
 * All of it is bounded, and none is in use before it was looked at: names and
 * values are whole UTF-8 without NUL and without control characters, but for
 * tabulator and line end in values; no name stands twice in a query or a form.
 */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_PATH_SIZE    2048
#define REQUEST_QUERY_SIZE   2049
#define REQUEST_BODY_SIZE    65537
#define REQUEST_COOKIES_SIZE 8193
#define REQUEST_PAIRS_MOST   64

enum method { METHOD_GET, METHOD_POST };

/* Decoded; each ends with NUL. */
struct pair {
	const char *name, *value;
};

struct pairs {
	struct pair pair[REQUEST_PAIRS_MOST];
	size_t count;
};

struct request {
	enum method method;
	bool is_head;		  /* a GET of which only the header is wanted */
	bool is_encrypted;	  /* HTTPS */
	bool is_local;		  /* the client is on this machine */
	bool is_foreign;	  /* the browser says that another site's page
				   has made it */
	const char *script;	  /* in front of all our paths; may be empty */
	const char *query_string; /* as it came; never NULL */
	const char *address;	  /* of the client; not looked at, never NULL */
	const char *languages; /* Accept-Language, not looked at; never NULL */
	const char *host;      /* Host, the same */
	char path[REQUEST_PATH_SIZE]; /* behind script; begins with "/" */
	struct pairs query, fields, cookies;

	char query_text[REQUEST_QUERY_SIZE]; /* where they stand */
	char body[REQUEST_BODY_SIZE];
	char cookie_text[REQUEST_COOKIES_SIZE];
};

/*
 * Fills request from the environment, and, for POST, from the descriptor body.
 * 0, or the status of HTTP that tells why it cannot be answered: 400, 405, 411,
 * 413, 414, 415.  Then script, path, address, languages and the flags can be
 * used all the same.  Holds secrets: end with request_wipe().
 */
int request_read(struct request *request, int body);
void request_wipe(struct request *request);

/* The value of a field of the form (POST), of the query, or of a cookie; ""
 * where it is not there.  Of cookies with the same name the first counts. */
const char *request_field(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);
const char *request_cookie(const struct request *request, const char *name);

/*
 * Takes text apart as application/x-www-form-urlencoded, in place: the pairs
 * point into it.  False if a "%" is not followed by two digits, if a name or
 * value is not as it is said above, for a name twice or for too many pairs.
 */
bool request_parse(struct pairs *pairs, char *text);

/* The same for a Cookie header, RFC 6265: what does not look like a cookie, and
 * what is too much, is passed over. */
void request_parse_cookies(struct pairs *pairs, char *text);

#endif
