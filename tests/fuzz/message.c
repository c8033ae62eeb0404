/* What virtual makes of a message: one message of a mailbox, the same when it
 * comes in pieces.  Input: a number for the pieces, then the message. */
#include "config.h"

#include "../unit/box.h"
#include "delivery/private.h"
#include "fuzz.h"
#include "mbox/private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_PIECES 12 /* of a pipe that keeps them apart */

static int file;

void
prepare(void)
{
	file = memfd_create("message", MFD_CLOEXEC);
}

static struct bytes
deliver(int fd)
{
	struct bytes delivered = { 0 };
	struct spool spool;

	spool_init(&spool);
	must(message_read(fd, "sender@example.com", "joe@kvt.dk", &spool) == 0,
	    "it is read");
	must(spool.memory != NULL, "small messages stay in memory");
	bytes_add(&delivered, spool.memory, spool.length);
	spool_free(&spool);
	return delivered;
}

static struct bytes
deliver_whole(const struct bytes *message)
{
	fill_file(file, message);
	must(lseek(file, 0, SEEK_SET) == 0, "it can be read again");
	return deliver(file);
}

static struct bytes
deliver_pieces(const struct bytes *message, uint32_t state)
{
	struct bytes delivered;
	size_t at = 0, part;
	int ends[2], i;

	must(pipe2(ends, O_DIRECT) == 0, "pipe2");
	for (i = 1; at < message->length; i++) {
		part = message->length - at;
		if (i < MOST_PIECES)
			part = 1 + pick(&state, 200) % part;
		must(write(ends[1], message->data + at, part) == (ssize_t)part,
		    "the pipe has room");
		at += part;
	}
	close(ends[1]);
	delivered = deliver(ends[0]);
	close(ends[0]);
	return delivered;
}

/* The mailbox that holds nothing else. */
static void
check_mailbox(const struct bytes *delivered)
{
	struct index index = { 0 };
	struct scan scan;

	scan_init(&scan, &index);
	must(scan_feed(&scan, delivered->data, delivered->length) == 0 &&
		scan_finish(&scan) == 0,
	    "it is scanned");
	must(index.count <= 1 && !index.is_foreign, "it is one message");
	must(index.count == 1 || scan.begun == 1, "or one that is not shown");
	must(delivered->length >= 2 &&
		memcmp(delivered->data + delivered->length - 2, "\n\n", 2) == 0,
	    "an empty line is its end");
	index_free(&index);
}

/* The date of a From_ line that was made may differ by a second. */
static bool
are_same(const struct bytes *a, const struct bytes *b)
{
	const char *p = memchr(a->data, '\n', a->length);
	const char *q = memchr(b->data, '\n', b->length);
	size_t rest = a->length - (size_t)(p - a->data);

	return rest == b->length - (size_t)(q - b->data) &&
	    memcmp(p, q, rest) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint32_t state = input_number(&input) + 1;
	struct bytes message = input_part(&input, 8192);
	struct bytes whole = deliver_whole(&message);
	struct bytes pieces = deliver_pieces(&message, state);

	must(are_same(&whole, &pieces), "pieces make no difference");
	check_mailbox(&whole);
	bytes_free(&message);
	bytes_free(&whole);
	bytes_free(&pieces);
	return 0;
}
