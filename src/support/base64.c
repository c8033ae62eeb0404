/* Base64.  Runs in every process. */
#include "config.h"

#include "support/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Three octets become four characters. */
static void
encode_group(const unsigned char *octets, size_t length, char *out)
{
	uint32_t bits = (uint32_t)octets[0] << 16;

	if (length > 1)
		bits |= (uint32_t)octets[1] << 8;
	if (length > 2)
		bits |= octets[2];
	out[0] = alphabet[bits >> 18];
	out[1] = alphabet[bits >> 12 & 63];
	out[2] = length > 1 ? alphabet[bits >> 6 & 63] : '=';
	out[3] = length > 2 ? alphabet[bits & 63] : '=';
}

void
base64_encode(const void *data, size_t length, char *out)
{
	const unsigned char *p = data;

	for (; length > 3; p += 3, length -= 3, out += 4)
		encode_group(p, 3, out);
	if (length > 0) {
		encode_group(p, length, out);
		out += 4;
	}
	*out = '\0';
}

static bool
value_of(char c, uint32_t *value)
{
	const char *found = c == '\0' ? NULL : strchr(alphabet, c);

	if (found == NULL)
		return false;
	*value = (uint32_t)(found - alphabet);
	return true;
}

/* Four characters become count octets; the bits behind these must be 0. */
static bool
decode_group(const char *in, size_t count, unsigned char *out)
{
	uint32_t bits = 0;
	size_t i;

	for (i = 0; i <= count; i++) {
		uint32_t value;

		if (!value_of(in[i], &value))
			return false;
		bits |= value << (18 - 6 * i);
	}
	for (i = 0; i < count; i++)
		out[i] = (unsigned char)(bits >> (16 - 8 * i));
	return (bits & (0xffffffU >> (8 * count))) == 0;
}

/* How many octets stand in the last group of text: 1, 2 or 3. */
static size_t
count_last(const char *text, size_t length)
{
	if (text[length - 1] != '=')
		return 3;
	return text[length - 2] == '=' ? 1 : 2;
}

/* What is written never overtakes what is read. */
bool
base64_decode(char *text, size_t *length)
{
	size_t size = strlen(text);
	unsigned char *out = (unsigned char *)text;
	size_t i;

	if (size % 4 != 0)
		return false;
	for (i = 0; i < size; i += 4) {
		char group[4];
		size_t count = i + 4 < size ? 3 : count_last(text, size);

		memcpy(group, text + i, sizeof(group));
		if (!decode_group(group, count, out))
			return false;
		out += count;
	}
	*out = '\0';
	*length = (size_t)(out - (unsigned char *)text);
	return true;
}
