/* account/apop: second secrets of users of the system. */
#include "config.h"

#include "account/private.h"
#include "bytes.h"
#include "box.h"
#include "support/text.h"
#include "tap.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct account_rules rules;
static char path[300];

static void
finds(const char *user, const char *expected, const char *what)
{
	char secret[SECRET_SIZE] = "left over";

	apop_find(&rules, user, secret);
	is_text(secret, expected, "%s", what);
}

static void
logs(const char *text, const char *what)
{
	struct bytes log = { 0 };

	box_read("log", &log);
	bytes_add(&log, "", 1);
	ok(strstr(log.data, text) != NULL, "%s", what);
	bytes_free(&log);
}

static void
lines(void)
{
	box_write_text("apop",
	    "# a comment: with a colon\n\njoe:secret\nANN:Two words: and more\n"
	    "joe:second\nnil:\nno colon here\n:nobody\nlast:without end");
	finds("joe", "secret", "the first line of a user counts");
	finds(
	    "ann", "Two words: and more", "all behind the first colon counts");
	finds("nil", "", "an empty password is none");
	finds("jo", "", "a part of a name is another name");
	finds("joe:secret", "", "a name has no colon");
	finds("# a comment", "", "comments are passed over");
	finds("last", "without end", "the last line needs no end");
	logs("apop: line 7 skipped: is not name:password",
	    "a line without colon is logged with its number");
	ok(apop_has_some(&rules), "there are secrets");
	box_write_text("apop", "# nothing\nnil:\n");
	ok(!apop_has_some(&rules), "empty ones are none");
}

static void
long_lines(void)
{
	struct bytes file = { 0 };

	bytes_add_text(&file, "joe:");
	bytes_fill(&file, 'x', 512);
	bytes_add_text(&file, "\nann:");
	bytes_fill(&file, 'x', 2000);
	bytes_add_text(&file, "\nbob:good\nnul:a");
	bytes_add(&file, "\0b\n", 3);
	box_write("apop", &file);
	bytes_free(&file);
	finds("joe", "", "a password of 512 octets is too long");
	logs("line 1 skipped: the password is too long", "and the log says so");
	finds("ann", "", "so is a line of 2000");
	finds("nul", "", "and a line with a NUL is passed over");
	finds("bob", "good", "lines between them count");
}

static void
refused(const char *why)
{
	finds("joe", "", why);
	logs(why, why);
	ok(!apop_has_some(&rules), "then there are no secrets");
}

static void
unsafe(void)
{
	box_write_text("apop", "joe:secret\n");
	finds("joe", "secret", "a file of mode 600 is read");
	chmod("apop", 0640);
	refused("is open to group or others");
	chmod("apop", 0604);
	finds("joe", "", "others may not read it either");
	chmod("apop", 0600);
	if (link("apop", "other") == -1)
		bail_out("link");
	refused("is not a regular file with one link");
	unlink("apop");
	if (symlink("other", "apop") == -1)
		bail_out("symlink");
	refused("cannot be opened: Too many levels of symbolic links");
	unlink("apop");
	if (mkfifo("apop", 0600) == -1)
		bail_out("mkfifo");
	finds("joe", "", "a pipe keeps nobody waiting");
	unlink("apop");
	box_write_text("apop", "joe:secret\n");
	if (truncate("apop", 1024 * 1024 + 1) == -1)
		bail_out("truncate");
	refused("is larger than 1 MB");
	unlink("apop");
	unlink("other");
}

static void
strangers(void)
{
	box_write_text("apop", "joe:secret\n");
	if (!is_root()) {
		skip("needs root to give a file away", "a file of others");
		return;
	}
	if (chown("apop", STRANGER, STRANGER) == -1)
		bail_out("chown");
	refused("does not belong to root");
}

static void
absent(void)
{
	unlink("apop");
	box_log_to("empty");
	finds("joe", "", "a missing file has no secrets");
	rules.apop_file = NULL;
	finds("joe", "", "nor has none");
	ok(!apop_has_some(&rules), "there are none");
	is_number(box_stat("empty").st_size, 0, "and nothing is logged");
}

int
main(void)
{
	box_open();
	box_log_to("log");
	text_format(path, sizeof(path), "%s/apop", box_path());
	rules.apop_file = path;
	lines();
	long_lines();
	unsafe();
	strangers();
	absent();
	return done();
}
