/* How the web server has set us up. */
#include "config.h"

#include "web/visit.h"

#include <stdlib.h>
#include <string.h>

#define SENDMAIL "/usr/sbin/sendmail"
#define STATE	 "/var/lib/virtdomain"

/* Clients can set only variables that begin with HTTP_. */
static const char *
look(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

bool
site_init(struct site *site)
{
	memset(site, 0, sizeof(*site));
	site->rules = (struct account_rules){
		.virtual_directory =
		    look("VIRTDOMAIN_VIRTUAL", DEFAULT_VIRTUAL_DIR),
		.virtual_spool =
		    look("VIRTDOMAIN_SPOOL", DEFAULT_VIRTUAL_SPOOL),
		.mail_spool = DEFAULT_MAIL_SPOOL,
		.home_mailbox = "",
		.default_domain = "",
		.least_uid = 1,
	};
	site->state = look("VIRTDOMAIN_STATE", STATE);
	site->sendmail = look("VIRTDOMAIN_SENDMAIL", SENDMAIL);
	site->server = look("VIRTDOMAIN_SERVER", "");
	site->allows_plain = strcmp(look("VIRTDOMAIN_PLAIN", ""), "yes") == 0;
	return site->rules.virtual_directory[0] == '/' &&
	    site->rules.virtual_spool[0] == '/' && site->state[0] == '/' &&
	    site->sendmail[0] == '/';
}
