/* admin/change: one user is changed, if nobody else has changed him since. */
#include "config.h"

#include "accounts.h"
#include "admin/private.h"
#include "box.h"
#include "support/text.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "etc/kvt.dk/passwd"
#define SECRET                             \
	"00112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddeeff\n"
#define HASH "$6$x$y"

static struct admin admin;
static char spool[300];

static void
give(const char *name)
{
	if (is_root() && chown(name, STRANGER, STRANGER) == -1)
		bail_out(name);
}

static void
write_text(const char *name, const char *text, mode_t mode)
{
	box_write_text(name, text);
	chmod(name, mode);
	give(name);
}

/* A domain with joe, and with ann, who has a line of two fields. */
static void
begin(const char *mark)
{
	struct bytes file = { 0 };

	bytes_add_text(&file, mark);
	accounts_add(&file, "joe", HASH);
	bytes_add_text(&file, "ann:" HASH "\n");
	write_text(FILE_NAME, file.data, 0600);
	bytes_free(&file);
	write_text("etc/kvt.dk/secret", SECRET, 0600);
}

static struct change
a_change(enum change_kind kind, const char *user)
{
	struct change change = { .kind = kind };

	text_copy(change.user, sizeof(change.user), user);
	text_copy(change.domain, sizeof(change.domain), "kvt.dk");
	return change;
}

static void
file_has(const char *text, bool is_there, const char *what)
{
	struct bytes found = { 0 };

	box_read(FILE_NAME, &found);
	ok(bytes_have(&found, text) == is_there, "%s", what);
	bytes_free(&found);
}

/* ---- the line that was seen --------------------------------------------- */

static void
digests(void)
{
	char joe[CHANGE_DIGEST_SIZE], again[CHANGE_DIGEST_SIZE];

	begin("# a comment\n");
	is_number(change_seen(&admin, "kvt.dk", "joe", joe), 0,
	    "the line of a user has a digest");
	is_number(strlen(joe), CHANGE_DIGEST_SIZE - 1, "of this length");
	is_number(
	    change_seen(&admin, "kvt.dk", "ann", again), 0, "another line");
	ok(strcmp(joe, again) != 0, "has another one");
	is_number(change_seen(&admin, "kvt.dk", "bob", again), -1,
	    "who is not there has none");
	is_number(errno, ENOENT, "so it is said");
	begin("# another comment\n");
	is_number(change_seen(&admin, "kvt.dk", "joe", again), 0,
	    "other lines may change");
	is_text(again, joe, "and the digest is the same");
	unlink("etc/kvt.dk/secret");
	is_number(change_seen(&admin, "kvt.dk", "joe", again), -1,
	    "without a secret there is none");
	is_number(errno, ENOKEY, "that is no user who is not there");
}

static void
conflicts(void)
{
	struct change change = a_change(CHANGE_SET, "joe");

	begin("");
	change_seen(&admin, "kvt.dk", "joe", change.seen);
	change.name = "Joe";
	is_number(change_make(&admin, &change), CHANGE_DONE,
	    "what was seen can be changed");
	file_has(":Joe:", true, "and it is");
	change.name = "Joseph";
	is_number(change_make(&admin, &change), CHANGE_CONFLICT,
	    "once: then it is another line");
	file_has("Joseph", false, "which stays");
	change.seen[0] = '\0';
	is_number(change_make(&admin, &change), CHANGE_DONE,
	    "who has not looked changes whatever is there");
	file_has(":Joseph:", true, "he does");
}

/* ---- what can be -------------------------------------------------------- */

static void
adds_and_removes(void)
{
	struct change change = a_change(CHANGE_ADD, "bob");
	char wanted[200];

	begin("");
	snprintf(wanted, sizeof(wanted), "\nbob:" HASH ":%u:%u:Bob B::b@x.dk\n",
	    is_root() ? STRANGER : geteuid(), is_root() ? STRANGER : getegid());
	change.password = HASH;
	change.name = "Bob B";
	change.forward = "b@x.dk";
	admin.is_dry = true;
	is_number(change_make(&admin, &change), CHANGE_DONE,
	    "it can be tried whether a user can be added");
	admin.is_dry = false;
	file_has("bob", false, "which adds nobody");
	is_number(change_make(&admin, &change), CHANGE_DONE,
	    "a user is added with all that is said of him");
	file_has(wanted, true, "in one line");
	is_number(change_make(&admin, &change), CHANGE_EXISTS, "once");
	is_number(change_make_again(&admin, &change), CHANGE_DONE,
	    "but who was cut off finds that it is done");
	change.name = "Bob";
	is_number(change_make_again(&admin, &change), CHANGE_EXISTS,
	    "not if it is something else");
	change = a_change(CHANGE_REMOVE, "bob");
	is_number(
	    change_make(&admin, &change), CHANGE_DONE, "a user is removed");
	file_has("bob", false, "he is gone");
	is_number(change_make(&admin, &change), CHANGE_NO_USER, "for good");
	is_number(change_make_again(&admin, &change), CHANGE_DONE,
	    "which who was cut off takes for done");
}

static void
refuses(void)
{
	struct change change = a_change(CHANGE_SET, "ann");
	char name[ACCOUNT_GECOS_SIZE + 1];

	begin("");
	change.name = "Ann";
	is_number(change_make(&admin, &change), CHANGE_NO_FIELD,
	    "a line of two fields has no name");
	change = a_change(CHANGE_SET, "joe");
	change.name = "a:b";
	is_number(change_make(&admin, &change), CHANGE_UNSOUND,
	    "a colon cannot stand in a field");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	change.name = name;
	is_number(
	    change_make(&admin, &change), CHANGE_TOO_LONG, "names have an end");
	change = a_change(CHANGE_SET, "joe");
	change.forward = "|/bin/sh";
	is_number(change_make(&admin, &change), CHANGE_UNSOUND,
	    "a command is no address");
	change = a_change(CHANGE_SET, "joe");
	change.password = "new";
	is_number(change_make(&admin, &change), CHANGE_UNSOUND,
	    "a password is stored in a way that says what it is");
	change.password = "{PLAIN}new";
	is_number(change_make(&admin, &change), CHANGE_FORBIDDEN,
	    "as it is only where the domain wants that");
	change = a_change(CHANGE_REMOVE, "postmaster");
	is_number(
	    change_make(&admin, &change), CHANGE_FORBIDDEN, "postmaster stays");
	change = a_change(CHANGE_ADD, "bob");
	is_number(change_make(&admin, &change), CHANGE_UNSOUND,
	    "a new user needs a password");
	text_copy(change.domain, sizeof(change.domain), "other.dk");
	change.password = HASH;
	is_number(change_make(&admin, &change), CHANGE_TROUBLE,
	    "there must be a domain");
	is_number(errno, ENOENT, "else it is said that there is none");
}

static void
apop(void)
{
	struct change change = a_change(CHANGE_SET, "joe");
	char sealed[ACCOUNT_HASH_SIZE];

	begin("# virtdomain: owner=joe way=recipe\n");
	ok(!domain_wants_apop(&admin, "kvt.dk"), "a domain wants no APOP");
	is_number(change_seal(&admin, "kvt.dk", "a:b", sealed), 0,
	    "so a password may have a colon");
	is_number(sealed[0], '$', "it becomes a hash");
	begin("# virtdomain: owner=joe way=recipe apop=yes\n");
	ok(domain_wants_apop(&admin, "kvt.dk"), "unless its mark says so");
	is_number(change_seal(&admin, "kvt.dk", "my own", sealed), 0,
	    "then a password");
	is_text(sealed, "{PLAIN}my own", "is stored as it is");
	change.password = sealed;
	is_number(change_make(&admin, &change), CHANGE_DONE, "and may be set");
	is_number(change_seal(&admin, "kvt.dk", "a:b", sealed), -1,
	    "but it has no colon");
	is_number(errno, EINVAL, "that is said");
	begin("joe:# virtdomain: owner=joe way=recipe apop=yes\n");
	ok(!domain_wants_apop(&admin, "kvt.dk"), "only the mark says so");
}

/* ---- looking ------------------------------------------------------------ */

static void
looks(void)
{
	struct change change = a_change(CHANGE_SET, "joe");
	struct account_fault fault;
	struct user user;

	begin("");
	change.name = "Joe";
	change.forward = "mailbox,a@x.dk";
	is_number(change_make(&admin, &change), CHANGE_DONE, "joe is changed");
	is_number(user_find(&admin, "kvt.dk", "joe", &user, &fault),
	    ACCOUNT_FOUND, "and is found");
	is_text(user.line.account.name, "joe@kvt.dk", "by his address");
	is_text(user.line.gecos, "Joe", "with his name");
	ok(user.forward.keeps && user.forward.count == 1, "and both places");
	is_text(user.forward.addresses[0], "a@x.dk", "of his mail");
	is_number(user.size, -1, "his mailbox is not there");
	write_text("spool/kvt.dk/joe", "From a\n\n", 0600);
	is_number(user_find(&admin, "kvt.dk", "joe", &user, &fault),
	    ACCOUNT_FOUND, "when it is");
	is_number(user.size, 8, "its size is known");
	ok(user.last_read > 0, "and when it was read");
	is_number(user_find(&admin, "kvt.dk", "bob", &user, &fault),
	    ACCOUNT_UNKNOWN, "who is not there is not found");
	is_number(user_find(&admin, "x.dk", "bob", &user, &fault),
	    ACCOUNT_NO_DOMAIN, "nor is a domain");
}

static void
secrets(void)
{
	unsigned char secret[DOMAIN_SECRET_SIZE];
	const char *why;

	begin("");
	is_number(
	    domain_secret(&admin, "kvt.dk", secret), 0, "the secret is read");
	is_number(secret[31], 0xff, "to its end");
	is_number(change_way(&admin, "kvt.dk", &why), CHANGE_DIRECTLY,
	    "who may edit the file edits it");
	is_number(change_way(&admin, "x.dk", &why), CHANGE_NOT,
	    "where there is none nobody does");
	is_text(why, "there is no such domain", "it is said why");
	chmod("etc/kvt.dk/secret", 0604);
	is_number(domain_secret(&admin, "kvt.dk", secret), -1,
	    "a secret that all can read is none");
	is_number(errno, EPERM, "that is said");
	write_text("etc/kvt.dk/secret", "0011\n", 0600);
	is_number(domain_secret(&admin, "kvt.dk", secret), -1,
	    "nor is half a secret");
	is_number(errno, EBADMSG, "that is said too");
	is_number(domain_secret(&admin, "../etc/kvt.dk", secret), -1,
	    "a path is no domain");
}

int
main(void)
{
	static char etc[300];
	struct admin_places places = { .virtual_directory = etc,
		.virtual_spool = spool,
		.server = "mail.kvt.dk" };
	struct client client;

	box_open();
	(void)accounts_open();
	snprintf(etc, sizeof(etc), "%s/etc", box_path());
	snprintf(spool, sizeof(spool), "%s/spool", box_path());
	chmod(box_path(), 0755);
	box_directory("etc/kvt.dk", 0755);
	give("etc/kvt.dk");
	box_directory("spool", 0755);
	box_directory("spool/kvt.dk", 0700);
	give("spool/kvt.dk");
	ok(admin_fill(&admin, &places), "places are taken");
	admin.rules.least_uid = 1;
	client_settings(&admin, "joe@kvt.dk", &client);
	is_text(client.server, "mail.kvt.dk", "a server that is said is taken");
	is_text(client.user_name, "joe@kvt.dk", "the user name is the address");
	digests();
	conflicts();
	adds_and_removes();
	refuses();
	apop();
	looks();
	secrets();
	return done();
}
