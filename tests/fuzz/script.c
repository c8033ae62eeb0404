/* A session for fuzz targets. */
#include "config.h"

#include "script.h"

#include "fuzz.h"
#include "support/log.h"
#include "support/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A pipe that keeps pieces apart has room for so many, of this size. */
#define MOST_PIECES 12
#define MOST_OCTETS 8192

static int input;
static int output;

void
script_prepare(void)
{
	input = memfd_create("input", MFD_CLOEXEC);
	output = memfd_create("output", MFD_CLOEXEC);
	must(input != -1 && output != -1, "memfd_create");
	log_close();
}

static void
empty(int fd)
{
	must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0,
	    "files can be emptied");
}

static void
put(int fd, const char *data, size_t length)
{
	must(write(fd, data, length) == (ssize_t)length, "there is room");
}

static int
whole(const struct bytes *text)
{
	empty(input);
	put(input, text->data, text->length);
	must(lseek(input, 0, SEEK_SET) == 0, "lseek");
	return dup(input);
}

static int
pieces(const struct bytes *text, uint32_t state)
{
	size_t at = 0, part;
	int ends[2], i;

	must(pipe2(ends, O_DIRECT) == 0, "pipe2");
	for (i = 1; at < text->length; i++) {
		part = text->length - at;
		if (i < MOST_PIECES)
			part = 1 + pick(&state, 100) % part;
		put(ends[1], text->data + at, part);
		at += part;
	}
	close(ends[1]);
	return ends[0];
}

struct session *
script_begin(const struct bytes *text, uint32_t state)
{
	struct session *session = calloc(1, sizeof(*session));
	bool is_whole = state == 0 || text->length > MOST_OCTETS;

	must(session != NULL, "there is memory");
	empty(output);
	session_init(
	    session, is_whole ? whole(text) : pieces(text, state), output, "-");
	session->most_failures = 3;
	text_copy(session->stamp, sizeof(session->stamp), SCRIPT_STAMP);
	memset(session->salt, 's', sizeof(session->salt));
	return session;
}

struct bytes
script_end(struct session *session)
{
	struct bytes answer = { 0 };
	char piece[4096];
	ssize_t n;

	wire_flush(&session->wire);
	must(lseek(output, 0, SEEK_SET) == 0, "lseek");
	while ((n = read(output, piece, sizeof(piece))) > 0)
		bytes_add(&answer, piece, (size_t)n);
	close(session->wire.in);
	session_free(session);
	free(session);
	return answer;
}

void
script_check_lines(const struct bytes *answer)
{
	size_t start = 0, i;

	for (i = 0; i < answer->length; i++) {
		char c = answer->data[i];

		if (c != '\n') {
			must(c == '\r' || (unsigned char)c >= ' ',
			    "answers are text");
			continue;
		}
		must(i > start && answer->data[i - 1] == '\r',
		    "lines end in CR LF");
		must(i + 1 - start <= WIRE_RESPONSE_SIZE, "none is too long");
		must(memchr(answer->data + start, '\r', i - 1 - start) == NULL,
		    "no CR is elsewhere");
		start = i + 1;
	}
	must(start == answer->length, "the last line is whole");
}
