/*
 * Fuzz targets: octets from a file or from libFuzzer go in, and what must be
 * true of what comes of them is checked.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "../unit/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called by libFuzzer and by replay.c, once: opens the box and prepares. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Takes one input; 0.  Each target defines it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What else a target needs at the beginning, in the box.  Targets that need
 * nothing do not define it. */
void prepare(void) __attribute__((weak));

/* Ends the program as a crash does, unless that is true. */
void must(bool is_true, const char *what);

/* Makes content all that is in the open file fd. */
void fill_file(int fd, const struct bytes *content);

/* Input that is used up from its beginning. */
struct input {
	const uint8_t *data;
	size_t length;
};

/* The next octet, or number of two octets, highest first; 0 at the end. */
unsigned int input_octet(struct input *input);
unsigned int input_number(struct input *input);

/* The next length octets, or what there is.  For the caller to free. */
struct bytes input_part(struct input *input, size_t length);

/* All that is left. */
struct bytes input_rest(struct input *input);

#endif
