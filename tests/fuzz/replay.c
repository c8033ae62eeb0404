/*
 * The main program of a fuzz target without libFuzzer: takes the files that are
 * named, or else each file of tests/fuzz/corpus/NAME as a test point, where
 * NAME_fuzz is how the program is called.
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/tap.h"
#include "fuzz.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An input may take that many seconds. */
#define MOST_SECONDS 60

static void
take(const char *path)
{
	struct bytes content = { 0 };

	box_read(path, &content);
	(void)LLVMFuzzerTestOneInput(
	    (const uint8_t *)content.data, content.length);
	bytes_free(&content);
}

/* In a process of its own, since a fault is a crash. */
static void
point(const char *target, const char *path)
{
	pid_t pid = box_fork();

	if (pid == 0) {
		alarm(MOST_SECONDS);
		take(path);
		fflush(NULL);
		_exit(0);
	}
	is_number(
	    box_wait(pid), 0, "%s: %s holds", target, strrchr(path, '/') + 1);
}

static void
take_corpus(const char *target)
{
	struct bytes pattern = { 0 };
	glob_t found;
	size_t i;

	bytes_add_text(&pattern, box_source());
	bytes_add_text(&pattern, "/tests/fuzz/corpus/");
	bytes_add(&pattern, target, strlen(target) - strlen("_fuzz"));
	bytes_add_text(&pattern, "/*");
	if (glob(pattern.data, 0, NULL, &found) != 0)
		bail_out(pattern.data);
	for (i = 0; i < found.gl_pathc; i++)
		point(target, found.gl_pathv[i]);
	globfree(&found);
	bytes_free(&pattern);
}

int
main(int argc, char **argv)
{
	int i;

	(void)LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++)
		take(argv[i]);
	if (argc > 1)
		return 0;
	take_corpus(program_invocation_short_name);
	return done();
}
