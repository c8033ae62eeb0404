/* Mailboxes that are not safe to open (row 31). */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "support/spool.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PRECIOUS FROM_LINE "\nprecious\n\n"

/* Neither reading nor delivery touches the mailbox at place. */
static void
refused(const struct mbox_place *place, const char *what)
{
	struct mbox_reason reason = { 0 };
	struct mbox_view view;
	struct spool spool;
	struct mbox *mbox;

	is_number(mbox_open(&mbox, place, in_ms(2000), &reason), -1,
	    "row 31: %s is not opened", what);
	is_number(reason.failure, MBOX_UNSAFE, "row 31: %s is unsafe", what);
	ok(strstr(reason.text, place->name) != NULL,
	    "row 31: the reason names the file");
	mbox_look(place, &view);
	ok(view.fault != MBOX_SOUND &&
		strstr(reason.text, mbox_fault_text(view.fault)) != NULL,
	    "row 31: who only looks sees the same fault (%s)", what);
	spool_init(&spool);
	spool_write(&spool, PRECIOUS, strlen(PRECIOUS));
	reason.failure = MBOX_BUSY;
	is_number(mbox_append(place, &spool, in_ms(2000), &reason), -1,
	    "row 31: nothing is delivered to %s", what);
	is_number(reason.failure, MBOX_UNSAFE,
	    "row 31: %s is unsafe for delivery", what);
	spool_free(&spool);
}

static void
refused_here(const char *what)
{
	struct mbox_place place = box_place("box");

	refused(&place, what);
	ok(!box_has("box.lock"), "row 31: no lock is left (%s)", what);
	remove("box");
}

static void
links(void)
{
	box_write_text("victim", PRECIOUS);
	if (symlink("victim", "box") == -1)
		bail_out("symlink");
	refused_here("a symbolic link");
	if (symlink("nowhere", "box") == -1)
		bail_out("symlink");
	refused_here("a symbolic link to nothing");
	ok(!box_has("nowhere"), "row 31: nothing is made behind it");
	if (link("victim", "box") == -1)
		bail_out("link");
	refused_here("a hard link");
}

static void
kinds(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct mbox_place device = box_place("null");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	box_directory("box", 0700);
	refused_here("a directory");
	if (mkfifo("box", 0600) == -1)
		bail_out("mkfifo");
	refused_here("a FIFO");
	strcpy(address.sun_path, "box");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		bail_out("bind");
	refused_here("a socket");
	close(fd);
	strcpy(device.directory, "/dev");
	device.methods = MBOX_LOCK_FCNTL;
	refused(&device, "a device");
}

static void
modes(void)
{
	struct mbox_place place = box_place("box");
	struct mbox *mbox;

	box_write_text("box", PRECIOUS);
	chmod("box", 0602);
	refused_here("a mailbox that everybody can write");
	box_write_text("box", PRECIOUS);
	chmod("box", 0660);
	mbox = open_mailbox(&place);
	is_number(mbox_count(mbox), 1, "one that a group can write is opened");
	mbox_close(&mbox);
	unlink("box");
}

/* Root can make the file belong to another; others can expect another. */
static void
owners(void)
{
	struct mbox_place place = box_place("box");

	box_write_text("box", PRECIOUS);
	if (is_root() && chown("box", STRANGER, STRANGER) == -1)
		bail_out("chown");
	place.owner = is_root() ? STRANGER + 1 : geteuid() + 1;
	refused(&place, "another user's mailbox");
	if (is_root()) {
		place.owner = 0;
		refused(&place, "a user's mailbox in the place of root's");
	}
}

int
main(void)
{
	struct bytes found = { 0 };

	box_open();
	links();
	kinds();
	modes();
	owners();
	box_read("victim", &found);
	ok(bytes_are_text(&found, PRECIOUS), "row 31: no target is touched");
	box_read("box", &found);
	ok(bytes_are_text(&found, PRECIOUS), "row 31: nor another's mailbox");
	bytes_free(&found);
	return done();
}
