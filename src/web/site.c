/* How the web server has set us up. */
#include "config.h"

#include "web/visit.h"

#include <stdlib.h>
#include <string.h>

/* Clients can set only variables that begin with HTTP_. */
static const char *
look(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static bool
is_absolute(const char *path)
{
	return path == NULL || path[0] == '/';
}

bool
site_init(struct site *site)
{
	const char *plain = look("VIRTDOMAIN_PLAIN");
	const struct admin_places places = {
		.virtual_directory = look("VIRTDOMAIN_VIRTUAL"),
		.virtual_spool = look("VIRTDOMAIN_SPOOL"),
		.state_directory = look("VIRTDOMAIN_STATE"),
		.sendmail = look("VIRTDOMAIN_SENDMAIL"),
		.server = look("VIRTDOMAIN_SERVER"),
	};

	memset(site, 0, sizeof(*site));
	site->allows_plain = plain != NULL && strcmp(plain, "yes") == 0;
	return admin_fill(&site->admin, &places) &&
	    is_absolute(places.virtual_directory) &&
	    is_absolute(places.virtual_spool) &&
	    is_absolute(places.state_directory) && is_absolute(places.sendmail);
}
