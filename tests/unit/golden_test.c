/*
 * Golden mailboxes: each tests/golden/NAME.mbox is shown as NAME.expected says.
 *
 * A message is a line with its number, octets and whether it was read; its text
 * as sent follows, two blanks before each line.  Octets that are not plain, the
 * CR LF at the end of each line too, are written \r, \n or \xHH.
 */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "tap.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

static void
add_octet(struct bytes *out, char c)
{
	char hex[8];

	if (c == '\r') {
		bytes_add_text(out, "\\r");
	} else if (c == '\n') {
		bytes_add_text(out, "\\n\n");
	} else if (c == '\\') {
		bytes_add_text(out, "\\\\");
	} else if (c >= ' ' && c <= '~') {
		bytes_add(out, &c, 1);
	} else {
		snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)c);
		bytes_add_text(out, hex);
	}
}

static void
add_text(struct bytes *out, const struct bytes *text)
{
	size_t i;

	for (i = 0; i < text->length; i++) {
		if (i == 0 || text->data[i - 1] == '\n')
			bytes_add_text(out, "  ");
		add_octet(out, text->data[i]);
	}
}

static void
show(struct mbox *mbox, struct bytes *out)
{
	struct bytes text = { 0 };
	char line[80];
	size_t i;

	snprintf(line, sizeof(line), "%s, messages: %zu\n",
	    mbox_is_mbox(mbox) ? "mbox" : "not an mbox", mbox_count(mbox));
	bytes_add_text(out, line);
	for (i = 0; i < mbox_count(mbox); i++) {
		snprintf(line, sizeof(line), "%zu octets %ju%s\n", i + 1,
		    (uintmax_t)mbox_octets(mbox, i),
		    mbox_was_read(mbox, i) ? " read" : "");
		bytes_add_text(out, line);
		fetch(mbox, i, MBOX_ALL_LINES, &text);
		add_text(out, &text);
	}
	bytes_free(&text);
}

/* Path without ".mbox", with ".expected". */
static void
read_expected(const char *path, struct bytes *expected)
{
	struct bytes name = { 0 };

	bytes_add(&name, path, strlen(path) - strlen(".mbox"));
	bytes_add_text(&name, ".expected");
	box_read(name.data, expected);
	bytes_free(&name);
}

static void
check(const char *path)
{
	struct bytes content = { 0 }, found = { 0 }, expected = { 0 };
	struct mbox_place place = box_place("box");
	struct mbox *mbox;

	box_read(path, &content);
	box_write("box", &content);
	mbox = open_mailbox(&place);
	show(mbox, &found);
	mbox_close(&mbox);
	read_expected(path, &expected);
	is_bytes(&found, &expected, "%s is shown as expected",
	    strrchr(path, '/') + 1);
	box_read("box", &found);
	is_bytes(&found, &content, "%s is not changed by that",
	    strrchr(path, '/') + 1);
	bytes_free(&content);
	bytes_free(&found);
	bytes_free(&expected);
}

int
main(void)
{
	char pattern[4200];
	glob_t found;
	size_t i;

	box_open();
	snprintf(
	    pattern, sizeof(pattern), "%s/tests/golden/*.mbox", box_source());
	if (glob(pattern, 0, NULL, &found) != 0)
		bail_out(pattern);
	for (i = 0; i < found.gl_pathc; i++)
		check(found.gl_pathv[i]);
	globfree(&found);
	return done();
}
