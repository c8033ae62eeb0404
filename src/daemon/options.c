/* The command line. */
#include "config.h"

#include "daemon/options.h"
#include "daemon/value.h"
#include "mbox/mbox.h"
#include "pop3/language.h"
#include "support/log.h"
#include "support/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Where sendmail(8) is, whatever the MTA: the FHS says so. */
#define SENDMAIL "/usr/sbin/sendmail"

enum long_option {
	OPTION_FOREGROUND = 256,
	OPTION_IPV6,
	OPTION_LOGIN_TIMEOUT,
	OPTION_MAX_PER_SOURCE,
	OPTION_MAX_LOGIN_FAILURES,
	OPTION_LOGIN_DELAY,
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
	OPTION_APOP_FILE,
	OPTION_NO_STATUS,
	OPTION_UIDL,
	OPTION_LANGUAGE,
	OPTION_MDN,
	OPTION_SECURE,
	OPTION_REQUIRE_SECURE,
	OPTION_PROXY_FROM,
	OPTION_REMOTE_HOST,
	OPTION_PID_FILE,
	OPTION_LOCK,
	OPTION_FSYNC,
	OPTION_RECOVER,
	OPTION_SANDBOX,
	OPTION_CHECK,
	OPTION_RELAY_FILE,
	OPTION_AUTH_CACHE
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
	{ "login-delay", required_argument, NULL, OPTION_LOGIN_DELAY },
	{ "auth-cache", required_argument, NULL, OPTION_AUTH_CACHE },
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
	{ "apop-file", required_argument, NULL, OPTION_APOP_FILE },
	{ "no-status", no_argument, NULL, OPTION_NO_STATUS },
	{ "uidl", required_argument, NULL, OPTION_UIDL },
	{ "language", required_argument, NULL, OPTION_LANGUAGE },
	{ "mdn", optional_argument, NULL, OPTION_MDN },
	{ "secure", no_argument, NULL, OPTION_SECURE },
	{ "require-secure", no_argument, NULL, OPTION_REQUIRE_SECURE },
	{ "proxy-from", required_argument, NULL, OPTION_PROXY_FROM },
	{ "believe-remote-host", no_argument, NULL, OPTION_REMOTE_HOST },
	{ "pid-file", required_argument, NULL, OPTION_PID_FILE },
	{ "lock", required_argument, NULL, OPTION_LOCK },
	{ "fsync", required_argument, NULL, OPTION_FSYNC },
	{ "recover", no_argument, NULL, OPTION_RECOVER },
	{ "sandbox", required_argument, NULL, OPTION_SANDBOX },
	{ "check", optional_argument, NULL, OPTION_CHECK },
	{ "relay-file", required_argument, NULL, OPTION_RELAY_FILE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

/* ---- messages ----------------------------------------------------------- */

static void print_and_exit(const char *text) __attribute__((noreturn));

static void
print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		exit(EX_IOERR);
	exit(EX_OK);
}

/* ---- options ------------------------------------------------------------ */

static void
add_listen(struct options *options, const char *text)
{
	if (options->listen_count == OPTIONS_LISTENERS)
		value_fail(
		    "--listen: more than %d addresses", OPTIONS_LISTENERS);
	options->listen[options->listen_count++] = text;
	options->is_daemon = options->names_daemon = true;
}

/* A list with commas. */
static void
add_proxies(struct options *options, char *list)
{
	const char *text;

	while ((text = text_field(&list, ',')) != NULL) {
		if (options->proxy_count == OPTIONS_PROXIES)
			value_fail("--proxy-from: more than %d networks",
			    OPTIONS_PROXIES);
		options->proxies[options->proxy_count++] = value_network(text);
	}
}

/* Two hexadecimal digits, or 0x1 and two: then to standard error. */
static void
parse_debug(struct options *options, const char *text)
{
	char *end;
	unsigned long mask = strtoul(text, &end, 16);

	if (*text == '\0' || *end != '\0' || mask > 0x1ff)
		value_fail(
		    "--debug: '%s' is not a mask of two hexadecimal digits "
		    "(0x1yy logs to standard error)",
		    text);
	options->traces = (unsigned int)mask & 0xff;
	options->logs_to_stderr = (mask & 0x100) != 0;
}

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
	options->rules.apop_file = DEFAULT_APOP_FILE;
	options->is_ip_based = DEFAULT_IP_BASED != 0;
	options->lock_methods = MBOX_LOCK_DEFAULT;
	options->language = language_find(DEFAULT_LANGUAGE);
	options->syncs = true;
#ifdef WITH_SANDBOX
	options->is_sandboxed = true;
#endif
	options->keeps_status = DEFAULT_STATUS != 0;
}

/* Options with a letter, and those that say how the daemon runs. */
static bool
set_running(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'i':
		options->is_daemon = false;
		options->names_inetd = true;
		return true;
	case 'd':
		options->is_daemon = options->names_daemon = true;
		if (value != NULL)
			options->most_sessions =
			    value_number("daemon", value, 1, 100000);
		return true;
	case 'p':
		options->is_daemon = options->names_daemon = true;
		options->port = (uint16_t)value_number("port", value, 1, 65535);
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
	case OPTION_CHECK:
		options->checks = true;
		options->checked_login = value;
		return true;
	case OPTION_FOREGROUND:
		options->stays_in_foreground = true;
		return true;
	case OPTION_IPV6:
#ifndef WITH_IPV6
		value_fail("--ipv6: built with --disable-ipv6");
#endif
		options->listens_on_ipv6 = true;
		return true;
	case OPTION_PID_FILE:
		options->pid_file = value_path("pid-file", value);
		return true;
	case OPTION_SANDBOX:
		options->is_sandboxed = value_is_yes("sandbox", value);
#ifndef WITH_SANDBOX
		if (options->is_sandboxed)
			value_fail("--sandbox: built with --disable-sandbox");
#endif
		return true;
	}
	return false;
}

static bool
set_limit(struct options *options, int option, const char *value)
{
	switch (option) {
	case 't':
		options->idle_limit = value_timeout(value);
		return true;
	case OPTION_LOGIN_TIMEOUT:
		options->login_limit = 1000 *
		    (int64_t)value_number("login-timeout", value, 1, 86400);
		return true;
	case OPTION_MAX_PER_SOURCE:
		options->most_per_source =
		    value_number("max-per-source", value, 1, 100000);
		return true;
	case OPTION_MAX_LOGIN_FAILURES:
		options->most_login_failures =
		    value_number("max-login-failures", value, 1, 1000);
		return true;
	case OPTION_LOGIN_DELAY:
		options->login_delay =
		    value_number("login-delay", value, 0, 86400);
		return true;
	case OPTION_AUTH_CACHE:
		options->auth_cache =
		    value_number("auth-cache", value, 1, 3600);
		return true;
	case OPTION_MIN_UID:
		options->rules.least_uid =
		    value_number("min-uid", value, 1, UINT32_MAX - 1);
		return true;
	}
	return false;
}

static bool
set_place(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_MAIL_SPOOL:
		options->rules.mail_spool = value_path("mail-spool", value);
		return true;
	case OPTION_HOME_MAILBOX:
		options->rules.home_mailbox = value;
		return true;
	case OPTION_VIRTUAL_DIR:
		options->rules.virtual_directory =
		    value_path("virtual-dir", value);
		return true;
	case OPTION_VIRTUAL_SPOOL:
		options->rules.virtual_spool =
		    value_path("virtual-spool", value);
		return true;
	case OPTION_APOP_FILE:
		options->rules.apop_file = value_path("apop-file", value);
		return true;
	case OPTION_STATE_DIR:
		options->state_directory = value_path("state-dir", value);
		return true;
	case OPTION_RELAY_FILE:
		options->relay_file = value_path("relay-file", value);
		return true;
	case OPTION_LOCK:
		options->lock_methods = value_lock_methods(value);
		return true;
	case OPTION_FSYNC:
		options->syncs = value_is_yes("fsync", value);
		return true;
	case OPTION_UIDL:
		options->uidl = value_uidl_format(value);
		return true;
	case OPTION_MDN:
		options->sendmail =
		    value == NULL ? SENDMAIL : value_path("mdn", value);
		return true;
	}
	return false;
}

static bool
set_login(struct options *options, int option, char *value)
{
	switch (option) {
	case OPTION_DEFAULT_DOMAIN:
		options->rules.default_domain = value_domain(value);
		return true;
	case OPTION_IP_BASED:
		options->is_ip_based = true;
		return true;
	case OPTION_LOGIN_USER:
		options->login_user = value;
		return true;
	case OPTION_CHALLENGES:
		options->challenges = value_challenges(value);
		return true;
	case OPTION_SECURE:
		options->is_secure = true;
		return true;
	case OPTION_REQUIRE_SECURE:
		options->requires_secure = true;
		return true;
	case OPTION_PROXY_FROM:
		add_proxies(options, value);
		return true;
	case OPTION_REMOTE_HOST:
		options->believes_remote_host = true;
		return true;
	case OPTION_LANGUAGE:
		options->language = value_language(value);
		return true;
	case OPTION_NO_STATUS:
		options->keeps_status = false;
		return true;
	}
	return false;
}

void
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	set_defaults(options);
	while ((option = getopt_long(
		    argc, argv, "id::p:l:t:D:hv", long_options, NULL)) != -1) {
		if (option == 'h')
			print_and_exit(options_help);
		if (option == 'v')
			print_and_exit(options_version);
		if (!set_running(options, option, optarg) &&
		    !set_limit(options, option, optarg) &&
		    !set_place(options, option, optarg) &&
		    !set_login(options, option, optarg))
			value_fail("what is meant?");
	}
	if (options->checks && options->checked_login == NULL && optind < argc)
		options->checked_login = argv[optind++];
	if (optind < argc)
		value_fail("'%s' is no option", argv[optind]);
	if (options->auth_cache > 0 && !options->is_daemon &&
	    !options->recovers)
		value_fail("--auth-cache: nothing is remembered from one "
			   "process to the next in inetd mode; leave it out, "
			   "or give -d");
}
