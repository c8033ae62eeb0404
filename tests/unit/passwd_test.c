/* account/passwd: lines good and bad, and who may write them (row 28). */
#include "config.h"

#include "account/private.h"
#include "box.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DOMAIN	  "kvt.dk"
#define FILE_NAME "etc/" DOMAIN "/passwd"

static struct account_rules rules;
static char virtual_directory[256];
static char virtual_spool[256];

/* Whose mail it is: somebody else where we are root. */
static unsigned int
user(void)
{
	return is_root() ? STRANGER : geteuid();
}

static void
give(const char *name, unsigned int uid)
{
	if (is_root() && lchown(name, uid, uid) == -1)
		bail_out(name);
}

static void
move(const char *from, const char *to)
{
	if (rename(from, to) == -1)
		bail_out(from);
}

static void
set_up(void)
{
	snprintf(
	    virtual_directory, sizeof(virtual_directory), "%s/etc", box_path());
	snprintf(virtual_spool, sizeof(virtual_spool), "%s/spool", box_path());
	rules.virtual_directory = virtual_directory;
	rules.virtual_spool = virtual_spool;
	rules.mail_spool = rules.home_mailbox = rules.default_domain = "";
	rules.least_uid = 1;
	box_directory("etc", 0755);
	box_directory("etc/" DOMAIN, 0755);
	box_directory("spool", 0755);
	box_directory("spool/" DOMAIN, 0700);
	give("spool/" DOMAIN, user());
}

/* A passwd file with this content; U in it stands for the user's uid, G for
 * his gid. */
static void
write_file(const char *content, unsigned int owner)
{
	struct bytes text = { 0 };
	char number[16];

	for (; *content != '\0'; content++) {
		snprintf(number, sizeof(number), "%u",
		    *content == 'U' || is_root() ? user() : getegid());
		if (*content == 'U' || *content == 'G')
			bytes_add_text(&text, number);
		else
			bytes_add(&text, content, 1);
	}
	box_write(FILE_NAME, &text);
	give(FILE_NAME, owner);
	bytes_free(&text);
}

/* ---- single lines ------------------------------------------------------- */

/* Between two good lines, so that it is seen that reading goes on. */
static void
line(const char *text, unsigned int owner, const char *fault)
{
	char content[3000];
	struct passwd_file file;
	struct record record;
	enum passwd_line kind;

	snprintf(content, sizeof(content),
	    "first:a:U:G::.:\n%s\nlast:z:U:G::.:\n", text);
	write_file(content, owner);
	if (passwd_open(&file, &rules, DOMAIN) != ACCOUNT_FOUND)
		bail_out("passwd_open");
	passwd_next(&file, &record);
	is_text(record.account.user, "first", "the line before is read");
	kind = passwd_next(&file, &record);
	is_number(kind, fault == NULL ? PASSWD_GOOD : PASSWD_BAD,
	    "row 28: %.60s: %s", text, fault == NULL ? "good" : fault);
	is_number(file.line_number, 2, "row 28: its number is 2");
	if (fault != NULL)
		ok(file.fault != NULL && strstr(file.fault, fault) != NULL,
		    "row 28: the fault says so");
	kind = passwd_next(&file, &record);
	ok(kind == PASSWD_GOOD && strcmp(record.account.user, "last") == 0,
	    "row 28: the line behind is read");
	is_number(
	    passwd_next(&file, &record), PASSWD_END, "then comes the end");
	passwd_close(&file);
}

static void
bad_line(const char *text, const char *fault)
{
	line(text, user(), fault);
}

static void
lines(void)
{
	char text[2000];

	bad_line("joe", "fields");
	bad_line("joe:x:1", "fields");
	bad_line("joe:x:U:G::.::", "fields");
	bad_line(":secret:U:G::.:", "name");
	bad_line("a/b:secret:U:G::.:", "name");
	bad_line("../x:secret:U:G::.:", "name");
	bad_line(".hidden:secret:U:G::.:", "name");
	bad_line("joe.lock:secret:U:G::.:", "name");
	bad_line("j\xc3\xb8:secret:U:G::.:", "name");
	bad_line("joe:secret:abc:G::.:", "uid is not");
	bad_line("joe:secret::G::.:", "uid is not");
	bad_line("joe:secret:-1:G::.:", "uid is not");
	bad_line("joe:secret: U:G::.:", "uid is not");
	bad_line("joe:secret:0x10:G::.:", "uid is not");
	bad_line("joe:secret:4294967295:G::.:", "uid is not");
	bad_line("joe:secret:4294967296:G::.:", "uid is not");
	bad_line("joe:secret:18446744073709551617:G::.:", "uid is not");
	bad_line("joe:secret:U:abc::.:", "gid is not");
	bad_line("joe:secret:0:G::.:", "uid 0");
	bad_line("joe:secret:4711:G::.:", "another uid");
	bad_line("joe:secret:U:0::.:", "gid");
	bad_line("joe:{PLAIN}:U:G::.:", "empty");
	bad_line("joe:{CRYPT}:U:G::.:", "empty");
	memset(text, 'p', sizeof(text));
	memcpy(text, "joe:", 4);
	strcpy(text + 700, ":U:G::.:");
	bad_line(text, "password is too long");
	memset(text, 'p', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	bad_line(text, "too long");
	line("joe:secret:U:G::.:", user(), NULL);
	line("joe:secret:U:G::.:\r", user(), NULL);
	line(
	    "JOE:secret:U:G:A Gecos, field:/home/joe:/bin/false", user(), NULL);
	line("joe:sec ret \\ \":U:G::.:", user(), NULL);
}

/* ---- whose file --------------------------------------------------------- */

static void
uid_rules(void)
{
	if (!is_root()) {
		skip("needs root to own files", "row 28: root's own file");
		return;
	}
	line("joe:secret:4711:4711::.:", 0, NULL);
	line("joe:secret:0:0::.:", 0, "uid 0");
	rules.least_uid = 100;
	line("joe:secret:99:4711::.:", 0, "--min-uid");
	line("joe:secret:100:4711::.:", 0, NULL);
	rules.least_uid = 1;
}

static void
opens(enum account_search expected, const char *fault, const char *what)
{
	struct passwd_file file;

	is_number(passwd_open(&file, &rules, DOMAIN), expected,
	    "row 28: %s is %s", what,
	    expected == ACCOUNT_FOUND ? "read" : "not read");
	if (fault != NULL)
		ok(file.fault != NULL && strstr(file.fault, fault) != NULL,
		    "row 28: the fault says: %s", fault);
	passwd_close(&file);
}

static void
unsafe_files(void)
{
	write_file("joe:a:U:G::.:\n", user());
	opens(ACCOUNT_FOUND, NULL, "an ordinary file");
	chmod(FILE_NAME, 0640);
	opens(ACCOUNT_FOUND, NULL, "a file that a group can read");
	chmod(FILE_NAME, 0620);
	opens(ACCOUNT_TROUBLE, "writable", "a file that a group can write");
	chmod(FILE_NAME, 0602);
	opens(ACCOUNT_TROUBLE, "writable", "a file that all can write");
	chmod(FILE_NAME, 0600);
	chmod("etc/" DOMAIN, 0775);
	opens(ACCOUNT_TROUBLE, "directory", "a file where a group can write");
	chmod("etc/" DOMAIN, 0757);
	opens(ACCOUNT_TROUBLE, "directory", "a file where all can write");
	chmod("etc/" DOMAIN, 0755);
	unlink(FILE_NAME);
	opens(ACCOUNT_TROUBLE, "opened", "a missing file");
	box_directory(FILE_NAME, 0700);
	opens(ACCOUNT_TROUBLE, "regular", "a directory");
	remove(FILE_NAME);
	if (mkfifo(FILE_NAME, 0600) == -1)
		bail_out("mkfifo");
	opens(ACCOUNT_TROUBLE, "regular", "a FIFO");
	remove(FILE_NAME);
}

static void
links_and_owners(void)
{
	struct passwd_file file;

	write_file("joe:a:U:G::.:\n", user());
	move(FILE_NAME, "home");
	if (symlink("../../home", FILE_NAME) == -1)
		bail_out("symlink");
	opens(ACCOUNT_FOUND, NULL, "a link to a user's own file");
	chmod("home", 0622);
	opens(
	    ACCOUNT_TROUBLE, "writable", "a link to a file that others write");
	unlink(FILE_NAME);
	unlink("home");
	write_file("joe:a:U:G::.:\n", user());
	if (is_root()) {
		give("etc/" DOMAIN, STRANGER + 1);
		opens(ACCOUNT_TROUBLE, "another user",
		    "a file in a third one's directory");
		give("etc/" DOMAIN, 0);
	} else {
		skip("needs root to own files", "row 28: a third one's");
	}
	is_number(passwd_open(&file, &rules, "no.such.domain"),
	    ACCOUNT_NO_DOMAIN, "a domain without directory is none");
	passwd_close(&file);
	box_write_text("etc/file", "");
	is_number(passwd_open(&file, &rules, "file"), ACCOUNT_NO_DOMAIN,
	    "a file is no domain");
	passwd_close(&file);
}

/* ---- what the password field is ----------------------------------------- */

static void
field(const char *format, const char *text, enum secret_kind kind,
    const char *secret, bool is_locked)
{
	char content[800];
	struct passwd_file file;
	struct record record;

	snprintf(content, sizeof(content), "joe:%s%s\n", text, format);
	write_file(content, user());
	if (passwd_open(&file, &rules, DOMAIN) != ACCOUNT_FOUND)
		bail_out("passwd_open");
	is_number(passwd_next(&file, &record), PASSWD_GOOD, "line joe:%s%s",
	    text, format);
	is_number(record.kind, kind, "rows 22, 23: its secret is of kind %u",
	    (unsigned int)kind);
	is_text(
	    record.secret, secret, "rows 22, 23: and is compared with this");
	is_number(record.refusal != NULL, is_locked, "row 23: it is %s",
	    is_locked ? "locked" : "open");
	is_number(record.account.uid, user(), "its uid is the user's");
	passwd_close(&file);
}

static void
secrets(void)
{
	static const char seven[] = ":U:G::.:";

	field(seven, "secret", SECRET_PLAIN, "secret", false);
	field(seven, "abcdefghijklm", SECRET_PLAIN, "abcdefghijklm", false);
	field(seven, "$6$salt$hash", SECRET_HASH, "$6$salt$hash", false);
	field(seven, "{PLAIN}$6$salt", SECRET_PLAIN, "$6$salt", false);
	field(seven, "{PLAIN}x", SECRET_PLAIN, "x", false);
	field(
	    seven, "{CRYPT}abcdefghijklm", SECRET_HASH, "abcdefghijklm", false);
	field(seven, "", SECRET_NONE, "", true);
	field(seven, "x", SECRET_NONE, "", true);
	field(seven, "*", SECRET_NONE, "", true);
	field(seven, "!", SECRET_NONE, "", true);
	field(seven, "!$6$salt$hash", SECRET_NONE, "", true);
	field("", "abcdefghijklm", SECRET_HASH, "abcdefghijklm", false);
	field("", "{PLAIN}secret", SECRET_PLAIN, "secret", false);
	field("", "x", SECRET_NONE, "", true);
}

/* ---- whole files -------------------------------------------------------- */

static int
count_good(void)
{
	struct passwd_file file;
	struct record record;
	enum passwd_line kind;
	int good = 0;

	if (passwd_open(&file, &rules, DOMAIN) != ACCOUNT_FOUND)
		bail_out("passwd_open");
	while ((kind = passwd_next(&file, &record)) != PASSWD_END)
		good += kind == PASSWD_GOOD;
	passwd_close(&file);
	return good;
}

static void
odd_files(void)
{
	struct bytes content = { 0 };

	write_file("", user());
	is_number(count_good(), 0, "an empty file has no users");
	write_file("# joe:a:U:G::.:\n\n#\n\nann:a:U:G::.:\n", user());
	is_number(count_good(), 1, "comments and empty lines are passed over");
	write_file("joe:a:U:G::.:\nann:b:U:G::.:", user());
	is_number(count_good(), 2, "row 28: the last line needs no end");
	write_file("joe:a:U:G::.:\r\nann:b:U:G::.:\r\n", user());
	is_number(count_good(), 2, "row 28: lines may end in CR LF");
	write_file("", user());
	bytes_fill(&content, 'x', 10000000);
	bytes_add(&content, "\n#\0\njoe\0:\n", 10);
	box_write(FILE_NAME, &content);
	box_append_text(FILE_NAME, "ann:{PLAIN}a\n");
	is_number(count_good(), 1,
	    "row 28: a line of 10 MB and lines with NULs are passed over");
	bytes_free(&content);
}

static void
searching(void)
{
	struct account account;

	write_file(
	    "broken\njoe:a:U:G::/home/one:\njoe:b:U:G::/home/two:\n", user());
	is_number(account_find(&rules, "joe", DOMAIN, &account), ACCOUNT_FOUND,
	    "a user is found behind a broken line");
	is_text(
	    account.home, "/home/one", "row 28: of two lines the first one");
	is_text(account.name, "joe@" DOMAIN, "his name has the domain");
	is_number(account_find(&rules, "ann", DOMAIN, &account),
	    ACCOUNT_UNKNOWN, "who is not there is unknown");
	is_number(account_find(&rules, "joe", "../" DOMAIN, &account),
	    ACCOUNT_NO_DOMAIN, "row 21: a path is no domain");
	is_number(account_find(&rules, "../joe", DOMAIN, &account),
	    ACCOUNT_UNKNOWN, "row 21: a path is no user");
}

static void
logged(void)
{
	struct bytes log = { 0 };

	box_read("log", &log);
	ok(bytes_have(&log, "/etc/" DOMAIN "/passwd: line 1 skipped: "),
	    "row 28: a broken line is logged with file name and number");
	ok(!bytes_have(&log, "line 2") && !bytes_have(&log, "line 3"),
	    "row 28: good lines are not");
	bytes_free(&log);
}

static void
spool_owner(void)
{
	write_file("joe:abcdefghijklm\nann:abcdefghijklm\n", user());
	is_number(count_good(), 2, "two-field lines get the spool's owner");
	move("spool/" DOMAIN, "aside");
	is_number(count_good(), 0, "without a spool directory they are bad");
	move("aside", "spool/" DOMAIN);
}

int
main(void)
{
	box_open();
	box_log_to("log");
	set_up();
	searching();
	logged();
	lines();
	uid_rules();
	unsafe_files();
	links_and_owners();
	secrets();
	odd_files();
	spool_owner();
	return done();
}
