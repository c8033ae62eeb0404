/*
 * Unique ids, whatever is in the mailbox and in the file that remembers them:
 * well formed, distinct, and the same after others were deleted, unless they
 * are made of UIDs, which any message may claim to have.  Input: the format,
 * which messages are deleted (two octets, a bit per message), the length of
 * what is remembered (two octets), that, then the mailbox.
 */
#include "config.h"

#include "../unit/box.h"
#include "../unit/mail.h"
#include "fuzz.h"
#include "mailbox.h"
#include "mbox/uidl.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 16

static const char *const formats[] = { "own", "vm-pop3d", "popa3d",
	"solid-pop3d", "mailutils", "ipop3d", "dovecot", "dovecot-0.99",
	"dovecot-md5" };

static int file;

void
prepare(void)
{
	file = memfd_create("ids", MFD_CLOEXEC);
}

static bool
is_well_formed(const char *id)
{
	size_t length = strlen(id), i;

	for (i = 0; i < length; i++)
		if (id[i] < 0x21 || id[i] > 0x7e)
			return false;
	return length >= 1 && length <= 70;
}

static size_t
collect(struct mbox *mbox, char ids[MOST][MBOX_UIDL_SIZE])
{
	size_t count = mbox_count(mbox) < MOST ? mbox_count(mbox) : MOST;
	struct mbox_reason reason;
	size_t i, k;

	for (i = 0; i < count; i++) {
		must(mbox_uidl(mbox, i, ids[i], &reason) == 0, "it has an id");
		must(is_well_formed(ids[i]), "ids are well formed");
		for (k = 0; k < i; k++)
			must(strcmp(ids[i], ids[k]) != 0, "ids are distinct");
	}
	return count;
}

/* How many of the count messages are not in the set. */
static size_t
count_kept(unsigned int set, size_t count)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < count; i++)
		kept += (set >> i & 1) == 0;
	return kept;
}

/* The mailbox is opened again, after the messages of the set were deleted.  A
 * message that looks like internal data is hidden from when it is the first. */
static void
compare(const struct mbox_place *place, unsigned int set, size_t count,
    char before[MOST][MBOX_UIDL_SIZE])
{
	struct mbox *mbox = open_mailbox(place);
	char after[MOST][MBOX_UIDL_SIZE];
	size_t left = collect(mbox, after);
	size_t kept = count_kept(set, count);
	bool is_first_hidden = (set & 1) != 0 && left + 1 == kept;
	size_t i, k = 0;

	must(left >= kept || is_first_hidden, "the others are still there");
	for (i = 0; i < count; i++) {
		if ((set >> i & 1) != 0)
			continue;
		if (is_first_hidden)
			is_first_hidden = false;
		else
			must(strcmp(before[i], after[k++]) == 0,
			    "its id is the same");
	}
	mbox_close(&mbox);
}

static void
check(const struct mbox_place *place, unsigned int set)
{
	struct mbox *mbox = open_mailbox(place);
	char ids[MOST][MBOX_UIDL_SIZE];
	struct mbox_reason reason;
	size_t count = collect(mbox, ids), i;

	for (i = 0; i < count; i++)
		if ((set >> i & 1) != 0)
			mbox_delete(mbox, i);
	must(mbox_update(mbox, in_ms(5000), &reason) == 0, "it is updated");
	if (mbox_count(mbox) > MOST || place->uidl->has_uids)
		count = 0;
	mbox_close(&mbox);
	compare(place, set, count, ids);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t format =
	    input_octet(&input) % (sizeof(formats) / sizeof(*formats));
	unsigned int set = input_number(&input);
	struct bytes memory = input_part(&input, input_number(&input));
	struct bytes mailbox = input_rest(&input);
	struct mbox_place place = mailbox_make(&mailbox);

	fill_file(file, &memory);
	place.ids = file;
	place.uidl = mbox_find_uidl_format(formats[format]);
	check(&place, set);
	bytes_free(&memory);
	bytes_free(&mailbox);
	return 0;
}
