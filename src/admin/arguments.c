/* The command line of virtdomain(8). */
#include "config.h"

#include "admin/private.h"
#include "mbox/mbox.h"
#include "support/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct option long_options[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "purge", no_argument, NULL, 'p' },
	{ "rootdir", required_argument, NULL, 'R' },
	{ "recipient", required_argument, NULL, 'r' },
	{ "virtual-dir", required_argument, NULL, 'd' },
	{ "virtual-spool", required_argument, NULL, 's' },
	{ "state-dir", required_argument, NULL, 'w' },
	{ "postfix-dir", required_argument, NULL, 'c' },
	{ "delivery", required_argument, NULL, 'e' },
	{ "sender", required_argument, NULL, 'f' },
	{ "lock", required_argument, NULL, 'l' },
	{ "sendmail", required_argument, NULL, 'm' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "Usage: virtdomain [OPTION]... COMMAND\n"
    "Make, change and remove virtual domains.  See virtdomain(8).\n"
    "\n"
    "CREATE DOMAIN OWNER PASSWORD          owner's .forward files deliver\n"
    "CREATE DOMAIN OWNER PASSWORD postfix  a transport of Postfix delivers\n"
    "DELETE DOMAIN OWNER PASSWORD          the mail is kept aside\n"
    "list [DOMAIN]                         all domains, or the users of one\n"
    "show USER@DOMAIN\n"
    "add USER@DOMAIN [PASSWORD]\n"
    "passwd USER@DOMAIN [PASSWORD]\n"
    "remove USER@DOMAIN                    the mailbox stays\n"
    "forward USER@DOMAIN [ADDRESS]...      mailbox: keep it here, too\n"
    "web DOMAIN USER                       USER's pages may read the domain\n"
    "web DOMAIN off\n"
    "apop DOMAIN yes|no                    passwords are kept as they are\n"
    "[MAILBOUNCE]                          deliver the message on standard\n"
    "                                      input; without that word, mail to\n"
    "                                      unknown users is postmaster's\n"
    "\n"
    "With CREATE and DELETE the password is that of postmaster, the first\n"
    "user of a domain.  - asks for it, or reads it from standard input; so\n"
    "do add and passwd without a password.\n"
    "\n"
    "  -n, --dry-run             say what would be done, and do nothing\n"
    "      --purge               with DELETE and remove: mail goes as well\n"
    "      --rootdir=DIR         act on the system below DIR\n"
    "      --virtual-dir=DIR     passwd files (" DEFAULT_VIRTUAL_DIR ")\n"
    "      --virtual-spool=DIR   mailboxes (" DEFAULT_VIRTUAL_SPOOL ")\n"
    "      --state-dir=DIR       what pages remember (" DEFAULT_WEB_STATE ")\n"
    "      --postfix-dir=DIR     files of Postfix (/etc/postfix)\n"
    "      --delivery=COMMAND    what delivers (virtdomain MAILBOUNCE)\n"
    "  -f, --sender=SENDER       of a message (environment: SENDER)\n"
    "  -r, --recipient=USER@DOMAIN  of a message (environment: EXTENSION)\n"
    "      --lock=METHODS        dotlock,fcntl,flock (dotlock,fcntl)\n"
    "      --sendmail=PATH       forwards mail (" DEFAULT_SENDMAIL ")\n"
    "  -h, --help                this text\n"
    "  -v, --version             version and licence\n"
    "\n"
    "Exit status: that of sysexits.h.\n";

static const char version[] =
    "virtdomain (gnu-pop3d) " PACKAGE_VERSION "\n"
    "Licence GPLv3+: GNU GPL version 3 or later.  There is NO WARRANTY.\n";

static void print_and_exit(const char *text) __attribute__((noreturn));

static void
print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		exit(EX_IOERR);
	exit(EX_OK);
}

/* Postfix gives one of these in the environment, or it is told to call with one
 * of these words. */
static bool
is_mail(char **argv)
{
	if (getenv("EXTENSION") != NULL || getenv("ORIGINAL_RECIPIENT") != NULL)
		return true;
	for (; *argv != NULL; argv++)
		if (strcmp(*argv, "MAILBOUNCE") == 0 ||
		    strcmp(*argv, "-r") == 0 ||
		    strncmp(*argv, "--recipient", strlen("--recipient")) == 0)
			return true;
	return false;
}

static void mistake(const struct admin *admin, const char *what,
    const char *value) __attribute__((noreturn));

/* A mistake must not make Postfix return mail. */
static void
mistake(const struct admin *admin, const char *what, const char *value)
{
	exit(fail(admin->is_mail ? EX_TEMPFAIL : EX_USAGE,
	    "%s '%s'; see virtdomain --help", what, value));
}

static const char *
path(const struct admin *admin, const char *text)
{
	if (text[0] != '/')
		mistake(admin, "not an absolute path:", text);
	return text;
}

/* The command stands in quotes in a .forward file, without a shell. */
static const char *
command(const struct admin *admin, const char *text)
{
	const char *p;

	path(admin, text);
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '"' || *p == '\\')
			mistake(admin, "quotes or line ends in", text);
	return text;
}

/* How a message is delivered. */
static bool
set_message(struct admin *admin, int option, const char *value)
{
	switch (option) {
	case 'f':
		admin->sender = value;
		return true;
	case 'r':
		admin->recipient = value;
		return true;
	case 'm':
		admin->sendmail = path(admin, value);
		return true;
	case 'l':
		if (!mbox_parse_lock_methods(value, &admin->lock_methods))
			mistake(admin, "--lock does not know", value);
		return true;
	}
	return false;
}

static void
set_option(struct admin *admin, struct admin_places *places, int option,
    const char *value, const char *argument)
{
	switch (option) {
	case 'n':
		admin->is_dry = true;
		return;
	case 'p':
		admin->purges = true;
		return;
	case 'R':
		admin->root = strcmp(path(admin, value), "/") == 0 ? "" : value;
		return;
	case 'd':
		places->virtual_directory = path(admin, value);
		return;
	case 's':
		places->virtual_spool = path(admin, value);
		return;
	case 'c':
		places->postfix = path(admin, value);
		return;
	case 'w':
		places->state_directory = path(admin, value);
		return;
	case 'e':
		admin->delivery = command(admin, value);
		return;
	case 'h':
		print_and_exit(help);
	case 'v':
		print_and_exit(version);
	default:
		mistake(admin, "unknown option, or no value for", argument);
	}
}

int
arguments_parse(struct admin *admin, int argc, char **argv)
{
	struct admin_places places;
	int option;

	memset(&places, 0, sizeof(places));
	(void)admin_fill(admin, &places);
	admin->is_mail = is_mail(argv + 1);
	while ((option = getopt_long(
		    argc, argv, "nf:r:hv", long_options, NULL)) != -1)
		if (!set_message(admin, option, optarg))
			set_option(
			    admin, &places, option, optarg, argv[optind - 1]);
	if (!fill_directories(admin, &places))
		mistake(admin, "a path is too long below", admin->root);
	return optind;
}
