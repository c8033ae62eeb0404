/* account/edit: passwd files are changed line by line, all else stays. */
#include "config.h"

#include "account/account.h"
#include "accounts.h"
#include "box.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "etc/kvt.dk/passwd"
#define BEFORE                         \
	"# a comment: joe:x\n"         \
	"bad line\n"                   \
	"joe:one:1:1:Joe:/home:sh\r\n" \
	"\n"                           \
	"ann:hash\n"                   \
	"Joe:two:1:1:::\n"             \
	"joey:three:1:1:::"

static struct account_rules rules;

static struct account_edit *
begin(const char *text)
{
	struct bytes file = { 0 };
	struct account_edit *edit;

	bytes_add_text(&file, text);
	box_write(FILE_NAME, &file);
	chmod(FILE_NAME, 0600);
	bytes_free(&file);
	if (account_edit_open(&edit, &rules, "kvt.dk") == -1)
		bail_out("account_edit_open");
	return edit;
}

static void
ends_as(struct account_edit *edit, const char *text, const char *what)
{
	struct bytes found = { 0 };

	is_text(account_edit_text(edit), text, "%s", what);
	is_number(account_edit_commit(edit), 0, "it is written");
	account_edit_close(&edit);
	box_read(FILE_NAME, &found);
	ok(bytes_are_text(&found, text), "the file is the same");
	bytes_free(&found);
}

static void
sets(void)
{
	struct account_edit *edit = begin(BEFORE);
	char value[100];

	is_number(account_edit_get(
		      edit, "joe", ACCOUNT_PASSWORD, value, sizeof(value)),
	    0, "a user is found");
	is_text(value, "one", "by his first line");
	is_number(account_edit_set(edit, "joe", ACCOUNT_PASSWORD, "$y$new"), 0,
	    "the password of joe is changed");
	is_number(account_edit_set(edit, "joe", ACCOUNT_SHELL, "a@b,c@d"), 0,
	    "so is where his mail goes");
	is_number(account_edit_set(edit, "ann", ACCOUNT_PASSWORD, "x"), 0,
	    "a line of two fields has a password");
	is_number(
	    account_edit_set(edit, "ann", ACCOUNT_SHELL, "x"), -1, "no more");
	is_number(errno, ENOTSUP, "that is said");
	is_number(account_edit_set(edit, "joey", ACCOUNT_GECOS, "J\xc3\xb8"), 0,
	    "a last line without end can be changed");
	ends_as(edit,
	    "# a comment: joe:x\n"
	    "bad line\n"
	    "joe:$y$new:1:1:Joe:/home:a@b,c@d\r\n"
	    "\n"
	    "ann:x\n"
	    "Joe:two:1:1:::\n"
	    "joey:three:1:1:J\xc3\xb8::",
	    "all else is as before, octet for octet");
}

static void
adds_and_removes(void)
{
	struct account account = { .user = "eve", .uid = 7, .gid = 8 };
	struct account_edit *edit = begin(BEFORE);

	is_number(account_edit_add(edit, &account, "secret", "Eve"), 0,
	    "a user is added behind a line without end");
	is_number(account_edit_add(edit, &account, "secret", "Eve"), -1,
	    "but not twice");
	is_number(errno, EEXIST, "that is said");
	is_number(account_edit_remove(edit, "joe"), 0,
	    "a user is removed, with all his lines");
	is_number(account_edit_remove(edit, "joe"), -1, "but not twice");
	is_number(errno, ENOENT, "that is said");
	ends_as(edit,
	    "# a comment: joe:x\n"
	    "bad line\n"
	    "\n"
	    "ann:hash\n"
	    "joey:three:1:1:::\n"
	    "eve:secret:7:8:Eve::\n",
	    "all else is as before, octet for octet");
}

static void
refuses_values(void)
{
	static const char *const bad[] = { "a:b", "a\nb", "a\rb", "\x7f",
		"\x01" };
	struct account account = { .user = "eve", .uid = 7, .gid = 8 };
	struct account_edit *edit = begin(BEFORE);
	char text[1100];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_number(account_edit_set(edit, "joe", ACCOUNT_GECOS, bad[i]),
		    -1, "value %zu is refused", i);
		is_number(errno, EINVAL, "that is said");
		is_number(account_edit_add(edit, &account, "x", bad[i]), -1,
		    "also for a new user");
	}
	memset(text, 'x', sizeof(text));
	text[1023 - strlen("joe:one:1:1::/home:sh")] = '\0';
	is_number(account_edit_set(edit, "joe", ACCOUNT_GECOS, text), 0,
	    "a line may have 1023 octets");
	text[strlen(text)] = 'x';
	text[1024 - strlen("joe:one:1:1::/home:sh")] = '\0';
	is_number(account_edit_set(edit, "joe", ACCOUNT_GECOS, text), -1,
	    "1024 octets are refused");
	is_number(errno, EMSGSIZE, "that is said");
	text[512] = '\0';
	is_number(account_edit_set(edit, "joey", ACCOUNT_PASSWORD, text), -1,
	    "so is a password of 512 octets");
	is_number(account_edit_set(edit, "nobody", ACCOUNT_GECOS, "x"), -1,
	    "a stranger has no fields");
	is_number(errno, ENOENT, "that is said");
	account_edit_close(&edit);
	account_edit_close(&edit);
}

static void
knows_the_editor(void)
{
	struct account_edit *edit = begin(BEFORE);
	struct account_fault fault;
	uid_t uid = 1;
	gid_t gid;

	account_edit_close(&edit);
	is_number(account_editor(&rules, "kvt.dk", &uid, &gid, &fault),
	    ACCOUNT_FOUND, "somebody may edit");
	is_number(uid, geteuid(), "a file of ours: we");
	is_number(account_editor(&rules, "other", &uid, &gid, &fault),
	    ACCOUNT_NO_DOMAIN, "where there is nothing, nobody");
	chmod(FILE_NAME, 0666);
	is_number(account_editor(&rules, "kvt.dk", &uid, &gid, &fault),
	    ACCOUNT_TROUBLE, "what all may write is not edited");
	is_text(fault.remedy, "chmod go-w", "there is a remedy");
	chmod(FILE_NAME, 0600);
	if (!is_root()) {
		skip("needs root", "a file of another user");
		return;
	}
	ok(chown(FILE_NAME, STRANGER, STRANGER) == 0, "the owner's file");
	account_editor(&rules, "kvt.dk", &uid, &gid, &fault);
	is_number(uid, 0, "in root's directory is edited by root");
	ok(chown("etc/kvt.dk", STRANGER, STRANGER) == 0, "in his directory");
	account_editor(&rules, "kvt.dk", &uid, &gid, &fault);
	is_number(uid, STRANGER, "by himself");
	is_number(
	    account_edit_open(&edit, &rules, "kvt.dk"), -1, "not by root");
	is_number(errno, EPERM, "that is said");
	ok(chown("etc/kvt.dk", 0, 0) == 0 && rename(FILE_NAME, "moved") == 0 &&
		symlink("../../moved", FILE_NAME) == 0,
	    "a link of root to it");
	account_editor(&rules, "kvt.dk", &uid, &gid, &fault);
	is_number(uid, STRANGER, "leads where he decides");
}

static void
hashes(void)
{
	char hash[ACCOUNT_HASH_SIZE], again[ACCOUNT_HASH_SIZE];

	is_number(account_hash("secret", hash), 0, "a password has a hash");
	ok(hash[0] == '$' && strpbrk(hash, ":\n") == NULL,
	    "fit for a passwd file");
	is_number(account_hash("secret", again), 0, "a second one");
	ok(strcmp(hash, again) != 0, "differs by its salt");
}

static void
looks(void)
{
	struct account_edit *edit = begin(BEFORE);
	char line[ACCOUNT_LINE_SIZE];

	account_edit_close(&edit);
	is_number(account_edit_look(&edit, &rules, "kvt.dk"), 0,
	    "a file can be looked at");
	is_text(account_edit_text(edit), BEFORE, "as it stands there");
	is_number(account_edit_line(edit, "joe", line), 0, "a line is found");
	is_text(line, "joe:one:1:1:Joe:/home:sh", "without its end");
	is_number(account_edit_line(edit, "bob", line), -1, "another is not");
	is_number(errno, ENOENT, "so it is said");
	is_number(account_edit_commit(edit), -1, "nothing can be written");
	is_number(errno, EPERM, "for there is no lock");
	account_edit_close(&edit);
	chmod(FILE_NAME, 0660);
	is_number(account_edit_look(&edit, &rules, "kvt.dk"), -1,
	    "a file that logins do not read is not looked at");
	is_number(errno, EPERM, "that is told");
	is_number(account_edit_look(&edit, &rules, "x.dk"), -1,
	    "nor one that is not there");
	is_number(errno, ENOENT, "that is told too");
}

static void
comments(void)
{
	struct account_edit *edit = begin(BEFORE);

	is_number(account_edit_set_comment(edit, "no comment"), -1,
	    "what is no comment cannot stand on top");
	is_number(
	    account_edit_set_comment(edit, "# a\nb:c"), -1, "nor do two lines");
	is_number(
	    account_edit_set_comment(edit, "# mine"), 0, "a comment does");
	ok(strncmp(account_edit_text(edit), "# mine\nbad line\n", 16) == 0,
	    "in place of the one before");
	account_edit_close(&edit);
	edit = begin("joe:x:1:1:::\n");
	is_number(account_edit_set_comment(edit, "# mine"), -1,
	    "but not in place of a user");
	is_number(errno, EINVAL, "that is told");
	account_edit_close(&edit);
}

int
main(void)
{
	box_open();
	box_log_to("log");
	rules = accounts_open();
	box_directory("etc/kvt.dk", 0755);
	sets();
	adds_and_removes();
	refuses_values();
	looks();
	comments();
	knows_the_editor();
	hashes();
	return done();
}
