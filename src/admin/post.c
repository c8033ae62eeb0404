/*
 * Update mail on its way: from the pages, who may change nothing, to the mail
 * system, and from there to the owner of the domain, who may.
 */
#include "config.h"

#include "admin/private.h"
#include "admin/update.h"
#include "support/hash.h"
#include "support/log.h"
#include "support/program.h"
#include "support/secret.h"
#include "support/spool.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SENDMAIL_PATIENCE 30000 /* ms */
#define FRESH		  3600	/* s: mail may have to wait in a queue */

/* ---- sending ------------------------------------------------------------ */

static bool
write_message(struct spool *spool, const char *address, const char *text)
{
	char header[2 * ACCOUNT_NAME_SIZE + 300];

	return text_format(header, sizeof(header),
		   "From: %s\nTo: %s\nSubject: " UPDATE_SUBJECT "\n"
		   "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
		   "Content-Type: text/plain; charset=us-ascii\n"
		   "Content-Transfer-Encoding: 7bit\n\n",
		   address, address) &&
	    spool_write(spool, header, strlen(header)) == 0 &&
	    spool_write(spool, text, strlen(text)) == 0;
}

/* Failures go to the same address: there it is ordinary mail. */
static bool
send(const struct admin *admin, const char *address, const char *text)
{
	char output[PROGRAM_OUTPUT_SIZE], program[PROGRAM_PATH_SIZE];
	char to[ACCOUNT_NAME_SIZE], flags[] = "-i", from[] = "-f", end[] = "--";
	char *argv[] = { program, flags, from, to, end, to, NULL };
	struct spool spool;
	bool is_sent = false;
	int fd;

	spool_init(&spool);
	if (text_copy(program, sizeof(program), admin->sendmail) &&
	    text_copy(to, sizeof(to), address) &&
	    write_message(&spool, address, text)) {
		fd = spool_file(&spool);
		is_sent = fd != -1 &&
		    program_feed(argv, fd, SENDMAIL_PATIENCE, output);
	}
	spool_free(&spool);
	return is_sent;
}

static bool
make_serial(char serial[CHANGE_SERIAL_SIZE])
{
	unsigned char octets[(CHANGE_SERIAL_SIZE - 1) / 2];

	if (secret_random(octets, sizeof(octets)) == -1)
		return false;
	hash_hex(octets, sizeof(octets), serial);
	return true;
}

enum change_result
change_mail(const struct admin *admin, const struct change *change,
    char serial[CHANGE_SERIAL_SIZE])
{
	enum change_result result =
	    change_judge(change, domain_wants_apop(admin, change->domain));
	unsigned char secret[DOMAIN_SECRET_SIZE];
	char text[UPDATE_TEXT_SIZE], address[ACCOUNT_NAME_SIZE];
	bool is_sent = false;

	serial[0] = '\0';
	if (result != CHANGE_DONE)
		return result;
	if (change->kind != CHANGE_ADD && change->seen[0] == '\0')
		return CHANGE_UNSOUND;
	if (domain_secret(admin, change->domain, secret) == -1 ||
	    !make_serial(serial))
		return CHANGE_TROUBLE;
	errno = EIO;
	if (update_write(change, serial, time(NULL), secret, text) &&
	    text_format(
		address, sizeof(address), "postmaster@%s", change->domain))
		is_sent = send(admin, address, text);
	explicit_bzero(secret, sizeof(secret));
	explicit_bzero(text, sizeof(text));
	return is_sent ? CHANGE_WAITING : CHANGE_TROUBLE;
}

/* ---- receiving ---------------------------------------------------------- */

static enum receipt
refuse(const char *domain, const char *why)
{
	log_event(LOG_WARNING,
	    "update refused domain=%s: it %s; it is delivered as mail to "
	    "postmaster",
	    domain, why);
	return RECEIPT_MAIL;
}

static enum receipt
retry(const char *domain)
{
	log_event(LOG_ERR, "update not made yet domain=%s: %s", domain,
	    strerror(errno));
	return RECEIPT_LATER;
}

/* A secret that is not there will not be there later either. */
static enum receipt
give_up(const char *domain)
{
	if (errno == ENOENT || errno == EPERM || errno == EBADMSG)
		return refuse(domain,
		    "cannot be checked: the secret of the domain is not there, "
		    "or others can read it, or it is damaged");
	return retry(domain);
}

/* RECEIPT_TAKEN for an update of this domain, and of now. */
static enum receipt
judge(const struct admin *admin, const char *domain, struct update *update,
    const char *text, size_t length, int64_t now)
{
	unsigned char secret[DOMAIN_SECRET_SIZE];
	const char *why;
	bool is_read;

	if (domain_secret(admin, domain, secret) == -1)
		return give_up(domain);
	is_read = update_read(update, text, length, secret, &why);
	explicit_bzero(secret, sizeof(secret));
	if (!is_read)
		return refuse(domain, why);
	if (strcmp(update->change.domain, domain) != 0)
		return refuse(domain, "is for another domain");
	if (update->time < now - FRESH || update->time > now + FRESH)
		return refuse(
		    domain, "is too old, or of the future; see the clocks");
	return RECEIPT_TAKEN;
}

/* What was begun once may be done already. */
static enum change_result
make(const struct admin *admin, const struct update *update, bool is_again)
{
	return is_again ? change_make_again(admin, &update->change)
			: change_make(admin, &update->change);
}

static enum receipt
carry_out(const struct admin *admin, const char *domain,
    const struct update *update, int64_t now)
{
	enum change_result result = CHANGE_WAITING;
	int is_known = updates_begin(
	    admin, domain, update->serial, update->time, now, &result);

	if (is_known == -1 && errno == ENOENT)
		return refuse(domain,
		    "cannot be remembered, so it might be made twice: there is "
		    "no file updates; virtdomain web makes it");
	if (is_known == -1)
		return retry(domain);
	if (is_known == 1 && result != CHANGE_WAITING)
		return refuse(domain, "was made before");
	result = make(admin, update, is_known == 1);
	if (result == CHANGE_TROUBLE ||
	    updates_end(
		admin, domain, update->serial, update->time, now, result) == -1)
		return retry(domain);
	log_event(LOG_INFO, "update serial=%s user=%s@%s: %s", update->serial,
	    update->change.user, domain, change_text(result));
	return RECEIPT_TAKEN;
}

enum receipt
update_receive(const struct admin *admin, const char *domain,
    const char *message, size_t length)
{
	int64_t now = (int64_t)time(NULL);
	enum receipt receipt;
	struct update *update;
	size_t body;

	if (length > UPDATE_MESSAGE_MOST ||
	    !update_is_one(message, length, &body))
		return RECEIPT_MAIL;
	update = malloc(sizeof(*update));
	if (update == NULL)
		return retry(domain);
	receipt =
	    judge(admin, domain, update, message + body, length - body, now);
	if (receipt == RECEIPT_TAKEN)
		receipt = carry_out(admin, domain, update, now);
	explicit_bzero(update, sizeof(*update));
	free(update);
	return receipt;
}
