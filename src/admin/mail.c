/*
 * A message from Postfix, for a user whose line may say that it goes elsewhere.
 * Runs as the domain owner.  The mailbox comes first: if it fails nothing was
 * sent yet, and Postfix tries again.
 */
#include "config.h"

#include "admin/private.h"
#include "delivery/delivery.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/program.h"
#include "support/signals.h"
#include "support/spool.h"
#include "support/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SENDMAIL_PATIENCE 60000 /* ms */
#define HEADER_SIZE	  65536

/* One message on its way. */
struct mail {
	struct delivery delivery;
	struct recipient recipient;
	struct account account;
	struct forward forward;
	struct spool spool;
	bool is_for_postmaster;
	char address[ACCOUNT_NAME_SIZE];
	char field[ACCOUNT_FORWARD_SIZE];
};

/* ---- whose it is -------------------------------------------------------- */

/* Also for OWNER+postmaster, without a domain, if the owner has only one. */
static int
find_recipient(
    const struct admin *admin, struct mail *mail, struct outcome *outcome)
{
	struct recipient *recipient = &mail->recipient;
	const char *extension = getenv("EXTENSION");

	if (recipient_find(&mail->delivery, recipient, outcome) == 0)
		return 0;
	if (outcome->status != EX_NOUSER || mail->delivery.recipient != NULL ||
	    extension == NULL || strcasecmp(extension, POSTMASTER) != 0)
		return -1;
	switch (owned_domains(admin, recipient->domain)) {
	case 0:
		return -1;
	case 1:
		text_copy(recipient->user, sizeof(recipient->user), POSTMASTER);
		return 0;
	case 2:
		return outcome_set(outcome, EX_NOUSER,
		    "5.1.1 postmaster of which domain?  There are several");
	default:
		return outcome_set(outcome, EX_TEMPFAIL, "4.3.0 %s: %s",
		    admin->virtual_directory, strerror(errno));
	}
}

static int
find_account(struct mail *mail, bool bounces, struct outcome *outcome)
{
	int result = delivery_find_account(&mail->delivery, &mail->recipient,
	    &mail->account, mail->field, outcome);

	if (result == 0 || bounces || outcome->status != EX_NOUSER)
		return result;
	text_copy(
	    mail->recipient.user, sizeof(mail->recipient.user), POSTMASTER);
	return delivery_find_account(&mail->delivery, &mail->recipient,
	    &mail->account, mail->field, outcome);
}

/* ---- elsewhere ---------------------------------------------------------- */

/* The number of octets in front of the header: those of the From_ line. */
static off_t
measure_from_line(const char *text, size_t length)
{
	const char *end = memchr(text, '\n', length);

	if (end == NULL || strncmp(text, "From ", strlen("From ")) != 0)
		return 0;
	return end - text + 1;
}

/* How often the header says that the message was delivered to address. */
static unsigned int
count_deliveries(const char *text, const char *address)
{
	static const char name[] = "Delivered-To: ";
	size_t length = strlen(address);
	unsigned int count = 0;

	while (text != NULL && *text != '\0' && *text != '\n') {
		if (strncasecmp(text, name, strlen(name)) == 0 &&
		    strncasecmp(text + strlen(name), address, length) == 0 &&
		    text[strlen(name) + length] == '\n')
			count++;
		text = strchr(text, '\n');
		if (text != NULL)
			text++;
	}
	return count;
}

/* The message as a file that begins with the header; -1 with outcome. */
static int
open_message(struct mail *mail, struct outcome *outcome)
{
	static char header[HEADER_SIZE];
	int fd = spool_file(&mail->spool);
	ssize_t length = -1;

	if (fd != -1)
		length = fileio_read_at(fd, header, sizeof(header) - 1, 0);
	if (length == -1 ||
	    lseek(fd, measure_from_line(header, (size_t)length), SEEK_SET) ==
		-1)
		return outcome_set(outcome, EX_TEMPFAIL,
		    "4.3.0 the message cannot be kept: %s", strerror(errno));
	header[length] = '\0';
	/* One is ours, of just now. */
	if (count_deliveries(header, mail->address) < 2)
		return fd;
	return outcome_set(outcome, EX_NOUSER,
	    "5.4.6 mail for %s comes back to it: a forward is a loop",
	    mail->address);
}

static int
send_on(const struct admin *admin, struct mail *mail, struct outcome *outcome)
{
	char output[PROGRAM_OUTPUT_SIZE], program[PROGRAM_PATH_SIZE];
	char sender[1024], flags[] = "-i", from[] = "-f", end[] = "--";
	char *argv[FORWARD_MOST + 6] = { program, flags, from, sender, end };
	int fd = open_message(mail, outcome);

	if (fd == -1)
		return -1;
	memcpy(
	    argv + 5, mail->forward.addresses, sizeof(mail->forward.addresses));
	if (text_copy(program, sizeof(program), admin->sendmail) &&
	    text_copy(sender, sizeof(sender),
		mail->delivery.sender == NULL ? "" : mail->delivery.sender) &&
	    program_feed(argv, fd, SENDMAIL_PATIENCE, output))
		return 0;
	return outcome_set(outcome, EX_TEMPFAIL,
	    "4.3.0 %s has not taken the mail that %s forwards", admin->sendmail,
	    mail->address);
}

/* ---- updates ------------------------------------------------------------ */

/* 1 if it was an update, 0 if it is mail, -1 with outcome.  What does not fit
 * in memory is none. */
static int
try_update(
    const struct admin *admin, const struct mail *mail, struct outcome *outcome)
{
	const struct spool *spool = &mail->spool;

	if (!mail->is_for_postmaster || spool->fd != -1)
		return 0;
	switch (update_receive(
	    admin, mail->recipient.domain, spool->memory, spool->length)) {
	case RECEIPT_MAIL:
		return 0;
	case RECEIPT_TAKEN:
		return 1;
	case RECEIPT_LATER:
		break;
	}
	return outcome_set(outcome, EX_TEMPFAIL,
	    "4.3.0 the update of %s cannot be made now", mail->address);
}

/* ---- all of it ---------------------------------------------------------- */

static int
deliver(const struct admin *admin, struct mail *mail, struct outcome *outcome)
{
	int update;

	text_format(mail->address, sizeof(mail->address), "%s@%s",
	    mail->recipient.user, mail->recipient.domain);
	forward_parse(&mail->forward, mail->field, mail->address);
	if (delivery_read(&mail->delivery, STDIN_FILENO, &mail->recipient,
		&mail->spool, outcome) == -1)
		return -1;
	update = try_update(admin, mail, outcome);
	if (update != 0)
		return update == 1 ? 0 : -1;
	if (mail->forward.keeps &&
	    delivery_append(
		&mail->delivery, &mail->account, &mail->spool, outcome) == -1)
		return -1;
	if (mail->forward.count > 0 && send_on(admin, mail, outcome) == -1)
		return -1;
	log_event(LOG_INFO, "delivered kept=%s forwarded=%u user=%s",
	    mail->forward.keeps ? "yes" : "no", mail->forward.count,
	    mail->address);
	return 0;
}

static int
run(const struct admin *admin, struct mail *mail, bool bounces,
    struct outcome *outcome)
{
	if (geteuid() == 0)
		return outcome_set(outcome, EX_TEMPFAIL,
		    "4.3.5 mail must be delivered as the domain owner, not as "
		    "root");
	if (find_recipient(admin, mail, outcome) == -1)
		return -1;
	mail->is_for_postmaster = strcmp(mail->recipient.user, POSTMASTER) == 0;
	if (find_account(mail, bounces, outcome) == -1)
		return -1;
	return deliver(admin, mail, outcome);
}

int
mail_run(const struct admin *admin, bool bounces)
{
	struct outcome outcome = { .status = EX_OK };
	struct mail mail;

	umask(077);
	signals_init();
	memset(&mail, 0, sizeof(mail));
	mail.delivery.rules = admin->rules;
	mail.delivery.rules.least_uid = 1;
	mail.delivery.lock_methods = admin->lock_methods;
	mail.delivery.sender =
	    admin->sender != NULL ? admin->sender : getenv("SENDER");
	mail.delivery.recipient = admin->recipient;
	spool_init(&mail.spool);
	if (run(admin, &mail, bounces, &outcome) == 0) {
		outcome.status = EX_OK;
	} else {
		log_event(LOG_NOTICE, "not delivered status=%d: %s",
		    outcome.status, outcome.text);
		printf("%s\n", outcome.text);
	}
	spool_free(&mail.spool);
	(void)fflush(stdout);
	return outcome.status;
}
