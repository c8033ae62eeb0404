/*
 * The command line of gnu-pop3d, see gnu-pop3d(8), with every default.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include "account/account.h"
#include "daemon/address.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define OPTIONS_LISTENERS 64
#define OPTIONS_PROXIES	  64

#define DEFAULT_APOP_FILE "/etc/apop.passwd"

struct language;

/* Of APOP, CRAM-MD5 and SCRAM. */
enum challenges_offer {
	CHALLENGES_AUTO, /* if some account has a plain-text secret */
	CHALLENGES_ALWAYS,
	CHALLENGES_NEVER
};

struct uidl_format;

struct options {
	bool is_daemon;			/* else inetd: serve descriptor 0 */
	bool names_inetd, names_daemon; /* which of both was asked for */
	bool recovers;			/* only finish interrupted updates */
	bool checks;		   /* only look over the installation ... */
	const char *checked_login; /* ... or over one login; NULL: none */
	bool stays_in_foreground;
	bool listens_on_ipv6;
	unsigned int most_sessions;
	unsigned int most_per_source;
	unsigned int most_login_failures;
	unsigned int login_delay; /* s; 0: none */
	unsigned int auth_cache;  /* s; 0: none */
	uint16_t port;
	const char *listen[OPTIONS_LISTENERS];
	size_t listen_count;			 /* 0: all addresses */
	struct network proxies[OPTIONS_PROXIES]; /* they send a PROXY header */
	size_t proxy_count;
	bool believes_remote_host; /* of the environment */
	int64_t idle_limit;	   /* ms; 0: none */
	int64_t login_limit;	   /* ms */
	unsigned int traces;
	bool logs_to_stderr;
	struct account_rules rules;
	bool is_ip_based;
	const char *state_directory;
	const char *login_user; /* NULL: pop3d, else nobody */
	const char *pid_file;	/* NULL: none */
	unsigned int lock_methods;
	bool syncs;
	bool keeps_status;
	const struct uidl_format *uidl; /* NULL: our own */
	enum challenges_offer challenges;
	bool is_secure;	      /* every connection is protected already */
	bool requires_secure; /* no passwords on those that are not */
	const struct language *language;
	const char *relay_file; /* NULL: none */
	const char *sendmail;	/* for notices to senders; NULL: none */
	bool is_sandboxed;	/* false: for diagnosis, and with sanitizers */
};

/*
 * Reads the command line.  Help, version and mistakes end the program: with
 * status 0, or EX_USAGE after a message.  The texts in options point into
 * argv.
 */
void options_parse(struct options *options, int argc, char **argv);

/* What --help and --version print. */
extern const char options_help[];
extern const char options_version[];

#endif
