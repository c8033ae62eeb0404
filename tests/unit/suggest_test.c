/* web/suggest: passwords from octets, and how they are spread.  Randomness is
 * ours where a test wants that: secret_random() is wrapped. */
#include "config.h"

#include "web/suggest.h"
#include "support/secret.h"
#include "tap.h"
#include "web/strength.h"

#include <errno.h>
#include <string.h>

#define DRAWS 4000

static const unsigned char *octets; /* NULL: true randomness */
static size_t octet_count, octet_next;

int __real_secret_random(void *buffer, size_t length);
int __wrap_secret_random(void *buffer, size_t length);

int
__wrap_secret_random(void *buffer, size_t length)
{
	size_t i;

	if (octets == NULL)
		return __real_secret_random(buffer, length);
	for (i = 0; i < length; i++) {
		if (octet_next == octet_count) {
			errno = ENOSYS;
			return -1;
		}
		((unsigned char *)buffer)[i] = octets[octet_next++];
	}
	return 0;
}

static int
suggest_from(const void *from, size_t count, char password[SUGGEST_SIZE])
{
	int result;

	octets = from;
	octet_count = count;
	octet_next = 0;
	result = suggest_password(password);
	octets = NULL;
	return result;
}

static void
fixed(void)
{
	unsigned char zeros[20] = { 0 }, tops[21];
	char password[SUGGEST_SIZE];

	is_number(suggest_from(zeros, 20, password), 0, "20 octets are enough");
	is_text(password, "bababa-bababa-bababa-00", "all of them 0");
	memset(tops, 15, sizeof(tops));
	tops[1] = 255;
	tops[2] = 254;
	is_number(suggest_from(tops, 21, password), 0,
	    "an octet behind the last whole row of vowels");
	is_text(password, "zuzaza-zazaza-zazaza-55", "is drawn once more");
	memset(password, 'x', sizeof(password));
	is_number(suggest_from(zeros, 19, password), -1,
	    "without randomness there is none");
	is_number(errno, ENOSYS, "errno says so");
	is_number(strspn(password, "x"), 0, "and nothing of it is left");
}

/* True if it has the form of a suggestion. */
static bool
is_formed(const char *password)
{
	size_t i;

	for (i = 0; i < 21; i++)
		if (strchr(i % 7 == 6	     ? "-"
			    : i % 7 % 2 == 0 ? "bdfghjkmnprstvwz"
					     : "aeiou",
			password[i]) == NULL)
			return false;
	return strlen(password) == 23 &&
	    strspn(password + 21, "0123456789") == 2;
}

/* Nine octets of each suggestion are consonants, with one of 16 values, as many
 * are vowels.  6 standard deviations happen by chance once in 500 million
 * times. */
static void
spread(void)
{
	static const char *const nobody[] = { NULL };
	unsigned int counts[256] = { 0 };
	int formed = 0, strong = 0, same = 0, i;
	char password[SUGGEST_SIZE], before[SUGGEST_SIZE] = "";
	size_t j;

	for (i = 0; i < DRAWS; i++) {
		if (suggest_password(password) == -1)
			continue;
		formed += is_formed(password);
		strong +=
		    strength_judge(password, nobody).step >= STRENGTH_GOOD;
		same += strcmp(password, before) == 0;
		memcpy(before, password, sizeof(before));
		for (j = 0; j < 23; j++)
			counts[(unsigned char)password[j]]++;
	}
	is_number(formed, DRAWS, "all have three words and two digits");
	is_number(strong, DRAWS, "all are at least good");
	is_number(same, 0, "none comes twice in a row");
	for (j = 0; j < 16; j++)
		ok(counts[(unsigned char)"bdfghjkmnprstvwz"[j]] >
			    9 * DRAWS / 16 - 6 * 46 &&
			counts[(unsigned char)"bdfghjkmnprstvwz"[j]] <
			    9 * DRAWS / 16 + 6 * 46,
		    "'%c' is as frequent as the others", "bdfghjkmnprstvwz"[j]);
	for (j = 0; j < 5; j++)
		ok(counts[(unsigned char)"aeiou"[j]] > 9 * DRAWS / 5 - 6 * 76 &&
			counts[(unsigned char)"aeiou"[j]] <
			    9 * DRAWS / 5 + 6 * 76,
		    "'%c' is as frequent as the others", "aeiou"[j]);
}

int
main(void)
{
	fixed();
	spread();
	return done();
}
