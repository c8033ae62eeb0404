/* Options that contradict each other, or let in whom they should not. */
#include "config.h"

#include "check/private.h"
#include "support/text.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what a row may ask ------------------------------------------------- */

static bool
knows_who_is_secure(const struct options *options)
{
	return options->is_secure || options->proxy_count > 0;
}

static bool
some_are_plain(const struct options *options)
{
	return account_some_are_plain(&options->rules);
}

static bool
is_loopback(const struct address *address)
{
	const struct sockaddr_in *in =
	    (const struct sockaddr_in *)&address->storage;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&address->storage;

	if (address->storage.ss_family == AF_INET)
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* True if others than this machine can connect. */
static bool
is_reachable(const struct options *options)
{
	struct address address;
	size_t i;

	for (i = 0; i < options->listen_count; i++)
		if (!address_parse(
			options->listen[i], options->port, &address) ||
		    !is_loopback(&address))
			return true;
	return options->is_daemon && options->listen_count == 0;
}

/* ---- the rows ----------------------------------------------------------- */

static bool
has_both_modes(const struct options *options)
{
	return options->names_inetd && options->names_daemon;
}

static bool
is_secure_for_all(const struct options *options)
{
	return options->is_secure && options->requires_secure &&
	    is_reachable(options);
}

static bool
is_secure_for_nothing(const struct options *options)
{
	return options->is_secure && !options->requires_secure;
}

static bool
lets_nobody_in(const struct options *options)
{
	return options->requires_secure && !knows_who_is_secure(options) &&
	    (options->challenges == CHALLENGES_NEVER ||
		!some_are_plain(options));
}

static bool
offers_in_vain(const struct options *options)
{
	return options->challenges == CHALLENGES_ALWAYS &&
	    !some_are_plain(options);
}

static bool
is_impatient(const struct options *options)
{
	return options->idle_limit > 0 && options->idle_limit < 600000;
}

static bool
has_vain_ipv6(const struct options *options)
{
	return options->listens_on_ipv6 && options->listen_count > 0;
}

static bool
has_vain_source_limit(const struct options *options)
{
	return options->is_daemon &&
	    options->most_per_source > options->most_sessions;
}

static bool
believes_in_vain(const struct options *options)
{
	return options->is_daemon && options->believes_remote_host;
}

static bool
has_vain_daemon_options(const struct options *options)
{
	return !options->is_daemon &&
	    (options->stays_in_foreground || options->pid_file != NULL);
}

static bool
hides_a_domain(const struct options *options)
{
	char path[ACCOUNT_PATH_SIZE];
	struct stat status;

	return options->rules.default_domain[0] != '\0' &&
	    text_format(path, sizeof(path), "%s/%s",
		options->rules.virtual_directory,
		options->rules.default_domain) &&
	    stat(path, &status) == 0;
}

static bool
has_no_sandbox(const struct options *options)
{
#ifdef WITH_SANDBOX
	return !options->is_sandboxed;
#else
	(void)options;
	return false;
#endif
}

static bool
is_careless(const struct options *options)
{
	return !options->syncs;
}

static const struct {
	bool (*is_so)(const struct options *options);
	bool is_wrong; /* else a warning */
	const char *text, *remedy;
} rows[] = {
	{ has_both_modes, true,
	    "--inetd beside -d, -p or --listen: only the last one counts",
	    "leave --inetd out for a daemon, or the others for inetd" },
	{ is_secure_for_all, true,
	    "--secure: clients from everywhere count as protected, and "
	    "--require-secure keeps nobody from anything",
	    "--listen=127.0.0.1, if stunnel is in front; else leave --secure "
	    "out" },
	{ is_secure_for_nothing, false,
	    "--secure: has no effect without --require-secure",
	    "leave --secure out" },
	{ lets_nobody_in, true,
	    "--require-secure: nobody can log in; no connection counts as "
	    "protected, and no other method can succeed",
	    "--secure or --proxy-from, or plain-text passwords and "
	    "--challenges=auto" },
	{ offers_in_vain, false,
	    "--challenges=yes: APOP, CRAM-MD5 and SCRAM are offered, and no "
	    "account has the plain-text password for them",
	    "--challenges=auto" },
	{ is_impatient, false,
	    "--timeout: less than 600 s is against RFC 1939 section 3",
	    "--timeout=600" },
	{ has_vain_ipv6, false, "--ipv6: counts for nothing beside --listen",
	    "--listen='[::]'" },
	{ has_vain_source_limit, false,
	    "--max-per-source: is above the number of -d, so one address may "
	    "take all sessions",
	    "-d with more, or --max-per-source with less" },
	{ believes_in_vain, false,
	    "--believe-remote-host: the daemon never looks at REMOTE_HOST",
	    "leave --believe-remote-host out; --proxy-from is for daemons" },
	{ has_vain_daemon_options, false,
	    "--foreground and --pid-file: have no effect without -d", "-d" },
	{ hides_a_domain, false,
	    "--default-domain: its users are those of the system, so its "
	    "passwd file is never read",
	    "leave --default-domain out, or remove the directory of the "
	    "domain" },
	{ has_no_sandbox, false, "--sandbox=no: is for diagnosis only",
	    "--sandbox=yes" },
	{ is_careless, false,
	    "--fsync=no: mail may be lost or come back when the power fails",
	    "--fsync=yes" },
};

static void
check_rows(struct check *check)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].is_so(check->options))
			continue;
		if (rows[i].is_wrong)
			report_wrong(&check->report, "%s", rows[i].text);
		else
			report_warning(&check->report, "%s", rows[i].text);
		report_remedy(&check->report, "%s", rows[i].remedy);
	}
}

/* ---- --proxy-from ------------------------------------------------------- */

/* True if everybody in it has an address that the net at large has not. */
static bool
is_private(const struct network *network)
{
	static const char *const texts[] = { "127.0.0.0/8", "10.0.0.0/8",
		"172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1",
		"fc00::/7", "fe80::/10" };
	struct network candidate;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (address_parse_network(texts[i], &candidate) &&
		    network->bits >= candidate.bits &&
		    address_is_in(&network->address, &candidate))
			return true;
	return false;
}

static bool
is_single(const struct network *network)
{
	return network->bits ==
	    (network->address.storage.ss_family == AF_INET ? 32U : 128U);
}

static void
check_proxies(struct check *check)
{
	const struct options *options = check->options;
	char text[ADDRESS_TEXT_SIZE];
	size_t i;

	for (i = 0; i < options->proxy_count; i++) {
		const struct network *network = &options->proxies[i];

		address_text(&network->address, text);
		if (is_private(network) || is_single(network)) {
			report_ok(&check->report, "--proxy-from: %s/%u", text,
			    network->bits);
			continue;
		}
		report_wrong(&check->report,
		    "--proxy-from: users can connect from %s/%u by "
		    "themselves, and be anybody",
		    text, network->bits);
		report_remedy(&check->report,
		    "--proxy-from with the addresses of the proxies only");
	}
}

void
check_options(struct check *check)
{
	unsigned long before;

	report_section(&check->report, "options");
	before = check->report.wrong + check->report.warnings;
	check_rows(check);
	check_proxies(check);
	if (check->report.wrong + check->report.warnings == before)
		report_ok(&check->report, "options: no contradiction");
}
