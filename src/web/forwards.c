/* Reads a list of addresses.  Nothing that starts a command passes. */
#include "config.h"

#include "web/forwards.h"
#include "support/text.h"

#include <string.h>

#define BETWEEN " \t\r\n,;"

/* Copies what fits, and no part of a character of UTF-8. */
static void
copy_beginning(char out[FORWARDS_WRONG_SIZE], const char *word, size_t length)
{
	if (length >= FORWARDS_WRONG_SIZE) {
		length = FORWARDS_WRONG_SIZE - 1;
		while (
		    length > 0 && ((unsigned char)word[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(out, word, length);
	out[length] = '\0';
}

static enum text
append(char list[ACCOUNT_FORWARD_SIZE], const char *word, size_t length)
{
	char copy[ACCOUNT_FORWARD_SIZE];
	size_t end = strlen(list);

	if (!text_format(copy, sizeof(copy), "%.*s", (int)length, word) ||
	    !forward_is_sound(copy))
		return TEXT_FORWARDS_WRONG;
	if (!text_format(list + end, ACCOUNT_FORWARD_SIZE - end, "%s%s",
		end > 0 ? "," : "", copy))
		return TEXT_FORWARDS_TOO_MANY;
	return TEXT_NONE;
}

enum text
forwards_take(const char *typed, char list[ACCOUNT_FORWARD_SIZE],
    char wrong[FORWARDS_WRONG_SIZE])
{
	unsigned int count = 0;
	enum text error;
	size_t length;

	list[0] = wrong[0] = '\0';
	for (typed += strspn(typed, BETWEEN); *typed != '\0';
	     typed += length + strspn(typed + length, BETWEEN)) {
		length = strcspn(typed, BETWEEN);
		error = append(list, typed, length);
		if (error == TEXT_NONE && ++count > FORWARD_MOST)
			error = TEXT_FORWARDS_TOO_MANY;
		if (error == TEXT_NONE)
			continue;
		copy_beginning(wrong, typed, length);
		return error;
	}
	return TEXT_NONE;
}
