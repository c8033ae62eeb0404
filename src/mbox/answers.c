/*
 * Which messages were answered, in a file beside the session lock: a row for
 * each, by our own digest of the message, whatever --uidl says.
 *
 *  1. A row is on disk before its message is answered.
 *  2. A row is written only at the end of the file, or in the place of one
 *     whose message is gone or that does not check.  So a crash while it is
 *     written takes away nothing but itself: no row lies in two sectors.
 *  3. Rows of messages that are gone are looked for when there are more than
 *     two rows for each message and some: that reads the whole mailbox.
 */
#include "config.h"

#include "mbox/private.h"
#include "support/checksum.h"
#include "support/fileio.h"
#include "support/md5.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC	   0x31534e4133504f50U /* "POP3ANS1" */
#define SPARE_ROWS 64

struct row {
	unsigned char digest[MD5_LENGTH];
	uint64_t checksum;
	uint64_t magic; /* 0: the row is free */
};

struct answers {
	struct row *rows; /* as in the file */
	size_t count;
	bool has_looked; /* for those that are gone */
};

void
answers_free(struct answers **answers)
{
	if (*answers != NULL)
		free((*answers)->rows);
	free(*answers);
	*answers = NULL;
}

/* ---- the file ----------------------------------------------------------- */

static uint64_t
sum_of(const struct row *row)
{
	return checksum(0, row->digest, sizeof(row->digest));
}

static void
free_bad_rows(struct answers *answers)
{
	size_t i;

	for (i = 0; i < answers->count; i++)
		if (answers->rows[i].magic != MAGIC ||
		    answers->rows[i].checksum != sum_of(&answers->rows[i]))
			answers->rows[i].magic = 0;
}

static int
read_rows(int fd, struct answers *answers)
{
	struct stat status;
	size_t length;

	if (fd == -1) {
		errno = ENOSPC; /* that is why a session has none */
		return -1;
	}
	if (fstat(fd, &status) == -1)
		return -1;
	answers->count = (size_t)status.st_size / sizeof(struct row);
	length = answers->count * sizeof(struct row);
	answers->rows = malloc(length + 1);
	if (answers->rows == NULL)
		return -1;
	errno = EIO;
	if (fileio_read_at(fd, answers->rows, length, 0) != (ssize_t)length)
		return -1;
	free_bad_rows(answers);
	return 0;
}

static int
recall(struct mbox *mbox)
{
	if (mbox->answers != NULL)
		return 0;
	mbox->answers = calloc(1, sizeof(*mbox->answers));
	if (mbox->answers == NULL)
		return -1;
	if (read_rows(mbox->place.answered, mbox->answers) == 0)
		return 0;
	answers_free(&mbox->answers);
	return -1;
}

/* ---- what is gone ------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, MD5_LENGTH);
}

static int
digest_all(const struct mbox *mbox, unsigned char *digests)
{
	struct digester digester;
	int result = digest_begin(&digester, mbox->lock.fd);
	size_t i;

	for (i = 0; i < mbox->index.count && result == 0; i++)
		result = digest_message(&digester, &mbox->index.messages[i],
		    digests + i * MD5_LENGTH);
	digest_end(&digester);
	if (result == 0)
		qsort(digests, mbox->index.count, MD5_LENGTH, compare);
	return result;
}

/* Where this fails nothing is free, and the file gets longer. */
static void
free_gone_rows(struct mbox *mbox)
{
	struct answers *answers = mbox->answers;
	unsigned char *digests = calloc(mbox->index.count + 1, MD5_LENGTH);
	size_t i;

	answers->has_looked = true;
	if (digests == NULL || digest_all(mbox, digests) == -1) {
		free(digests);
		return;
	}
	for (i = 0; i < answers->count; i++)
		if (bsearch(answers->rows[i].digest, digests, mbox->index.count,
			MD5_LENGTH, compare) == NULL)
			answers->rows[i].magic = 0;
	free(digests);
}

/* ---- one message -------------------------------------------------------- */

static bool
is_answered(const struct answers *answers, const unsigned char *digest)
{
	size_t i;

	for (i = 0; i < answers->count; i++)
		if (answers->rows[i].magic != 0 &&
		    compare(answers->rows[i].digest, digest) == 0)
			return true;
	return false;
}

static size_t
first_free(const struct answers *answers)
{
	size_t i;

	for (i = 0; i < answers->count; i++)
		if (answers->rows[i].magic == 0)
			break;
	return i;
}

/* Which row to write: one that is free, or one more. */
static size_t
choose_row(struct mbox *mbox)
{
	struct answers *answers = mbox->answers;
	size_t i = first_free(answers);

	if (i < answers->count || answers->has_looked ||
	    i < 2 * mbox->index.count + SPARE_ROWS)
		return i;
	free_gone_rows(mbox);
	return first_free(answers);
}

static int
put_row(const struct mbox *mbox, size_t i, const unsigned char *digest)
{
	struct answers *answers = mbox->answers;
	struct row row = { .magic = MAGIC };
	struct row *rows;

	memcpy(row.digest, digest, MD5_LENGTH);
	row.checksum = sum_of(&row);
	if (i == answers->count) {
		rows = realloc(answers->rows, (i + 1) * sizeof(row));
		if (rows == NULL)
			return -1;
		answers->rows = rows;
		answers->count++;
		rows[i].magic = 0;
	}
	if (fileio_write_at(mbox->place.answered, &row, sizeof(row),
		(off_t)(i * sizeof(row))) == -1)
		return -1;
	answers->rows[i] = row;
	return 0;
}

static int
answer(struct mbox *mbox, size_t i)
{
	unsigned char digest[MD5_LENGTH];
	struct digester digester;
	int result;

	if (recall(mbox) == -1 || digest_begin(&digester, mbox->lock.fd) == -1)
		return -1;
	result = digest_message(&digester, &mbox->index.messages[i], digest);
	digest_end(&digester);
	if (result == -1)
		return -1;
	if (is_answered(mbox->answers, digest))
		return 0;
	return put_row(mbox, choose_row(mbox), digest) == -1 ? -1 : 1;
}

int
mbox_answer(struct mbox *mbox, size_t i, struct mbox_reason *reason)
{
	int result = answer(mbox, i);

	return result == -1
	    ? reason_errno(reason, &mbox->place, "cannot note an answer")
	    : result;
}

int
mbox_keep_answers(struct mbox *mbox, struct mbox_reason *reason)
{
	if (!mbox->place.syncs || fileio_sync(mbox->place.answered) == 0)
		return 0;
	return reason_errno(reason, &mbox->place, "cannot note an answer");
}
