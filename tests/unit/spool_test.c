/* support/spool: a message in memory, and in a file beyond 1 MiB. */
#include "config.h"

#include "box.h"
#include "support/spool.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define MEBIBYTE ((size_t)1024 * 1024)

static void
fill(struct bytes *content, size_t length, uint32_t seed)
{
	bytes_fill(content, 0, length);
	while (length-- > 0)
		content->data[length] = (char)pick(&seed, 256);
}

/* Writes content in pieces of odd sizes. */
static int
write_pieces(struct spool *spool, const struct bytes *content, uint32_t seed)
{
	size_t at = 0;

	while (at < content->length) {
		size_t left = content->length - at;
		size_t part = 1 + pick(&seed, 70000);

		if (part > left)
			part = left;
		if (spool_write(spool, content->data + at, part) == -1)
			return -1;
		at += part;
	}
	return 0;
}

static void
copy_out(struct spool *spool, struct bytes *found)
{
	int fd = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	is_number(spool_copy(spool, fd), 0, "a spool is copied");
	close(fd);
	box_read("copy", found);
}

static void
round_trip(size_t length, bool is_in_file)
{
	struct bytes content = { 0 };
	struct bytes found = { 0 };
	struct spool spool;

	fill(&content, length, 11);
	spool_init(&spool);
	is_number(write_pieces(&spool, &content, 5), 0,
	    "%zu octets are taken in pieces", length);
	is_number(spool.fd != -1, is_in_file, "%zu octets are kept in %s",
	    length, is_in_file ? "a file" : "memory");
	copy_out(&spool, &found);
	is_bytes(
	    &found, &content, "%zu octets come out as they went in", length);
	copy_out(&spool, &found);
	is_bytes(&found, &content, "%zu octets come out a second time", length);
	is_number(box_entries("spool"), 0, "no file is to be seen for them");
	spool_free(&spool);
	ok(spool.memory == NULL && spool.fd == -1 && spool.length == 0,
	    "a freed spool is an empty one");
	bytes_free(&content);
	bytes_free(&found);
}

static void
no_room_for_the_file(void)
{
	struct bytes content = { 0 };
	struct spool spool;

	fill(&content, MEBIBYTE + 1, 3);
	setenv("TMPDIR", "/nowhere/at/all", 1);
	spool_init(&spool);
	is_number(spool_write(&spool, content.data, content.length), -1,
	    "without a place for the file a large message is refused");
	is_number(errno, ENOENT, "with the reason");
	spool_free(&spool);
	bytes_free(&content);
}

int
main(void)
{
	char directory[PATH_MAX];

	box_open();
	box_directory("spool", 0700);
	ok(realpath("spool", directory) != NULL, "there is a directory");
	setenv("TMPDIR", directory, 1);
	round_trip(0, false);
	round_trip(1, false);
	round_trip(16 * 1024 + 1, false);
	round_trip(MEBIBYTE - 1, false);
	round_trip(MEBIBYTE, false);
	round_trip(MEBIBYTE + 1, true);
	round_trip(3 * MEBIBYTE, true);
	no_room_for_the_file();
	return done();
}
