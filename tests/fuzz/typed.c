/* What people type into the pages: the first line is their name, the rest a
 * password, a list of forwards, or what they look for. */
#include "config.h"

#include "fuzz.h"
#include "web/forwards.h"
#include "web/request.h"
#include "web/strength.h"
#include "web/utf8.h"
#include "web/value.h"

#include <stdlib.h>
#include <string.h>

static void
check_strength(const char *name, const char *text)
{
	const char *const own[] = { name, NULL }, *const nobody[] = { NULL };
	struct strength mine = strength_judge(text, own);
	struct strength others = strength_judge(text, nobody);

	must(mine.step <= STRENGTH_STRONG &&
		mine.reason <= STRENGTH_COULD_BE_LONGER,
	    "there is a step and a reason");
	must((mine.step == STRENGTH_STRONG) == (mine.reason == STRENGTH_FINE),
	    "what is not strong has a reason");
	must(strlen(text) >= STRENGTH_LEAST_LENGTH ||
		(mine.step == STRENGTH_NONE &&
		    mine.reason == STRENGTH_IS_SHORT),
	    "what is short is nothing");
	must(mine.step <= others.step, "the own name makes nothing stronger");
}

static void
check_list(const char *list)
{
	char again[ACCOUNT_FORWARD_SIZE], wrong[FORWARDS_WRONG_SIZE];
	struct forward forward;
	size_t i, commas = 0;

	must(forwards_take(list, again, wrong) == TEXT_NONE &&
		strcmp(list, again) == 0,
	    "a list is read as it was written");
	must(utf8_is_sound(list, ""), "a list has no control characters");
	forward_parse(&forward, list, "nobody@example.org");
	for (i = 0; list[i] != '\0'; i++)
		commas += list[i] == ',';
	must(list[0] == '\0' || forward.count + forward.keeps <= commas + 1,
	    "no more addresses than words");
	for (i = 0; i < forward.count; i++)
		must(forward_is_sound(forward.addresses[i]),
		    "addresses can be handed over");
}

static void
check_forwards(const char *text)
{
	char list[ACCOUNT_FORWARD_SIZE], wrong[FORWARDS_WRONG_SIZE];

	if (forwards_take(text, list, wrong) == TEXT_NONE)
		check_list(list);
	else
		must(strstr(text, wrong) != NULL, "the wrong word was typed");
}

static void
check_query(const char *text)
{
	char path[512] = "q=";
	struct pairs pairs;

	if (!value_encode(path, sizeof(path), text)) {
		must(strcmp(path, "q=") == 0, "no part of it is left");
		return;
	}
	must(path[2 +
		 strspn(path + 2,
		     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		     "abcdefghijklmnopqrstuvwxyz"
		     "0123456789-._~%")] == '\0',
	    "a path has nothing else in it");
	if (utf8_is_sound(text, "\t\r\n"))
		must(request_parse(&pairs, path) && pairs.count == 1 &&
			strcmp(pairs.pair[0].value, text) == 0,
		    "a query is read as it was written");
}

static void
check_mending(char *text)
{
	char *copy = strdup(text);

	must(copy != NULL, "there is memory");
	utf8_mend(text);
	must(utf8_is_sound(text, ""), "what was mended is sound");
	if (utf8_is_sound(copy, ""))
		must(strcmp(copy, text) == 0, "what is sound stays");
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	struct input input = { data, size };
	struct bytes name, text;

	if (end == NULL || size > 4096)
		return 0;
	name = input_part(&input, (size_t)(end - data));
	(void)input_octet(&input);
	text = input_rest(&input);
	if (name.data != NULL && text.data != NULL) {
		check_strength(name.data, text.data);
		check_forwards(text.data);
		check_query(text.data);
		check_mending(text.data);
	}
	bytes_free(&name);
	bytes_free(&text);
	return 0;
}
