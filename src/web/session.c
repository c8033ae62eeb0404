/* Who is logged in: the cookie, and the sessions that were ended. */
#include "config.h"

#include "support/hash.h"
#include "support/secret.h"
#include "support/text.h"
#include "web/notes.h"
#include "web/visit.h"

#include <errno.h>
#include <string.h>

#define COOKIE	    "virtdomain"
#define COOKIE_SIZE 640
#define MAC_SIZE    (2 * HASH_LENGTH + 1)
#define ENDED	    "ended"

/* So many log-outs are remembered; with one more all sessions end. */
#define MOST_ENDED 8192
#define EVERYBODY  "all"

/* ---- the key ------------------------------------------------------------- */

/* Copies the password as it is stored.  0, or -1 with errno. */
static int
read_stored(const struct admin *admin, const struct session *session,
    char stored[ACCOUNT_HASH_SIZE])
{
	struct account_edit *edit;
	int result;

	if (account_edit_look(&edit, &admin->rules, session->domain) == -1)
		return -1;
	result = account_edit_get(
	    edit, session->user, ACCOUNT_PASSWORD, stored, ACCOUNT_HASH_SIZE);
	account_edit_close(&edit);
	return result;
}

/* Of a password as it is stored. */
static int
make_key(const struct admin *admin, struct session *session, const char *stored)
{
	char text[ACCOUNT_NAME_SIZE + ACCOUNT_HASH_SIZE + sizeof("session ")];
	unsigned char secret[DOMAIN_SECRET_SIZE];
	int result = -1;

	if (domain_secret(admin, session->domain, secret) == 0 &&
	    text_format(
		text, sizeof(text), "session %s %s", session->name, stored)) {
		hash_hmac(&hash_sha256, secret, sizeof(secret), text,
		    strlen(text), session->key);
		explicit_bzero(text, sizeof(text));
		result = 0;
	}
	explicit_bzero(secret, sizeof(secret));
	return result;
}

/* Of the password that is stored now. */
static int
find_key(const struct admin *admin, struct session *session)
{
	char stored[ACCOUNT_HASH_SIZE] = "";
	int result = read_stored(admin, session, stored);

	if (result == 0)
		result = make_key(admin, session, stored);
	explicit_bzero(stored, sizeof(stored));
	return result;
}

/* ---- the cookie ---------------------------------------------------------- */

static void
make_mac(const struct session *session, int64_t used, char mac[MAC_SIZE])
{
	char text[COOKIE_SIZE];
	unsigned char digest[HASH_LENGTH];

	text_format(text, sizeof(text), "cookie %s %lld %lld %s", session->id,
	    (long long)session->began, (long long)used, session->name);
	hash_hmac(&hash_sha256, session->key, sizeof(session->key), text,
	    strlen(text), digest);
	hash_hex(digest, sizeof(digest), mac);
}

static void
set_cookie(struct visit *visit)
{
	const struct session *session = &visit->session;
	char value[COOKIE_SIZE], mac[MAC_SIZE];

	make_mac(session, visit->now, mac);
	text_format(value, sizeof(value), "%s=%lld=%lld=%s=%s", session->id,
	    (long long)session->began, (long long)visit->now, mac,
	    session->name);
	reply_cookie(&visit->reply, visit->request, COOKIE, value, 0);
}

static bool
take_name(struct session *session, const char *name)
{
	const char *at = strchr(name, '@');

	session->is_postmaster =
	    strncmp(name, "postmaster@", strlen("postmaster@")) == 0;
	return at != NULL &&
	    text_format(session->user, sizeof(session->user), "%.*s",
		(int)(at - name), name) &&
	    text_copy(session->domain, sizeof(session->domain), at + 1) &&
	    text_copy(session->name, sizeof(session->name), name) &&
	    account_is_user_name(session->user) &&
	    account_is_domain_name(session->domain);
}

static bool
take_moment(const char *text, int64_t now, int64_t most, int64_t *moment)
{
	uint64_t number;

	if (!text_to_number(text, (uint64_t)now, &number))
		return false;
	*moment = (int64_t)number;
	return now - *moment <= most;
}

/* Fills session from the cookie; nothing of it is proved yet. */
static bool
read_cookie(const struct visit *visit, struct session *session, int64_t *used,
    char mac[MAC_SIZE])
{
	char text[COOKIE_SIZE], *rest = text, *fields[4];
	size_t i;

	if (!text_copy(
		text, sizeof(text), request_cookie(visit->request, COOKIE)))
		return false;
	for (i = 0; i < 4; i++) {
		fields[i] = text_field(&rest, '=');
		if (fields[i] == NULL)
			return false;
	}
	return rest != NULL &&
	    text_copy(session->id, sizeof(session->id), fields[0]) &&
	    take_moment(
		fields[1], visit->now, SESSION_LASTS, &session->began) &&
	    take_moment(fields[2], visit->now, SESSION_IDLE, used) &&
	    text_copy(mac, MAC_SIZE, fields[3]) &&
	    strlen(mac) == MAC_SIZE - 1 && take_name(session, rest);
}

/* ---- sessions that were ended -------------------------------------------- */

static bool
is_ended(const struct visit *visit, const struct session *session)
{
	int64_t over = session->began + SESSION_LASTS, first;
	struct notes notes;
	bool is_found;

	if (notes_open(&notes, &visit->site->admin, session->domain, ENDED,
		visit->now) == -1)
		return true;
	is_found = notes_count(&notes, session->id, &first) > 0 ||
	    (notes_count(&notes, EVERYBODY, &first) > 0 && over <= first);
	notes_close(&notes);
	return is_found;
}

static int
note_end(const struct visit *visit, struct notes *notes)
{
	const struct session *session = &visit->session;
	int64_t first;

	if (notes_count(notes, NULL, &first) < MOST_ENDED)
		return notes_add(
		    notes, session->began + SESSION_LASTS, session->id);
	notes_clear(notes);
	return notes_add(notes, visit->now + SESSION_LASTS, EVERYBODY);
}

/* ---- for the pages ------------------------------------------------------- */

void
session_open(struct visit *visit)
{
	struct session session = { 0 };
	char given[MAC_SIZE], wanted[MAC_SIZE];
	int64_t used;

	if (read_cookie(visit, &session, &used, given) &&
	    find_key(&visit->site->admin, &session) == 0) {
		make_mac(&session, used, wanted);
		session.is_open = secret_equal(given, wanted, MAC_SIZE) &&
		    !is_ended(visit, &session);
	}
	if (session.is_open) {
		visit->session = session;
		set_cookie(visit);
	}
	explicit_bzero(&session, sizeof(session));
}

int
session_make(const struct visit *visit, const char *user, const char *domain,
    const char *stored, struct session *session)
{
	const struct admin *admin = &visit->site->admin;
	unsigned char octets[SESSION_ID_SIZE / 2];
	char name[ACCOUNT_NAME_SIZE];

	memset(session, 0, sizeof(*session));
	errno = EINVAL;
	if (!text_format(name, sizeof(name), "%s@%s", user, domain) ||
	    !take_name(session, name) ||
	    secret_random(octets, sizeof(octets)) == -1)
		return -1;
	hash_hex(octets, sizeof(octets), session->id);
	session->began = visit->now;
	if ((stored == NULL ? find_key(admin, session)
			    : make_key(admin, session, stored)) == -1)
		return -1;
	session->is_open = true;
	return 0;
}

void
session_begin(struct visit *visit, const struct session *session)
{
	visit->session = *session;
	set_cookie(visit);
}

void
session_rest(struct visit *visit)
{
	if (visit->session.is_open)
		reply_uncookie(&visit->reply, COOKIE);
}

int
session_end(struct visit *visit)
{
	struct notes notes;
	int result;

	if (notes_open(&notes, &visit->site->admin, visit->session.domain,
		ENDED, visit->now) == -1)
		return -1;
	result = note_end(visit, &notes);
	if (result == 0)
		result = notes_commit(&notes);
	notes_close(&notes);
	if (result == -1)
		return -1;
	reply_cookie(&visit->reply, visit->request, COOKIE, "", -1);
	explicit_bzero(&visit->session, sizeof(visit->session));
	return 0;
}
