#include "config.h"

#include "ids.h"
#include "box.h"
#include "mail.h"
#include "tap.h"

#include <fcntl.h>
#include <string.h>

struct ids
ids_of_box(const char *format, int state, const char *marks)
{
	struct mbox_place place = box_place("box");
	struct mbox_reason reason;
	struct mbox *mbox;
	struct ids ids;
	size_t i;

	place.uidl = mbox_find_uidl_format(format);
	place.ids = state;
	mbox = open_mailbox(&place);
	ids.count = mbox_count(mbox);
	for (i = 0; i < ids.count && i < IDS_MOST; i++)
		if (mbox_uidl(mbox, i, ids.text[i], &reason) == -1)
			bail_out(reason.text);
	for (i = 0; i < strlen(marks); i++)
		if (marks[i] == 'x')
			mbox_delete(mbox, i);
	if (mbox_update(mbox, in_ms(1000), &reason) == -1)
		bail_out(reason.text);
	mbox_close(&mbox);
	return ids;
}

struct ids
ids_of(const char *format, const char *text)
{
	box_write_text("box", text);
	return ids_of_box(format, -1, "");
}

int
ids_open_state(void)
{
	int fd = open("ids", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1)
		bail_out("cannot make a file");
	return fd;
}

bool
ids_is_own(const char *id)
{
	size_t length = strspn(id, "0123456789abcdef");

	return length == 32 && id[32] == '.' && id[33] != '\0' &&
	    id[33 + strspn(id + 33, "0123456789")] == '\0';
}
