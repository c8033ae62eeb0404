/* The groups that a line of a passwd file may name. */
#include "config.h"

#include "account/private.h"
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

static void
set_descriptors(rlim_t most)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = most == 0 ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* A line with a group that only the system's passwd file could explain. */
static enum passwd_line
read_foreign_group(struct passwd_file *file)
{
	static const char text[] = "joe:secret:4711:4712::.:\n";
	struct record record;

	memset(file, 0, sizeof(*file));
	file->domain = "kvt.dk";
	file->rules.least_uid = 100;
	file->owner = file->file_gid = 4711;
	reader_init(&file->reader, -1);
	file->reader.held = strlen(text);
	memcpy(file->reader.octets, text, file->reader.held);
	return passwd_next(file, &record);
}

int
main(void)
{
	struct passwd_file file;
	enum passwd_line line;

	set_descriptors(0);
	line = read_foreign_group(&file);
	set_descriptors(1);
	is_number(line, PASSWD_TROUBLE,
	    "a group that cannot be looked up now is trouble, no fault of the "
	    "line");
	is_number(file.error, EMFILE, "and it is said why");
	passwd_close(&file);
	is_number(read_foreign_group(&file), PASSWD_BAD,
	    "a group that is not the owner's is a fault");
	is_number(file.error, 0, "and no trouble");
	passwd_close(&file);
	return done();
}
