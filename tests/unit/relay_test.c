/* daemon/relay: many who write at the same time lose nothing. */
#include "config.h"

#include "box.h"
#include "daemon/relay.h"
#include "support/often.h"
#include "support/text.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WRITERS 4
#define EACH	250

static char path[300];

static void
note_address(unsigned int writer, unsigned int i)
{
	struct address address;
	char text[40];

	snprintf(text, sizeof(text), "192.0.%u.%u", writer, i);
	if (!address_parse(text, 0, &address))
		bail_out(text);
	relay_note(path, &address, "joe@kvt.dk");
}

static size_t
count_lines(const char *name, const char *part)
{
	struct bytes content = { 0 };
	const char *found;
	size_t count = 0;

	box_read(name, &content);
	bytes_add(&content, "", 1);
	for (found = content.data; (found = strstr(found, part)) != NULL;
	     found++)
		count++;
	bytes_free(&content);
	return count;
}

/* How many logins were not noted, by a log with one line for all, and another
 * one with how many more. */
static int
count_missed(const char *log)
{
	struct bytes content = { 0 };
	const char *more;
	unsigned int count = 0;

	if (count_lines(log, "is not noted there") == 0)
		return 0;
	box_read(log, &content);
	bytes_add(&content, "", 1);
	more = strstr(content.data, "repeated=");
	if (more != NULL && sscanf(more, "repeated=%u", &count) != 1)
		bail_out(content.data);
	bytes_free(&content);
	return (int)count + 1;
}

/* Ends with how many were missed, as they had waited too long. */
static void
write_many(unsigned int writer)
{
	char log[20];
	unsigned int i;

	snprintf(log, sizeof(log), "log%u", writer);
	box_log_to(log);
	for (i = 0; i < EACH; i++)
		note_address(writer, i);
	(void)often_flush(INT64_MAX);
	_exit(count_missed(log));
}

static void
together(void)
{
	pid_t writers[WRITERS];
	unsigned int i;
	int missed = 0;

	for (i = 0; i < WRITERS; i++) {
		writers[i] = box_fork();
		if (writers[i] == 0)
			write_many(i);
	}
	for (i = 0; i < WRITERS; i++)
		missed += box_wait(writers[i]);
	note("%d of %d had to wait too long", missed, WRITERS * EACH);
	is_number(count_lines("relay/file", " joe@kvt.dk\n"),
	    WRITERS * EACH - missed, "nothing else is lost");
	ok(count_lines("relay/file", "\n") <= WRITERS * EACH,
	    "no line is there twice");
	is_number(box_entries("relay"), 1, "no other file is left");
}

static void
again(void)
{
	unsigned int i;

	unlink("relay/file");
	for (i = 0; i < 20; i++)
		note_address(1, i % 3);
	is_number(count_lines("relay/file", "\n"), 3,
	    "an address has one line, however often it comes");
}

int
main(void)
{
	box_open();
	box_log_to("log");
	box_directory("relay", 0755);
	text_format(path, sizeof(path), "%s/relay/file", box_path());
	again();
	unlink("relay/file");
	together();
	return done();
}
