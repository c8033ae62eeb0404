/* delivery/recipient: whom a message is for (row 21). */
#include "config.h"

#include "box.h"
#include "delivery/private.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static struct delivery delivery;
static char virtual_directory[256];

static void
set_up(void)
{
	static const char *const domains[] = { "kvt.dk",
		"xn--bcher-kva.example", "b--c.dk", "c.dk", "dk--kvt.dk",
		"sub.kvt.dk", "tld" };
	size_t i;

	snprintf(
	    virtual_directory, sizeof(virtual_directory), "%s/etc", box_path());
	delivery.rules.virtual_directory = virtual_directory;
	box_directory("etc", 0755);
	for (i = 0; i < sizeof(domains) / sizeof(*domains); i++) {
		char name[300];

		snprintf(name, sizeof(name), "etc/%s", domains[i]);
		box_directory(name, 0755);
	}
	box_write_text("etc/file.dk", "");
	box_directory("secret", 0755);
}

static void
set(const char *name, const char *value)
{
	if (value == NULL)
		unsetenv(name);
	else
		setenv(name, value, 1);
}

/* The recipient as "user at domain", or the exit status. */
static const char *
find(const char *extension, const char *original, const char *argument)
{
	static char text[600];
	struct recipient recipient;
	struct outcome outcome = { 0 };

	set("EXTENSION", extension);
	set("ORIGINAL_RECIPIENT", original);
	delivery.recipient = argument;
	if (recipient_find(&delivery, &recipient, &outcome) == 0)
		snprintf(text, sizeof(text), "%s at %s", recipient.user,
		    recipient.domain);
	else
		snprintf(text, sizeof(text), "%d %.5s", outcome.status,
		    outcome.text);
	return text;
}

#define NOBODY "67 5.1.1"

static void
extension(const char *text, const char *expected)
{
	is_text(find(text, NULL, NULL), expected, "EXTENSION=%.60s is for %s",
	    text, expected);
}

static void
address(const char *text, const char *expected)
{
	is_text(find(NULL, text, NULL), expected,
	    "ORIGINAL_RECIPIENT=%.60s is for %s", text, expected);
	is_text(find("ann--c.dk", "ann@c.dk", text), expected,
	    "-r %.60s is for %s, whatever the environment", text, expected);
}

static void
extensions(void)
{
	extension("joe--kvt.dk", "joe at kvt.dk");
	extension("JOE--Kvt.DK", "joe at kvt.dk");
	extension("joe--x--kvt.dk", "joe--x at kvt.dk");
	extension("a--b--c.dk", "a--b at c.dk");
	extension("joe--dk--kvt.dk", "joe--dk at kvt.dk");
	extension("joe--xn--bcher-kva.example", "joe at xn--bcher-kva.example");
	extension("xn--joe--xn--bcher-kva.example",
	    "xn--joe at xn--bcher-kva.example");
	extension("joe---kvt.dk", "joe- at kvt.dk");
	extension("joe--def.kvt.dk", "joe at kvt.dk");
	extension("joe--a.b.c.d.kvt.dk", "joe at kvt.dk");
	extension("joe--x.sub.kvt.dk", "joe at sub.kvt.dk");
	extension("joe+x--kvt.dk", "joe+x at kvt.dk");
	extension("joe-kvt.dk", NOBODY);
	extension("joe", NOBODY);
	extension("", NOBODY);
	extension("--kvt.dk", NOBODY);
	extension("joe--", NOBODY);
	extension("--", NOBODY);
	extension("joe--no.such.domain", NOBODY);
	extension("joe--file.dk", NOBODY);
	extension("joe--kvt.dk.", NOBODY);
	extension("joe--kvtXdk", NOBODY);
}

static void
paths(void)
{
	extension("joe--../secret", NOBODY);
	extension("joe--..", NOBODY);
	extension("joe--.", NOBODY);
	extension("joe--/", NOBODY);
	extension("joe--x/../kvt.dk", NOBODY);
	extension("joe--../etc/kvt.dk", NOBODY);
	extension("../joe--kvt.dk", NOBODY);
	extension("a/b--kvt.dk", NOBODY);
	extension(".hidden--kvt.dk", NOBODY);
	extension("joe.lock--kvt.dk", NOBODY);
	extension("joe.new--kvt.dk", NOBODY);
	extension("joe.old--kvt.dk", NOBODY);
	extension("j\xc3\xb8--kvt.dk", NOBODY);
	extension("jo e--kvt.dk", NOBODY);
	extension("joe\n--kvt.dk", NOBODY);
	extension("%n--kvt.dk", NOBODY);
	address("../joe@kvt.dk", NOBODY);
	address("joe@../etc/kvt.dk", NOBODY);
	address("joe@../secret", NOBODY);
	address("\"../../etc/x\"@kvt.dk", NOBODY);
}

static void
addresses(void)
{
	address("joe@kvt.dk", "joe at kvt.dk");
	address("Joe@KVT.dk", "joe at kvt.dk");
	address("abc@def.kvt.dk", "abc at kvt.dk");
	address("abc@x.sub.kvt.dk", "abc at sub.kvt.dk");
	address("joe--x@kvt.dk", "joe--x at kvt.dk");
	address("joe", NOBODY);
	address("@kvt.dk", NOBODY);
	address("joe@", NOBODY);
	address("joe@x@kvt.dk", NOBODY);
	address("joe@example.org", NOBODY);
}

static void
lengths(void)
{
	char text[1000];
	size_t length;
	int wrong = 0;

	for (length = 1; length < 600; length++) {
		char expected[700];

		memset(text, 'a', length);
		strcpy(text + length, "@kvt.dk");
		snprintf(expected, sizeof(expected), "%.*s at kvt.dk",
		    (int)length, text);
		wrong += strcmp(find(NULL, NULL, text),
			     length <= 64 ? expected : NOBODY) != 0;
		strcpy(text + length, "--kvt.dk");
		wrong += strcmp(find(text, NULL, NULL),
			     length <= 64 ? expected : NOBODY) != 0;
	}
	is_number(
	    wrong, 0, "row 21: users have up to 64 octets, never cut off");
}

static void
environment(void)
{
	is_text(find("joe--kvt.dk", "ann@c.dk", NULL), "joe at kvt.dk",
	    "EXTENSION goes before ORIGINAL_RECIPIENT");
	is_text(find("", "ann@c.dk", NULL), "ann at c.dk",
	    "without an extension ORIGINAL_RECIPIENT counts");
	is_text(find(NULL, NULL, NULL), "75 4.3.5",
	    "without any recipient the mail waits");
	if (rename("etc", "aside") == -1)
		bail_out("rename");
	is_text(find("joe--kvt.dk", NULL, NULL), "75 4.3.0",
	    "where the virtual directory is missing the mail waits");
	is_text(find(NULL, NULL, "joe@kvt.dk"), "75 4.3.0", "with -r too");
	if (rename("aside", "etc") == -1)
		bail_out("rename");
}

int
main(void)
{
	box_open();
	set_up();
	extensions();
	paths();
	addresses();
	lengths();
	environment();
	return done();
}
