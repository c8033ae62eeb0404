/*
 * The index file, whatever is in it: a session sees what it sees without.  If
 * its checksums are made right again it may believe what is not so, but it does
 * no harm.  Input: what is done to the file (an octet: 0 damage, 1 damage with
 * right checksums, 2 other octets), the length of what comes for that (two
 * octets), that: two octets of a position and one to put there, or the file;
 * the length of mail that is appended to the mailbox (two octets), that, then
 * the mailbox.
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/mail.h"
#include "../unit/view.h"
#include "fuzz.h"
#include "mailbox.h"
#include "support/checksum.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD	 128
#define HEAD_SUM 104 /* where its checksum is */
#define RECORD	 64

static int file;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

/* Ten seconds later, so that a mailbox of this moment has an index. */
int
__wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = __real_clock_gettime(clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec += 10;
	return result;
}

void
prepare(void)
{
	file = memfd_create("index", MFD_CLOEXEC);
}

/* ---- the file ----------------------------------------------------------- */

static struct bytes
file_content(void)
{
	struct bytes content = { 0 };
	char piece[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(file, piece, sizeof(piece), at)) > 0) {
		bytes_add(&content, piece, (size_t)n);
		at += n;
	}
	return content;
}

/* As index_file.c has them. */
static void
seal(struct bytes *index)
{
	uint64_t nonce, sum;
	uint32_t half;
	size_t at;

	if (index->length < HEAD)
		return;
	memcpy(&nonce, index->data + sizeof(nonce), sizeof(nonce));
	sum = checksum(0, index->data, HEAD_SUM);
	memcpy(index->data + HEAD_SUM, &sum, sizeof(sum));
	for (at = HEAD; at + RECORD <= index->length; at += RECORD) {
		sum = checksum(nonce + (at - HEAD) / RECORD, index->data + at,
		    RECORD - sizeof(half));
		half = (uint32_t)(sum ^ sum >> 32);
		memcpy(index->data + at + RECORD - sizeof(half), &half,
		    sizeof(half));
	}
}

static void
damage(struct bytes *index, const struct bytes *what)
{
	struct input input = { (const uint8_t *)what->data, what->length };

	while (input.length >= 3 && index->length > 0) {
		size_t at = input_number(&input) % index->length;

		index->data[at] = (char)input_octet(&input);
	}
}

static void
spoil(unsigned int way, const struct bytes *what)
{
	struct bytes index = file_content();

	damage(&index, what);
	if (way == 1)
		seal(&index);
	fill_file(file, way == 2 ? what : &index);
	bytes_free(&index);
}

/* ---- what comes of it --------------------------------------------------- */

static void
read_all(struct mbox *mbox)
{
	struct mbox_reader reader;
	struct mbox_reason reason;
	char id[MBOX_UIDL_SIZE];
	const char *data;
	size_t i, length = 1;

	if (mbox_load(mbox, &reason) == -1)
		return;
	for (i = 0; i < mbox_count(mbox); i++) {
		int result =
		    mbox_read(mbox, i, MBOX_ALL_LINES, &reader, &reason);

		while (result == 0 && length > 0)
			result =
			    mbox_read_next(&reader, &data, &length, &reason);
		(void)mbox_uidl(mbox, i, id, &reason);
	}
}

static void
check_harmless(const struct mbox_place *place)
{
	struct bytes before = mailbox_content();
	struct mbox_reason reason;
	struct mbox *mbox;
	struct bytes after;

	if (mbox_open(&mbox, place, in_ms(5000), &reason) == -1)
		return;
	read_all(mbox);
	(void)mbox_update(mbox, in_ms(5000), &reason);
	mbox_close(&mbox);
	after = mailbox_content();
	must(bytes_equal(&before, &after), "what is not marked stays");
	bytes_free(&before);
	bytes_free(&after);
}

static void
check_same(const struct mbox_place *place)
{
	struct bytes view = view_of(place, NULL);
	struct bytes expected = view_without(place);

	must(bytes_equal(&view, &expected), "it is what a scan sees");
	bytes_free(&view);
	bytes_free(&expected);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	unsigned int way = input_octet(&input) % 3;
	struct bytes what = input_part(&input, input_number(&input));
	struct bytes more = input_part(&input, input_number(&input));
	struct bytes mailbox = input_rest(&input);
	struct mbox_place place = mailbox_make(&mailbox);
	struct bytes nothing = { 0 }, view;

	fill_file(file, &nothing);
	place.index = file;
	view = view_of(&place, NULL);
	bytes_free(&view);
	spoil(way, &what);
	bytes_add(&more, "", 1);
	box_append_text("box", more.data);
	if (way == 1)
		check_harmless(&place);
	else
		check_same(&place);
	bytes_free(&what);
	bytes_free(&more);
	bytes_free(&mailbox);
	return 0;
}
