/* Where everything is, unless something else is said. */
#include "config.h"

#include "admin/private.h"
#include "mbox/mbox.h"
#include "support/text.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
place(const struct admin *admin, const char *given, const char *usual,
    char *out, size_t size)
{
	return text_format(
	    out, size, "%s%s", admin->root, given != NULL ? given : usual);
}

bool
fill_directories(struct admin *admin, const struct admin_places *places)
{
	return place(admin, places->virtual_directory, DEFAULT_VIRTUAL_DIR,
		   admin->virtual_directory,
		   sizeof(admin->virtual_directory)) &&
	    place(admin, places->virtual_spool, DEFAULT_VIRTUAL_SPOOL,
		admin->virtual_spool, sizeof(admin->virtual_spool)) &&
	    place(admin, places->state_directory, DEFAULT_WEB_STATE,
		admin->state_directory, sizeof(admin->state_directory)) &&
	    place(admin, places->postfix, "/etc/postfix", admin->postfix,
		sizeof(admin->postfix));
}

bool
admin_fill(struct admin *admin, const struct admin_places *places)
{
	memset(admin, 0, sizeof(*admin));
	admin->root = places->root != NULL ? places->root : "";
	admin->delivery = DELIVERY_COMMAND;
	admin->sendmail =
	    places->sendmail != NULL ? places->sendmail : DEFAULT_SENDMAIL;
	admin->server = places->server;
	admin->lock_methods = MBOX_LOCK_DEFAULT;
	admin->rules = (struct account_rules){
		.virtual_directory = admin->virtual_directory,
		.virtual_spool = admin->virtual_spool,
		.mail_spool = DEFAULT_MAIL_SPOOL,
		.home_mailbox = "",
		.default_domain = "",
		.least_uid = 100,
	};
	return fill_directories(admin, places);
}

bool
admin_state_path(
    const struct admin *admin, const char *domain, char path[ADMIN_PATH_SIZE])
{
	struct stat status;

	return text_format(path, ADMIN_PATH_SIZE, "%s/%s",
		   admin->state_directory, domain) &&
	    lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
	    status.st_uid == geteuid() && access(path, W_OK) == 0;
}
