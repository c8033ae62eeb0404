/*
 * One step on disk: a head with its own checksum, then, under a checksum of
 * its own, pieces and block checksums, and the data, which these check; behind
 * it, once the last step was taken, a mark.  What does not check is not there:
 * a torn record equals none, and no write is assumed to be atomic.
 */
#include "config.h"

#include "mbox/journal.h"
#include "support/checksum.h"
#include "support/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MAGIC 0x334a44334f50474eU /* "NGPO3DJ3" */
#define MARK_MAGIC 0x324d44334f50474eU

/* No step of ours needs so much.  A file that is damaged, or forged by a
 * session that was taken over, must not cost all the memory and disk there
 * is. */
#define MOST_OCTETS ((uint64_t)256 * 1024 * 1024)

struct head {
	uint64_t magic;
	uint64_t generation;
	uint64_t inode;
	int64_t size;
	int64_t end;
	int64_t target;
	int64_t length;
	uint64_t piece_count;
	uint64_t text_length;
	uint64_t block_count;
	uint64_t prefix;
	uint64_t body_checksum; /* of all but the data */
	uint32_t is_first;
	uint32_t is_extension;
	uint32_t has_data;
	uint32_t unused;
	uint64_t head_checksum; /* of all before it */
};

struct mark {
	uint64_t magic;
	uint64_t generation;
	uint64_t checksum; /* of the two before it */
};

/* The parts of the body, in their order on disk. */
struct part {
	void *data;
	size_t length;
};

#define PARTS	  5
#define DATA_PART 4

static void
list_parts(const struct step *step, struct part parts[PARTS])
{
	size_t blocks = step->block_count * sizeof(uint64_t);

	parts[0].data = step->plan.pieces;
	parts[0].length = step->plan.count * sizeof(struct piece);
	parts[1].data = step->plan.text;
	parts[1].length = step->plan.text_length;
	parts[2].data = step->old_blocks;
	parts[2].length = blocks;
	parts[3].data = step->new_blocks;
	parts[3].length = blocks;
	parts[DATA_PART].data = step->data;
	parts[DATA_PART].length = step->data == NULL ? 0 : (size_t)step->length;
}

static off_t
body_length(const struct part parts[PARTS])
{
	off_t length = 0;
	size_t i;

	for (i = 0; i < PARTS; i++)
		length += (off_t)parts[i].length;
	return length;
}

static uint64_t
body_checksum(const struct part parts[PARTS])
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < DATA_PART; i++)
		sum = checksum(sum, parts[i].data, parts[i].length);
	return sum;
}

static uint64_t
head_checksum(const struct head *head)
{
	return checksum(0, head, offsetof(struct head, head_checksum));
}

void
step_free(struct step *step)
{
	plan_free(&step->plan);
	free(step->old_blocks);
	free(step->new_blocks);
	free(step->data);
	memset(step, 0, sizeof(*step));
}

/* ---- writing ------------------------------------------------------------ */

static void
fill_head(
    struct head *head, const struct step *step, const struct part parts[PARTS])
{
	memset(head, 0, sizeof(*head));
	head->magic = HEAD_MAGIC;
	head->generation = step->generation;
	head->inode = step->inode;
	head->size = step->plan.size;
	head->end = step->plan.end;
	head->target = step->target;
	head->length = step->length;
	head->piece_count = step->plan.count;
	head->text_length = step->plan.text_length;
	head->block_count = step->block_count;
	head->prefix = step->prefix;
	head->body_checksum = body_checksum(parts);
	head->is_first = step->is_first;
	head->is_extension = step->is_extension;
	head->has_data = step->data != NULL;
	head->head_checksum = head_checksum(head);
}

static int
write_parts(int fd, const struct part parts[PARTS])
{
	off_t position = sizeof(struct head);
	size_t i;

	for (i = 0; i < PARTS; i++) {
		if (parts[i].length > 0 &&
		    fileio_write_at(
			fd, parts[i].data, parts[i].length, position) == -1)
			return -1;
		position += (off_t)parts[i].length;
	}
	return 0;
}

off_t
record_room(const struct plan *plan, off_t portion)
{
	size_t fixed = sizeof(struct head) + sizeof(struct mark) +
	    plan->count * sizeof(struct piece) + plan->text_length;

	return (off_t)fixed + portion +
	    (off_t)(2 * sizeof(uint64_t) *
		blocks_count(1, portion + BLOCK_SIZE));
}

int
record_write(int fd, const struct step *step)
{
	struct part parts[PARTS];
	struct head head;

	list_parts(step, parts);
	fill_head(&head, step, parts);
	if (write_parts(fd, parts) == -1)
		return -1;
	return fileio_write_at(fd, &head, sizeof(head), 0);
}

static struct mark
make_mark(uint64_t generation)
{
	struct mark mark = { .magic = MARK_MAGIC, .generation = generation };

	mark.checksum = checksum(0, &mark, offsetof(struct mark, checksum));
	return mark;
}

static off_t
mark_position(const struct step *step)
{
	struct part parts[PARTS];

	list_parts(step, parts);
	return (off_t)sizeof(struct head) + body_length(parts);
}

int
record_mark(int fd, const struct step *step)
{
	struct mark mark = make_mark(step->generation);

	return fileio_write_at(fd, &mark, sizeof(mark), mark_position(step));
}

/* ---- reading ------------------------------------------------------------ */

static bool
is_sane(const struct head *head, off_t file_size)
{
	uint64_t most = (uint64_t)file_size;

	return head->magic == HEAD_MAGIC &&
	    head->head_checksum == head_checksum(head) && head->size >= 0 &&
	    head->end >= 0 && head->target >= 0 && head->length >= 0 &&
	    head->target <= INT64_MAX / 4 && head->length <= INT64_MAX / 4 &&
	    most < MOST_OCTETS &&
	    head->piece_count <= most / sizeof(struct piece) &&
	    head->text_length <= most &&
	    head->block_count <= most / (2 * sizeof(uint64_t)) &&
	    (head->has_data == 0 || (uint64_t)head->length <= most);
}

static void
take_head(struct step *step, const struct head *head)
{
	step->generation = head->generation;
	step->inode = head->inode;
	step->plan.size = head->size;
	step->plan.end = head->end;
	step->plan.count = head->piece_count;
	step->plan.text_length = head->text_length;
	step->target = head->target;
	step->length = head->length;
	step->prefix = head->prefix;
	step->block_count = head->block_count;
	step->is_first = head->is_first != 0;
	step->is_extension = head->is_extension != 0;
}

/* An extra octet keeps malloc(3) from an ambiguous answer for 0. */
static int
make_parts(struct step *step, const struct head *head)
{
	size_t blocks = step->block_count * sizeof(uint64_t);

	step->plan.pieces = malloc(step->plan.count * sizeof(struct piece) + 1);
	step->plan.text = malloc(step->plan.text_length + 1);
	step->old_blocks = malloc(blocks + 1);
	step->new_blocks = malloc(blocks + 1);
	if (head->has_data != 0)
		step->data = malloc((size_t)head->length + 1);
	if (step->plan.pieces == NULL || step->plan.text == NULL ||
	    step->old_blocks == NULL || step->new_blocks == NULL ||
	    (head->has_data != 0 && step->data == NULL))
		return -1;
	return 0;
}

static bool
data_checks(const struct step *step)
{
	return step->data == NULL ||
	    (step->block_count == blocks_count(step->target, step->length) &&
		blocks_check(step->data, (size_t)step->length, step->target,
		    step->new_blocks));
}

/* Reads the body.  1 if it checks, 0 if not, -1 with errno. */
static int
read_body(int fd, struct step *step, const struct head *head)
{
	off_t position = sizeof(*head);
	struct part parts[PARTS];
	size_t i;

	take_head(step, head);
	if (make_parts(step, head) == -1)
		return -1;
	list_parts(step, parts);
	for (i = 0; i < PARTS; i++) {
		ssize_t n = fileio_read_at(
		    fd, parts[i].data, parts[i].length, position);

		if (n == -1)
			return -1;
		if ((size_t)n != parts[i].length)
			return 0;
		position += n;
	}
	return body_checksum(parts) == head->body_checksum && data_checks(step);
}

static int
read_mark(int fd, struct step *step)
{
	struct mark expected = make_mark(step->generation);
	struct mark mark;
	ssize_t n =
	    fileio_read_at(fd, &mark, sizeof(mark), mark_position(step));

	if (n == -1)
		return -1;
	step->is_copied = (size_t)n == sizeof(mark) &&
	    memcmp(&mark, &expected, sizeof(mark)) == 0;
	return 1;
}

int
record_read(int fd, struct step *step)
{
	struct stat status;
	struct head head;
	ssize_t n;
	int result;

	memset(step, 0, sizeof(*step));
	if (fstat(fd, &status) == -1)
		return -1;
	n = fileio_read_at(fd, &head, sizeof(head), 0);
	if (n == -1)
		return -1;
	if ((size_t)n != sizeof(head) || !is_sane(&head, status.st_size))
		return 0;
	result = read_body(fd, step, &head);
	if (result == 1)
		result = read_mark(fd, step);
	if (result != 1)
		step_free(step);
	return result;
}
