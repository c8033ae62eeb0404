/* A domain's passwd file: who comes out of it has a name and ids that its
 * owner may give.  Input: who owns it, then the file. */
#include "config.h"

#include "../unit/box.h"
#include "account/private.h"
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OWNER 1000 /* and group, where it is not root */
#define LEAST 100

static void
check(const struct passwd_file *file, const struct record *record)
{
	const struct account *account = &record->account;
	char name[ACCOUNT_NAME_SIZE];

	must(account_is_user_name(account->user), "names are safe");
	snprintf(name, sizeof(name), "%s@kvt.dk", account->user);
	must(strcmp(account->name, name) == 0, "the name is whole");
	must(account->uid >= LEAST && account->gid != 0, "ids are allowed");
	must(file->owner == 0 ||
		(account->uid == OWNER && account->gid == OWNER),
	    "an owner names himself only");
	must(record->kind == SECRET_NONE || record->secret[0] != '\0',
	    "no secret is empty");
	must(record->kind != SECRET_NONE || record->refusal != NULL,
	    "who has none may not log in");
}

static void
read_all(struct passwd_file *file)
{
	unsigned long last = 0;
	struct record record;
	enum passwd_line kind;

	while ((kind = passwd_next(file, &record)) != PASSWD_END) {
		must(file->line_number > last, "lines are counted");
		last = file->line_number;
		must(kind != PASSWD_TROUBLE, "it can be read");
		if (kind == PASSWD_GOOD)
			check(file, &record);
		else
			must(file->fault != NULL, "faults have a name");
	}
}

static int
file_of(const struct bytes *content)
{
	int fd = memfd_create("passwd", MFD_CLOEXEC);

	must(fd != -1 &&
		pwrite(fd, content->data, content->length, 0) ==
		    (ssize_t)content->length,
	    "memfd_create");
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	unsigned int choices = input_octet(&input);
	struct bytes content = input_rest(&input);
	struct passwd_file file = { .domain = "kvt.dk",
		.rules = { .virtual_directory = "",
		    .virtual_spool = "",
		    .least_uid = LEAST },
		.owner = (choices & 1) != 0 ? OWNER : 0,
		.knows_owner = true,
		.owner_gid = OWNER,
		.file_gid = OWNER,
		.spool_uid = (choices & 2) != 0 ? OWNER : 0,
		.spool_gid = (choices & 2) != 0 ? OWNER : 0 };

	reader_init(&file.reader, file_of(&content));
	read_all(&file);
	passwd_close(&file);
	bytes_free(&content);
	return 0;
}
