/* The unique ids of a mailbox in a format. */
#ifndef UNIT_IDS_H
#define UNIT_IDS_H

#include <stdbool.h>
#include <stddef.h>

#include "mbox/mbox.h"

#define IDS_MOST 12

struct ids {
	size_t count;
	char text[IDS_MOST][MBOX_UIDL_SIZE];
};

/* The ids of the file "box".  state is a descriptor for what is remembered, or
 * -1.  Then those messages are deleted whose letter in marks is x. */
struct ids ids_of_box(const char *format, int state, const char *marks);

/* The same for a new file with this text. */
struct ids ids_of(const char *format, const char *text);

/* A new, empty file for what is remembered. */
int ids_open_state(void);

/* True for DIGEST.NUMBER. */
bool ids_is_own(const char *id);

#endif
