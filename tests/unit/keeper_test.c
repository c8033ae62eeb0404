/* mbox/keeper: the dotlock through another process. */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "mbox/private.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pid_t keeper;

/* Starts a keeper for the file box; returns our end of its socket. */
static int
start(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1)
		bail_out("socketpair");
	keeper = box_fork();
	if (keeper == 0) {
		close(ends[0]);
		alarm(60);
		mbox_keep_lock(ends[1], open(".", O_PATH | O_DIRECTORY), "box");
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void
obedience(void)
{
	int socket = start();

	is_number(keeper_try(socket), 0, "the keeper makes the lock");
	ok(box_has("box.lock"), "it is there");
	is_number(keeper_try(socket), 0, "asked again it still has it");
	box_age("box.lock", 100);
	keeper_touch(socket);
	ok(box_stat("box.lock").st_mtime > time(NULL) - 50, "it is renewed");
	keeper_release(socket);
	ok(!box_has("box.lock"), "it is removed");
	keeper_release(socket);
	box_write_text("box.lock", "");
	is_number(
	    keeper_try(socket), -1, "another's lock keeps the keeper out");
	is_number(errno, EEXIST, "and the session learns why");
	keeper_release(socket);
	ok(box_has("box.lock"), "another's lock is not removed");
	unlink("box.lock");
	close(socket);
	is_number(box_wait(keeper), 0, "the keeper ends with its socket");
}

static void
removed_at_the_end(void)
{
	int socket = start();

	is_number(keeper_try(socket), 0, "the keeper makes the lock");
	close(socket);
	is_number(box_wait(keeper), 0, "the session dies");
	ok(!box_has("box.lock"), "and the lock with it");
}

/* Whatever a session taken over may send. */
static void
nonsense(void)
{
	int socket = start();
	int wrong = 0;
	int octet;

	box_write_text("box", "precious");
	for (octet = 0; octet < 256; octet++) {
		char request = (char)octet;
		int error = -1;

		if (strchr("tnr", octet) != NULL && octet != 0)
			continue;
		wrong += write(socket, &request, 1) != 1 ||
		    read(socket, &error, sizeof(error)) != sizeof(error) ||
		    error != EINVAL;
	}
	is_number(wrong, 0, "all other requests are refused");
	is_number(box_entries("."), 1, "and make no file");
	close(socket);
	box_wait(keeper);
	unlink("box");
}

static void
whole_mailbox(void)
{
	struct mbox_place place = box_place("box");
	struct bytes found = { 0 };
	struct mbox_reason reason = { 0 };
	struct mbox *mbox;

	place.keeper = start();
	box_write_text("box", FROM_LINE "\none\n\n" FROM_LINE "\ntwo\n\n");
	mbox = open_mailbox(&place);
	ok(!box_has("box.lock"),
	    "after opening through a keeper no lock is left");
	mbox_delete(mbox, 0);
	is_number(mbox_update(mbox, in_ms(2000), &reason), 0,
	    "a mailbox is updated through a keeper");
	box_read("box", &found);
	ok(bytes_are_text(&found, FROM_LINE "\ntwo\n\n"), "as it must be");
	ok(!box_has("box.lock"), "and no lock is left");
	kill(keeper, SIGKILL);
	box_wait(keeper);
	mbox_delete(mbox, 0);
	is_number(mbox_update(mbox, in_ms(300), &reason), -1,
	    "without its keeper a session changes nothing");
	box_read("box", &found);
	ok(bytes_are_text(&found, FROM_LINE "\ntwo\n\n"), "not an octet");
	mbox_close(&mbox);
	close(place.keeper);
	bytes_free(&found);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	box_open();
	obedience();
	removed_at_the_end();
	nonsense();
	whole_mailbox();
	return done();
}
