/* What a notice says.  Runs as the mailbox owner, in the process that sends
 * notices. */
#include "config.h"

#include "daemon/disposition.h"
#include "support/secret.h"
#include "support/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A text that grows. */
struct page {
	char *text;
	size_t used;
};

static void add(struct page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct page *page, const char *format, ...)
{
	size_t room = DISPOSITION_SIZE - page->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(page->text + page->used, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		page->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* A line, unless the value is empty. */
static void
add_known(struct page *page, const char *name, const char *value)
{
	if (value[0] != '\0')
		add(page, "%s%s\n", name, value);
}

static void
add_header(struct page *page, const struct notice *notice, uint64_t number)
{
	char date[64];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	add(page, "From: <%s>\n", notice->recipient);
	add(page, "To: <%s>\n", notice->to);
	add(page, "Subject: Disposition notification\n");
	add(page, "Date: %s\n", date);
	add(page, "Message-ID: <%" PRIx64 ".mdn%s>\n", number,
	    strchr(notice->recipient, '@'));
	add_known(page, "In-Reply-To: ", notice->message_id);
	add_known(page, "References: ", notice->message_id);
	add(page, "Auto-Submitted: auto-replied\n");
	add(page, "MIME-Version: 1.0\n");
	add(page,
	    "Content-Type: multipart/report;\n"
	    "\treport-type=disposition-notification;\n"
	    "\tboundary=\"%016" PRIx64 "\"\n\n",
	    number);
}

/* For people. */
static void
add_explanation(struct page *page, const struct notice *notice)
{
	add(page,
	    "Content-Type: text/plain; charset=us-ascii\n\n"
	    "The mail server of\n\n    %s\n\n"
	    "has handed over your message to the recipient's mail program.\n"
	    "That does not mean that it has been read or understood.\n",
	    notice->recipient);
	if (notice->subject[0] != '\0' || notice->date[0] != '\0')
		add(page, "\n");
	add_known(page, "    Subject: ", notice->subject);
	add_known(page, "    Date: ", notice->date);
	add(page, "\n");
}

/*
 * For programs.  "dispatched": the message has been sent somewhere, without
 * necessarily having been displayed, which is all that a POP3 server knows
 * (section 3.2.6.2).  No host is named as Reporting-UA but the recipient's
 * domain, which the sender knows already.
 */
static void
add_report(struct page *page, const struct notice *notice)
{
	add(page, "Content-Type: message/disposition-notification\n\n");
	add(page, "Reporting-UA: %s; gnu-pop3d %s\n",
	    strchr(notice->recipient, '@') + 1, PACKAGE_VERSION);
	add_known(page, "Original-Recipient: rfc822;", notice->original);
	add(page, "Final-Recipient: rfc822;%s\n", notice->recipient);
	add_known(page, "Original-Message-ID: ", notice->message_id);
	add(page,
	    "Disposition: automatic-action/MDN-sent-automatically; "
	    "dispatched\n\n");
}

/* What identifies the message, and no more of it: who asked may not be who has
 * sent it. */
static void
add_original(struct page *page, const struct notice *notice)
{
	add(page, "Content-Type: text/rfc822-headers\n\n");
	add_known(page, "Message-ID: ", notice->message_id);
	add_known(page, "Date: ", notice->date);
	add_known(page, "Subject: ", notice->subject);
	add(page, "\n");
}

bool
disposition_write(const struct notice *notice, char text[DISPOSITION_SIZE])
{
	struct page page = { .text = text };
	uint64_t number;

	if (secret_random(&number, sizeof(number)) == -1)
		return false;
	add_header(&page, notice, number);
	add(&page, "--%016" PRIx64 "\n", number);
	add_explanation(&page, notice);
	add(&page, "--%016" PRIx64 "\n", number);
	add_report(&page, notice);
	add(&page, "--%016" PRIx64 "\n", number);
	add_original(&page, notice);
	add(&page, "--%016" PRIx64 "--\n", number);
	return true;
}
