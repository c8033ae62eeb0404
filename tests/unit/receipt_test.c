/* daemon/receipt: what the process for notices takes from a session that
 * somebody has taken over. */
#include "config.h"

#include "box.h"
#include "daemon/disposition.h"
#include "daemon/receipt.h"
#include "support/clock.h"
#include "support/log.h"
#include "support/signals.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct options options;
static struct house house = { .options = &options };
static struct account account = { .name = "joe@kvt.dk" };

static const struct notice good = { .to = "ann@example.com",
	.recipient = "joe@kvt.dk" };

static int
start(void)
{
	int socket = receipt_start(&house, &account, "192.0.2.7");

	if (socket == -1)
		bail_out("it does not start");
	return socket;
}

static void
give(int socket, const void *data, size_t length)
{
	(void)send(socket, data, length, MSG_NOSIGNAL);
}

/* Waits for its end, and how many times text is in its log. */
static int
count_in_log(int socket, const char *text)
{
	struct bytes log = { 0 };
	const char *p;
	int count = 0;

	close(socket);
	(void)waitpid(-1, NULL, 0);
	box_read("log", &log);
	bytes_add(&log, "", 1);
	for (p = log.data; (p = strstr(p, text)) != NULL; p++)
		count++;
	bytes_free(&log);
	if (truncate("log", 0) == -1)
		bail_out("truncate");
	return count;
}

static void
sound(void)
{
	int socket = start();

	give(socket, &good, sizeof(good));
	is_number(count_in_log(socket,
		      "notice sent to=ann@example.com user=joe@kvt.dk "
		      "addr=192.0.2.7\n"),
	    1, "a sound notice is sent");
	socket = start();
	is_number(
	    count_in_log(socket, "\n"), 0, "without one there is silence");
}

static void
is_nonsense(const void *data, size_t length, const char *name)
{
	int socket = start();

	give(socket, data, length);
	give(socket, &good, sizeof(good));
	is_number(count_in_log(socket, "nonsense"), 1, "%s is nonsense", name);
}

static void
nonsense(void)
{
	struct notice forged = good;
	char longer[sizeof(good) + 1] = "";
	int socket;

	is_nonsense(&good, 1, "one octet");
	is_nonsense(&good, sizeof(good) - 1, "a part");
	memcpy(longer, &good, sizeof(good));
	is_nonsense(longer, sizeof(longer), "more than a notice");
	strcpy(forged.to, "-be@example.com");
	is_nonsense(&forged, sizeof(forged), "an option for an address");
	forged = good;
	strcpy(forged.subject, "a\nBcc: b@example.com");
	is_nonsense(&forged, sizeof(forged), "a line end");
	forged = good;
	memset(forged.date, 'a', sizeof(forged.date));
	is_nonsense(&forged, sizeof(forged), "a text without end");
	socket = start();
	give(socket, longer, sizeof(longer));
	give(socket, &good, sizeof(good));
	is_number(count_in_log(socket, "notice sent"), 0,
	    "what comes after it is not sent");
}

static void
many(void)
{
	int socket = start();
	int i;

	for (i = 0; i < NOTICE_MOST + 3; i++)
		give(socket, &good, sizeof(good));
	is_number(count_in_log(socket, ": too many in a session\""), 3,
	    "more than %d are not sent", NOTICE_MOST);
}

/* The longest of all fits. */
static void
longest(void)
{
	static char text[DISPOSITION_SIZE];
	struct notice notice;
	size_t length;

	memset(&notice, 'a', sizeof(notice));
	snprintf(notice.to, sizeof(notice.to), "%064d@%063d.%063d.%060d", 0, 0,
	    0, 0);
	strcpy(notice.recipient, notice.to);
	strcpy(notice.original, notice.to);
	notice.message_id[0] = '<';
	strcpy(notice.message_id + NOTICE_TEXT_SIZE - 2, ">");
	notice.date[NOTICE_TEXT_SIZE - 1] = '\0';
	notice.subject[NOTICE_TEXT_SIZE - 1] = '\0';
	ok(notice_is_sound(&notice), "the longest notice is sound");
	ok(disposition_write(&notice, text), "it is written");
	length = strlen(text);
	ok(length < DISPOSITION_SIZE - 1, "it fits: %zu octets", length);
	ok(strcmp(text + length - 3, "--\n") == 0, "and has its end");
}

static void
unwanted(void)
{
	options.sendmail = NULL;
	is_number(receipt_start(&house, &account, "-"), -1,
	    "nothing starts if no notices are wanted");
}

int
main(void)
{
	box_open();
	box_write_text("log", "");
	box_log_to("log");
	signals_init();
	options.sendmail = "/bin/true";
	options.logs_to_stderr = true;
	account.uid = is_root() ? STRANGER : getuid();
	account.gid = is_root() ? STRANGER : getgid();
	sound();
	nonsense();
	many();
	longest();
	unwanted();
	return done();
}
