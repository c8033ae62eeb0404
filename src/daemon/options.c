/* The command line. */
#include "config.h"

#include "daemon/options.h"
#include "mbox/mbox.h"
#include "support/log.h"
#include "support/text.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum long_option {
	OPTION_FOREGROUND = 256,
	OPTION_IPV6,
	OPTION_LOGIN_TIMEOUT,
	OPTION_MAX_PER_SOURCE,
	OPTION_MAX_LOGIN_FAILURES,
	OPTION_MAIL_SPOOL,
	OPTION_HOME_MAILBOX,
	OPTION_VIRTUAL_DIR,
	OPTION_VIRTUAL_SPOOL,
	OPTION_STATE_DIR,
	OPTION_DEFAULT_DOMAIN,
	OPTION_IP_BASED,
	OPTION_MIN_UID,
	OPTION_LOGIN_USER,
	OPTION_CHALLENGES,
	OPTION_NO_STATUS,
	OPTION_LANGUAGE,
	OPTION_SECURE,
	OPTION_REQUIRE_SECURE,
	OPTION_PID_FILE,
	OPTION_LOCK,
	OPTION_FSYNC,
	OPTION_RECOVER,
	OPTION_LATER
};

static const struct option long_options[] = {
	{ "inetd", no_argument, NULL, 'i' },
	{ "daemon", optional_argument, NULL, 'd' },
	{ "foreground", no_argument, NULL, OPTION_FOREGROUND },
	{ "port", required_argument, NULL, 'p' },
	{ "listen", required_argument, NULL, 'l' },
	{ "ipv6", no_argument, NULL, OPTION_IPV6 },
	{ "timeout", required_argument, NULL, 't' },
	{ "login-timeout", required_argument, NULL, OPTION_LOGIN_TIMEOUT },
	{ "max-per-source", required_argument, NULL, OPTION_MAX_PER_SOURCE },
	{ "max-login-failures", required_argument, NULL,
	    OPTION_MAX_LOGIN_FAILURES },
	{ "debug", required_argument, NULL, 'D' },
	{ "mail-spool", required_argument, NULL, OPTION_MAIL_SPOOL },
	{ "home-mailbox", required_argument, NULL, OPTION_HOME_MAILBOX },
	{ "virtual-dir", required_argument, NULL, OPTION_VIRTUAL_DIR },
	{ "virtual-spool", required_argument, NULL, OPTION_VIRTUAL_SPOOL },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "default-domain", required_argument, NULL, OPTION_DEFAULT_DOMAIN },
	{ "ip-based-virtual", no_argument, NULL, OPTION_IP_BASED },
	{ "min-uid", required_argument, NULL, OPTION_MIN_UID },
	{ "login-user", required_argument, NULL, OPTION_LOGIN_USER },
	{ "challenges", required_argument, NULL, OPTION_CHALLENGES },
	{ "apop", required_argument, NULL, OPTION_CHALLENGES },
	{ "no-status", no_argument, NULL, OPTION_NO_STATUS },
	{ "language", required_argument, NULL, OPTION_LANGUAGE },
	{ "secure", no_argument, NULL, OPTION_SECURE },
	{ "require-secure", no_argument, NULL, OPTION_REQUIRE_SECURE },
	{ "pid-file", required_argument, NULL, OPTION_PID_FILE },
	{ "lock", required_argument, NULL, OPTION_LOCK },
	{ "fsync", required_argument, NULL, OPTION_FSYNC },
	{ "recover", no_argument, NULL, OPTION_RECOVER },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },

	/* Fixed names whose substance is not there yet. */
	{ "uidl", required_argument, NULL, OPTION_LATER },
	{ "mdn", optional_argument, NULL, OPTION_LATER },
	{ "proxy-from", required_argument, NULL, OPTION_LATER },
	{ "relay-file", required_argument, NULL, OPTION_LATER },
	{ "auth-cache", required_argument, NULL, OPTION_LATER },
	{ "check", no_argument, NULL, OPTION_LATER },
	{ NULL, 0, NULL, 0 },
};

/* ---- messages ----------------------------------------------------------- */

static void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void
fail(const char *format, ...)
{
	va_list arguments;

	fputs("gnu-pop3d: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\nTry 'gnu-pop3d --help'.\n", stderr);
	exit(EX_USAGE);
}

static void print_and_exit(const char *text) __attribute__((noreturn));

static void
print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		exit(EX_IOERR);
	exit(EX_OK);
}

/* ---- values ------------------------------------------------------------- */

static unsigned int
number(
    const char *name, const char *text, unsigned int least, unsigned int most)
{
	uint64_t value;

	if (!text_to_number(text, most, &value) || value < least)
		fail("--%s: '%s' is not a number from %u to %u", name, text,
		    least, most);
	return (unsigned int)value;
}

static const char *
path(const char *name, const char *text)
{
	if (text[0] != '/')
		fail("--%s: '%s' is not an absolute path", name, text);
	return text;
}

static bool
is_yes(const char *name, const char *text)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		fail("--%s: '%s' is neither yes nor no", name, text);
	return text[0] == 'y';
}

/* Two hexadecimal digits, or 0x1 and two: then to standard error. */
static void
parse_debug(struct options *options, const char *text)
{
	char *end;
	unsigned long mask = strtoul(text, &end, 16);

	if (*text == '\0' || *end != '\0' || mask > 0x1ff)
		fail("--debug: '%s' is not a mask of two hexadecimal digits "
		     "(0x1yy logs to standard error)",
		    text);
	options->traces = (unsigned int)mask & 0xff;
	options->logs_to_stderr = (mask & 0x100) != 0;
}

static unsigned int
parse_lock(const char *text)
{
	unsigned int methods;

	if (!mbox_parse_lock_methods(text, &methods))
		fail("--lock: '%s' is not a list of dotlock, fcntl, flock with "
		     "at least one of the first two",
		    text);
	return methods;
}

static enum challenges_offer
parse_challenges(const char *text)
{
	if (strcmp(text, "auto") == 0)
		return CHALLENGES_AUTO;
	if (strcmp(text, "yes") == 0)
		return CHALLENGES_ALWAYS;
	if (strcmp(text, "no") != 0)
		fail("--challenges: '%s' is neither auto nor yes nor no", text);
	return CHALLENGES_NEVER;
}

static const char *
parse_domain(const char *text)
{
	if (!account_is_domain_name(text))
		fail("--default-domain: '%s' is not a domain name in lower "
		     "case",
		    text);
	return text;
}

static void
add_listen(struct options *options, const char *text)
{
	if (options->listen_count == OPTIONS_LISTENERS)
		fail("--listen: more than %d addresses", OPTIONS_LISTENERS);
	options->listen[options->listen_count++] = text;
	options->is_daemon = true;
}

static int64_t
parse_timeout(const char *text)
{
	unsigned int seconds = number("timeout", text, 0, 1000000);

	if (seconds > 0 && seconds < 600)
		fprintf(stderr,
		    "gnu-pop3d: warning: --timeout below 600 is "
		    "against RFC 1939 section 3\n");
	return (int64_t)seconds * 1000;
}

/* ---- options ------------------------------------------------------------ */

static void
set_defaults(struct options *options)
{
	memset(options, 0, sizeof(*options));
	options->most_sessions = 200;
	options->most_per_source = 10;
	options->most_login_failures = 3;
	options->port = 110;
	options->idle_limit = 600000;
	options->login_limit = 60000;
	options->rules.virtual_directory = DEFAULT_VIRTUAL_DIR;
	options->rules.virtual_spool = DEFAULT_VIRTUAL_SPOOL;
	options->rules.mail_spool = DEFAULT_MAIL_SPOOL;
	options->rules.home_mailbox = DEFAULT_HOME_MAILBOX;
	options->rules.default_domain = DEFAULT_DOMAIN;
	options->rules.least_uid = 100;
	options->is_ip_based = DEFAULT_IP_BASED != 0;
	options->lock_methods = MBOX_LOCK_DEFAULT;
	options->syncs = true;
}

/* Options with a letter, and those that say how the daemon runs. */
static bool
set_running(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'i':
		options->is_daemon = false;
		return true;
	case 'd':
		options->is_daemon = true;
		if (value != NULL)
			options->most_sessions =
			    number("daemon", value, 1, 100000);
		return true;
	case 'p':
		options->is_daemon = true;
		options->port = (uint16_t)number("port", value, 1, 65535);
		return true;
	case 'l':
		add_listen(options, value);
		return true;
	case 'D':
		parse_debug(options, value);
		return true;
	case OPTION_RECOVER:
		options->recovers = true;
		return true;
	case OPTION_FOREGROUND:
		options->stays_in_foreground = true;
		return true;
	case OPTION_IPV6:
#ifndef WITH_IPV6
		fail("--ipv6: built with --disable-ipv6");
#endif
		options->listens_on_ipv6 = true;
		return true;
	case OPTION_PID_FILE:
		options->pid_file = path("pid-file", value);
		return true;
	}
	return false;
}

static bool
set_limit(struct options *options, int option, const char *value)
{
	switch (option) {
	case 't':
		options->idle_limit = parse_timeout(value);
		return true;
	case OPTION_LOGIN_TIMEOUT:
		options->login_limit =
		    1000 * (int64_t)number("login-timeout", value, 1, 86400);
		return true;
	case OPTION_MAX_PER_SOURCE:
		options->most_per_source =
		    number("max-per-source", value, 1, 100000);
		return true;
	case OPTION_MAX_LOGIN_FAILURES:
		options->most_login_failures =
		    number("max-login-failures", value, 1, 1000);
		return true;
	case OPTION_MIN_UID:
		options->rules.least_uid =
		    number("min-uid", value, 1, UINT32_MAX - 1);
		return true;
	}
	return false;
}

static bool
set_place(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_MAIL_SPOOL:
		options->rules.mail_spool = path("mail-spool", value);
		return true;
	case OPTION_HOME_MAILBOX:
		options->rules.home_mailbox = value;
		return true;
	case OPTION_VIRTUAL_DIR:
		options->rules.virtual_directory = path("virtual-dir", value);
		return true;
	case OPTION_VIRTUAL_SPOOL:
		options->rules.virtual_spool = path("virtual-spool", value);
		return true;
	case OPTION_STATE_DIR:
		options->state_directory = path("state-dir", value);
		return true;
	case OPTION_LOCK:
		options->lock_methods = parse_lock(value);
		return true;
	case OPTION_FSYNC:
		options->syncs = is_yes("fsync", value);
		return true;
	}
	return false;
}

static bool
set_login(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_DEFAULT_DOMAIN:
		options->rules.default_domain = parse_domain(value);
		return true;
	case OPTION_IP_BASED:
		options->is_ip_based = true;
		return true;
	case OPTION_LOGIN_USER:
		options->login_user = value;
		return true;
	case OPTION_CHALLENGES:
		options->challenges = parse_challenges(value);
		return true;
	case OPTION_SECURE:
		options->is_secure = true;
		return true;
	case OPTION_REQUIRE_SECURE:
		options->requires_secure = true;
		return true;
	case OPTION_LANGUAGE:
		if (strcmp(value, "en") != 0)
			fail("--language: '%s' is not there yet; en is", value);
		return true;
	case OPTION_NO_STATUS: /* none are written yet */
		return true;
	}
	return false;
}

void
options_parse(struct options *options, int argc, char **argv)
{
	int option, index = 0;

	set_defaults(options);
	while ((option = getopt_long(argc, argv, "id::p:l:t:D:hv", long_options,
		    &index)) != -1) {
		if (option == 'h')
			print_and_exit(options_help);
		if (option == 'v')
			print_and_exit(options_version);
		if (option == OPTION_LATER)
			fail("--%s is not in this version yet",
			    long_options[index].name);
		if (!set_running(options, option, optarg) &&
		    !set_limit(options, option, optarg) &&
		    !set_place(options, option, optarg) &&
		    !set_login(options, option, optarg))
			fail("what is meant?");
	}
	if (optind < argc)
		fail("'%s' is no option", argv[optind]);
}
