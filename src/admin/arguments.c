/* The command line of virtdomain(8). */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct option long_options[] = {
	{ "dry-run", no_argument, NULL, 'n' },
	{ "purge", no_argument, NULL, 'p' },
	{ "rootdir", required_argument, NULL, 'r' },
	{ "virtual-dir", required_argument, NULL, 'd' },
	{ "virtual-spool", required_argument, NULL, 's' },
	{ "postfix-dir", required_argument, NULL, 'c' },
	{ "delivery", required_argument, NULL, 'e' },
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
    "\n"
    "The password is that of postmaster, the first user of a domain.  If it\n"
    "is -, or not there, it is asked for or read from standard input.\n"
    "\n"
    "  -n, --dry-run             say what would be done, and do nothing\n"
    "      --purge               with DELETE and remove: mail goes as well\n"
    "      --rootdir=DIR         act on the system below DIR\n"
    "      --virtual-dir=DIR     passwd files (" DEFAULT_VIRTUAL_DIR ")\n"
    "      --virtual-spool=DIR   mailboxes (" DEFAULT_VIRTUAL_SPOOL ")\n"
    "      --postfix-dir=DIR     files of Postfix (/etc/postfix)\n"
    "      --delivery=COMMAND    what delivers mail (" VIRTUAL_PROGRAM ")\n"
    "  -h, --help                this text\n"
    "  -v, --version             version and licence\n"
    "\n"
    "Exit status: that of sysexits.h; 0 if all is as it was asked for.\n";

static const char version[] =
    "virtdomain (gnu-pop3d) " PACKAGE_VERSION "\n"
    "Licence GPLv3+: GNU GPL version 3 or later.  There is NO WARRANTY.\n";

/* Paths as they are given, before --rootdir is put in front. */
struct paths {
	const char *virtual_directory, *virtual_spool, *postfix;
};

static void print_and_exit(const char *text) __attribute__((noreturn));

static void
print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		exit(EX_IOERR);
	exit(EX_OK);
}

static const char *
path(const char *text)
{
	if (text[0] != '/')
		exit(fail(EX_USAGE, "'%s' is not an absolute path", text));
	return text;
}

/* The command stands in quotes in a .forward file, without a shell. */
static const char *
command(const char *text)
{
	const char *p;

	path(text);
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '"' || *p == '\\')
			exit(fail(EX_USAGE,
			    "--delivery: no quotes, \\ or line ends"));
	return text;
}

static void
set_option(
    struct admin *admin, struct paths *paths, int option, const char *value)
{
	switch (option) {
	case 'n':
		admin->is_dry = true;
		return;
	case 'p':
		admin->purges = true;
		return;
	case 'r':
		admin->root = strcmp(path(value), "/") == 0 ? "" : value;
		return;
	case 'd':
		paths->virtual_directory = path(value);
		return;
	case 's':
		paths->virtual_spool = path(value);
		return;
	case 'c':
		paths->postfix = path(value);
		return;
	case 'e':
		admin->delivery = command(value);
		return;
	case 'h':
		print_and_exit(help);
	case 'v':
		print_and_exit(version);
	default:
		exit(fail(EX_USAGE, "see virtdomain --help"));
	}
}

static void
place(const struct admin *admin, const char *given, char *out, size_t size)
{
	if (!text_format(out, size, "%s%s", admin->root, given))
		exit(fail(EX_USAGE, "'%s%s' is too long", admin->root, given));
}

int
arguments_parse(struct admin *admin, int argc, char **argv)
{
	struct paths paths = { DEFAULT_VIRTUAL_DIR, DEFAULT_VIRTUAL_SPOOL,
		"/etc/postfix" };
	int option;

	memset(admin, 0, sizeof(*admin));
	admin->root = "";
	admin->delivery = VIRTUAL_PROGRAM;
	while (
	    (option = getopt_long(argc, argv, "nhv", long_options, NULL)) != -1)
		set_option(admin, &paths, option, optarg);
	place(admin, paths.virtual_directory, admin->virtual_directory,
	    sizeof(admin->virtual_directory));
	place(admin, paths.virtual_spool, admin->virtual_spool,
	    sizeof(admin->virtual_spool));
	place(admin, paths.postfix, admin->postfix, sizeof(admin->postfix));
	admin->rules = (struct account_rules){
		.virtual_directory = admin->virtual_directory,
		.virtual_spool = admin->virtual_spool,
		.mail_spool = DEFAULT_MAIL_SPOOL,
		.home_mailbox = "",
		.default_domain = "",
		.least_uid = 100,
	};
	return optind;
}
