/*
 * SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding.
 * Runs in the login child: it takes the messages apart and puts the one
 * together that is signed; who knows the secret compares the proof.
 */
#include "config.h"

#include "pop3/private.h"
#include "support/base64.h"
#include "support/hash.h"
#include "support/text.h"

#include <string.h>

static const struct hash_kind *
hash_for(enum credentials_kind kind)
{
	return kind == CREDENTIALS_SCRAM_SHA_1 ? &hash_sha1 : &hash_sha256;
}

static bool
starts_with(const char *text, const char *start)
{
	return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

/* ---- the client's first message ----------------------------------------- */

/* Turns "=2C" and "=3D" of a saslname back in place; nothing else may follow an
 * equals sign. */
static bool
unescape(char *name)
{
	char *out = name;

	for (; *name != '\0'; name++) {
		if (*name != '=') {
			*out++ = *name;
			continue;
		}
		if (!starts_with(name, "=2C") && !starts_with(name, "=3D"))
			return false;
		*out++ = name[1] == '2' ? ',' : '=';
		name += 2;
	}
	*out = '\0';
	return true;
}

/* "y" is fine: the client could bind to the channel, and rightly thinks that we
 * cannot.  "p=" is not, since we cannot. */
static bool
is_without_binding(const char *flag)
{
	return strcmp(flag, "n") == 0 || strcmp(flag, "y") == 0;
}

/* The gs2-header: flag, comma, authorization name if any, comma.  Returns the
 * rest of the message, or NULL. */
static char *
take_header(struct exchange *exchange, char *text, const char **wanted)
{
	char *rest = text;
	const char *flag = text_field(&rest, ',');
	char *name = text_field(&rest, ',');

	if (flag == NULL || name == NULL || rest == NULL ||
	    !is_without_binding(flag) ||
	    !text_format(
		exchange->header, SASL_TEXT_SIZE, "%s,%s,", flag, name))
		return NULL;
	*wanted = name;
	if (*name == '\0')
		return rest;
	if (!starts_with(name, "a=") || name[2] == '\0' || !unescape(name + 2))
		return NULL;
	*wanted = name + 2;
	return rest;
}

/* Our part of the nonce is the stamp: whoever checks the proof knows it, and so
 * knows that the proof is new. */
static bool
make_nonce(struct exchange *exchange, const char *clients)
{
	const char *p;

	for (p = clients; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e)
			return false;
	return p > clients &&
	    text_format(exchange->nonce, SASL_TEXT_SIZE, "%s%s", clients,
		exchange->session->stamp);
}

/* Our first message; with the client's it is the beginning of what is
 * signed. */
static bool
make_challenge(struct exchange *exchange, const char *bare)
{
	struct session *session = exchange->session;
	char salt[BASE64_SIZE(CREDENTIALS_SALT_SIZE)];

	memcpy(session->credentials.salt, session->salt, sizeof(session->salt));
	base64_encode(session->salt, sizeof(session->salt), salt);
	return text_format(exchange->challenge, SASL_TEXT_SIZE,
		   "r=%s,s=%s,i=%d", exchange->nonce, salt,
		   CREDENTIALS_ITERATIONS) &&
	    text_format(session->credentials.message, CREDENTIALS_MESSAGE_SIZE,
		"%s,%s,", bare, exchange->challenge);
}

/* Optional extensions may follow, and mean nothing to us.  One that must be
 * understood stands in front, and is not. */
static enum sasl_step
take_first(struct exchange *exchange, char *text)
{
	char bare[SASL_TEXT_SIZE];
	const char *wanted, *nonce;
	char *rest = take_header(exchange, text, &wanted);
	char *name;
	enum sasl_step step;

	if (rest == NULL || !text_copy(bare, sizeof(bare), rest))
		return SASL_BAD;
	name = text_field(&rest, ',');
	nonce = text_field(&rest, ',');
	if (!starts_with(name, "n=") || !starts_with(nonce, "r=") ||
	    !unescape(name + 2) || !make_nonce(exchange, nonce + 2))
		return SASL_BAD;
	step = sasl_take_names(exchange->session, wanted, name + 2);
	if (step != SASL_COMPLETE)
		return step;
	return make_challenge(exchange, bare) ? SASL_CHALLENGE : SASL_BAD;
}

/* ---- the client's last message ------------------------------------------ */

static bool
take_proof(struct exchange *exchange, char *text)
{
	size_t wanted = hash_for(exchange->mechanism->kind)->length;
	size_t length;

	if (!base64_decode(text, &length) || length != wanted)
		return false;
	memcpy(exchange->session->credentials.proof, text, length);
	return true;
}

/* What the client binds to is the header of its first message. */
static bool
repeats_header(const struct exchange *exchange, char *text)
{
	size_t length;

	return base64_decode(text, &length) && strlen(text) == length &&
	    strcmp(text, exchange->header) == 0;
}

static enum sasl_step
take_last(struct exchange *exchange, char *text)
{
	char *message = exchange->session->credentials.message;
	size_t used = strlen(message);
	char *proof = strrchr(text, ',');
	char *rest = text;
	char *header;
	const char *nonce;

	if (proof == NULL || !starts_with(proof, ",p="))
		return SASL_BAD;
	*proof = '\0';
	if (!text_copy(message + used, CREDENTIALS_MESSAGE_SIZE - used, text))
		return SASL_BAD;
	header = text_field(&rest, ',');
	nonce = text_field(&rest, ',');
	if (!starts_with(header, "c=") || !repeats_header(exchange, header + 2))
		return SASL_BAD;
	if (!starts_with(nonce, "r=") ||
	    strcmp(nonce + 2, exchange->nonce) != 0)
		return SASL_BAD;
	return take_proof(exchange, proof + 3) ? SASL_COMPLETE : SASL_BAD;
}

enum sasl_step
scram_step(struct exchange *exchange, char *response, size_t length)
{
	if (strlen(response) != length)
		return SASL_BAD;
	return exchange->responses == 1 ? take_first(exchange, response)
					: take_last(exchange, response);
}

bool
scram_write_last(enum credentials_kind kind,
    const unsigned char signature[CREDENTIALS_PROOF_SIZE],
    char text[SASL_TEXT_SIZE])
{
	char encoded[BASE64_SIZE(CREDENTIALS_PROOF_SIZE)];

	if (kind != CREDENTIALS_SCRAM_SHA_1 &&
	    kind != CREDENTIALS_SCRAM_SHA_256)
		return false;
	base64_encode(signature, hash_for(kind)->length, encoded);
	return text_format(text, SASL_TEXT_SIZE, "v=%s", encoded);
}
