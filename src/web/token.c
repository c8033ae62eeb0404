/*
 * Tokens against forms that other sites send in the name of a user.  They are
 * made of a key that no other site can know and the path that the form is for.
 * Before a login the key is in a cookie that no other site can read.
 */
#include "config.h"

#include "support/hash.h"
#include "support/secret.h"
#include "support/text.h"
#include "web/visit.h"

#include <string.h>

#define COOKIE	     "virtdomain-form"
#define COOKIE_SIZE  33
#define COOKIE_LASTS 3600 /* s */

static bool
is_cookie(const char *text)
{
	return strlen(text) == COOKIE_SIZE - 1 &&
	    strspn(text, "0123456789abcdef") == COOKIE_SIZE - 1;
}

static void
take_cookie(struct visit *visit)
{
	unsigned char octets[COOKIE_SIZE / 2];
	char cookie[COOKIE_SIZE];

	if (is_cookie(request_cookie(visit->request, COOKIE))) {
		text_copy(cookie, sizeof(cookie),
		    request_cookie(visit->request, COOKIE));
	} else {
		if (secret_random(octets, sizeof(octets)) == -1)
			return;
		hash_hex(octets, sizeof(octets), cookie);
	}
	hash_once(&hash_sha256, cookie, strlen(cookie), visit->form_key);
	visit->has_form_key = true;
	reply_cookie(
	    &visit->reply, visit->request, COOKIE, cookie, COOKIE_LASTS);
}

void
token_begin(struct visit *visit)
{
	if (!visit->session.is_open) {
		take_cookie(visit);
		return;
	}
	hash_hmac(&hash_sha256, visit->session.key, sizeof(visit->session.key),
	    visit->session.id, strlen(visit->session.id), visit->form_key);
	visit->has_form_key = true;
}

const char *
token_make(const struct visit *visit, const char *path, char out[TOKEN_SIZE])
{
	unsigned char digest[HASH_LENGTH];
	char text[REQUEST_PATH_SIZE + 8];

	out[0] = '\0';
	if (!visit->has_form_key ||
	    !text_format(text, sizeof(text), "form %s", path))
		return out;
	hash_hmac(&hash_sha256, visit->form_key, sizeof(visit->form_key), text,
	    strlen(text), digest);
	hash_hex(digest, sizeof(digest), out);
	return out;
}

bool
token_is_right(const struct visit *visit)
{
	const char *given = request_field(visit->request, "token");
	char wanted[TOKEN_SIZE];

	token_make(visit, visit->request->path, wanted);
	return strlen(given) == TOKEN_SIZE - 1 &&
	    strlen(wanted) == TOKEN_SIZE - 1 &&
	    secret_equal(given, wanted, TOKEN_SIZE - 1);
}
