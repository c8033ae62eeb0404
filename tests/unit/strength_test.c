/* web/strength: how well passwords are guessed. */
#include "config.h"

#include "web/strength.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static const char *const own[] = { "joe.smith", "kvt.dk", "Jørgen Møller",
	NULL };

static const char *const steps[] = { "none", "weak", "fair", "good", "strong" };
static const char *const reasons[] = { "fine", "short", "own", "common",
	"repeats", "sequence", "keys", "year", "longer" };

static const struct example {
	const char *password, *judged;
} examples[] = {
	{ "", "none short" },
	{ "xK4#pQz", "none short" },
	{ "æøåæøåå", "none short" },
	{ "password", "none common" },
	{ "Password1", "none common" },
	{ "P@ssw0rd", "none common" },
	{ "adgangskode", "none common" },
	{ "пароль12", "none common" },
	{ "Summer2024!", "none common" },
	{ "letmein-letmein", "none repeats" },
	{ "12345678", "none sequence" },
	{ "abcdefgh", "none sequence" },
	{ "hgfedcba", "none sequence" },
	{ "abcd1234", "none sequence" },
	{ "qwertyuiop", "none keys" },
	{ "poiuytrewq", "none keys" },
	{ "asdfghjkl", "none keys" },
	{ "QWERTZUIOP", "none keys" },
	{ "aaaaaaaaaaaaaaaa", "none repeats" },
	{ "abababababab", "none repeats" },
	{ "xkxkxkxkxkxkxk", "none repeats" },
	{ "19841985", "none year" },
	{ "joe.smith", "none own" },
	{ "smith12345", "none own" },
	{ "kvtkvtkvt", "none repeats" },
	{ "kvt-kodeord", "none common" },
	{ "jørgen-møller", "none own" },
	{ "J0e-$m1th", "none own" },
	{ "kitchen", "none short" },
	{ "gardenhose", "weak longer" },
	{ "xK4#pQz8", "fair longer" },
	{ "xK4#pQz8t!", "good longer" },
	{ "xK4#pQz8t!Wm", "strong fine" },
	{ "bakolu-tifeso-madire-47", "strong fine" },
	{ "plumber cactus ferry violin", "strong fine" },
	{ "жареная рыба на столе", "strong fine" },
};

static void
judge(const struct example *example)
{
	struct strength strength = strength_judge(example->password, own);
	char found[40];

	snprintf(found, sizeof(found), "%s %s", steps[strength.step],
	    reasons[strength.reason]);
	is_text(found, example->judged, "'%s' is %s", example->password,
	    example->judged);
}

static void
no_names(void)
{
	static const char *const nobody[] = { NULL };
	static const char *const odd[] = { "", ".", "a", "::::", "æ", NULL };

	is_number(strength_judge("joe.smith", nobody).step, STRENGTH_WEAK,
	    "a name is nobody's if there is nobody");
	is_number(strength_judge("joe.smith", odd).step, STRENGTH_WEAK,
	    "words of fewer than three letters do not count");
}

static void
long_ones(void)
{
	char password[5001];

	memset(password, 'a', sizeof(password) - 1);
	password[sizeof(password) - 1] = '\0';
	is_number(strength_judge(password, own).step, STRENGTH_NONE,
	    "five thousand times the same letter is nothing");
	memset(password, 0x80, sizeof(password) - 1);
	is_number(strength_judge(password, own).reason, STRENGTH_IS_SHORT,
	    "octets that begin no character count for nothing");
	memset(password, 0xff, sizeof(password) - 1);
	is_number(strength_judge(password, own).step, STRENGTH_NONE,
	    "nor does one that is none, again and again");
}

/* More at the end never makes it easier to guess by much: a longer password is
 * in no worse step. */
static void
growth(void)
{
	static const char text[] = "joe1234passwordqwertyxK4#pQz8t!Wm";
	char password[sizeof(text)] = "";
	int step, before = 0, worse = 0;
	size_t i;

	for (i = 0; i + 1 < sizeof(text); i++) {
		password[i] = text[i];
		step = (int)strength_judge(password, own).step;
		worse += step < before - 1;
		before = step;
	}
	is_number(worse, 0, "a longer password is hardly ever weaker");
	is_number(before, STRENGTH_STRONG, "and in the end it is strong");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		judge(&examples[i]);
	no_names();
	long_ones();
	growth();
	return done();
}
