/* The command line of virtual(8). */
#include "config.h"

#include "delivery/delivery.h"
#include "mbox/mbox.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct option long_options[] = {
	{ "sender", required_argument, NULL, 'f' },
	{ "recipient", required_argument, NULL, 'r' },
	{ "virtual-dir", required_argument, NULL, 'd' },
	{ "virtual-spool", required_argument, NULL, 's' },
	{ "lock", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "Usage: virtual [OPTION]... < MESSAGE\n"
    "Deliver a message to the mailbox of a virtual user.  See virtual(8).\n"
    "\n"
    "  -f, --sender=SENDER       envelope sender (environment: SENDER)\n"
    "  -r, --recipient=USER@DOMAIN  recipient (environment: EXTENSION as\n"
    "                            user--domain, else ORIGINAL_RECIPIENT)\n"
    "      --virtual-dir=DIR     passwd files (" DEFAULT_VIRTUAL_DIR ")\n"
    "      --virtual-spool=DIR   mailboxes (" DEFAULT_VIRTUAL_SPOOL ")\n"
    "      --lock=METHODS        dotlock,fcntl,flock (dotlock,fcntl)\n"
    "  -h, --help                this text\n"
    "  -v, --version             version and licence\n"
    "\n"
    "Exit status: 0 delivered, 67 no such user, 75 try again later.\n";

static const char version[] =
    "virtual (gnu-pop3d) " PACKAGE_VERSION "\n"
    "Licence GPLv3+: GNU GPL version 3 or later.  There is NO WARRANTY.\n";

static void fail(const char *what, const char *value) __attribute__((noreturn));

static void
fail(const char *what, const char *value)
{
	printf("4.3.5 virtual: %s%s; see virtual --help\n", what, value);
	exit(EX_TEMPFAIL);
}

static void print_and_exit(const char *text) __attribute__((noreturn));

static void
print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		exit(EX_TEMPFAIL);
	exit(EX_OK);
}

static const char *
path(const char *text)
{
	if (text[0] != '/')
		fail("not an absolute path: ", text);
	return text;
}

static void
set_option(struct delivery *delivery, int option, const char *value,
    const char *argument)
{
	switch (option) {
	case 'f':
		delivery->sender = value;
		return;
	case 'r':
		delivery->recipient = value;
		return;
	case 'd':
		delivery->rules.virtual_directory = path(value);
		return;
	case 's':
		delivery->rules.virtual_spool = path(value);
		return;
	case 'l':
		if (!mbox_parse_lock_methods(value, &delivery->lock_methods))
			fail("--lock does not know ", value);
		return;
	case 'h':
		print_and_exit(help);
	case 'v':
		print_and_exit(version);
	default:
		fail("unknown option or missing value: ", argument);
	}
}

void
delivery_parse(struct delivery *delivery, int argc, char **argv)
{
	int option;

	memset(delivery, 0, sizeof(*delivery));
	delivery->rules.virtual_directory = DEFAULT_VIRTUAL_DIR;
	delivery->rules.virtual_spool = DEFAULT_VIRTUAL_SPOOL;
	delivery->rules.mail_spool = DEFAULT_MAIL_SPOOL;
	delivery->rules.home_mailbox = "";
	delivery->rules.default_domain = "";
	delivery->rules.least_uid = 1;
	delivery->lock_methods = MBOX_LOCK_DEFAULT;
	delivery->sender = getenv("SENDER");
	opterr = 0; /* the first line of output begins with a status code */
	while ((option = getopt_long(
		    argc, argv, "f:r:hv", long_options, NULL)) != -1)
		set_option(delivery, option, optarg, argv[optind - 1]);
	if (optind < argc)
		fail("superfluous argument ", argv[optind]);
}
