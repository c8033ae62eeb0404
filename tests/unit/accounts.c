/* Virtual domains in the box. */
#include "config.h"

#include "accounts.h"
#include "box.h"
#include "tap.h"

#include <stdio.h>
#include <unistd.h>

struct account_rules
accounts_open(void)
{
	static char directory[256];

	snprintf(directory, sizeof(directory), "%s/etc", box_path());
	box_directory("etc", 0755);
	return (struct account_rules){ .virtual_directory = directory,
		.virtual_spool = "/nowhere",
		.mail_spool = "/nowhere",
		.home_mailbox = "",
		.default_domain = "",
		.least_uid = 1 };
}

void
accounts_add(struct bytes *file, const char *name, const char *secret)
{
	char line[500];
	unsigned int id = is_root() ? STRANGER : geteuid();
	unsigned int group = is_root() ? STRANGER : getegid();

	snprintf(
	    line, sizeof(line), "%s:%s:%u:%u::.:\n", name, secret, id, group);
	bytes_add_text(file, line);
}

void
accounts_write(const char *domain, const struct bytes *file)
{
	char name[300];

	snprintf(name, sizeof(name), "etc/%s", domain);
	box_directory(name, 0755);
	snprintf(name, sizeof(name), "etc/%s/passwd", domain);
	box_write(name, file);
	if (is_root() && chown(name, STRANGER, STRANGER) == -1)
		bail_out(name);
}
