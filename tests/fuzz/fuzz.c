/* What fuzz targets share. */
#include "config.h"

#include "fuzz.h"

#include "../unit/box.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	box_open();
	if (prepare != NULL)
		prepare();
	return 0;
}

void
must(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "# not true: %s\n", what);
	abort();
}

void
fill_file(int fd, const struct bytes *content)
{
	must(ftruncate(fd, 0) == 0 &&
		pwrite(fd, content->data, content->length, 0) ==
		    (ssize_t)content->length,
	    "a file can be written");
}

unsigned int
input_octet(struct input *input)
{
	if (input->length == 0)
		return 0;
	input->length--;
	return *input->data++;
}

unsigned int
input_number(struct input *input)
{
	unsigned int high = input_octet(input);

	return high << 8 | input_octet(input);
}

struct bytes
input_part(struct input *input, size_t length)
{
	struct bytes part = { 0 };

	if (length > input->length)
		length = input->length;
	bytes_add(&part, input->data, length);
	input->data += length;
	input->length -= length;
	return part;
}

struct bytes
input_rest(struct input *input)
{
	return input_part(input, input->length);
}
