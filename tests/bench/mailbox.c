/*
 * mailbox MESSAGES OCTETS [SEED [read]]: writes an mbox of so many messages and
 * about so many octets in all to standard output, the same for the same words;
 * with a fourth one every message has a Status: header.
 */
#include "config.h"

#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t state;

static const char *const words[] = { "and", "the", "mail", "of", "today",
	"server", "was", "not", "there", "before", "we", "come", "back",
	"message", "with", "some", "a", "line", "or", "two", "more", "words",
	"that", "nobody", "reads", "until", "it", "ends", "I", "hope", "you",
	"are" };

static uint64_t
random_number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static const char *
random_word(void)
{
	return words[random_number() % (sizeof(words) / sizeof(*words))];
}

/* noted: what mail programs have noted of the message, or nothing. */
static int
write_header(unsigned long number, const char *noted)
{
	uint64_t id = random_number();

	return printf("From u%lu@example.net Sun Nov 22 07:%02lu:%02lu 2026\n"
		      "Return-Path: <u%lu@example.net>\n"
		      "Delivered-To: joe@kvt.dk\n"
		      "Received: from mail.example.net (mail.example.net "
		      "[192.0.2.7])\n\tby mx.kvt.dk (Postfix) with ESMTPS id "
		      "%016" PRIX64 "\n\tfor <joe@kvt.dk>; "
		      "Sun, 22 Nov 2026 07:00:00 +0100 (CET)\n"
		      "Date: Sun, 22 Nov 2026 07:00:00 +0100\n"
		      "From: Somebody <u%lu@example.net>\nTo: joe@kvt.dk\n"
		      "Message-ID: <%016" PRIx64 "@example.net>\n%s"
		      "Subject: %s %s %s %lu\nMIME-Version: 1.0\n"
		      "Content-Type: text/plain; charset=utf-8\n\n",
	    number, number / 60 % 60, number % 60, number, id, number, id,
	    noted, random_word(), random_word(), random_word(), number);
}

static int
write_line(void)
{
	size_t width = 40 + random_number() % 33;
	char line[128];
	size_t length = 0;

	while (length < width) {
		const char *word = random_word();
		size_t size = strlen(word);

		memcpy(line + length, word, size);
		line[length + size] = ' ';
		length += size + 1;
	}
	line[length - 1] = '\n';
	return fwrite(line, 1, length, stdout) == length ? (int)length : -1;
}

int
main(int argc, char **argv)
{
	unsigned long messages, octets, size, i;
	const char *noted;

	if (argc < 3)
		return 64;
	messages = bench_number(argv[1]);
	octets = bench_number(argv[2]);
	state = argc > 3 ? bench_number(argv[3]) : 1;
	noted = argc > 4 ? "Status: RO\n" : "";
	for (i = 0; i < messages; i++) {
		unsigned long end = octets / messages;

		size =
		    (unsigned long)bench_try(write_header(i, noted), "header");
		do
			size += (unsigned long)bench_try(write_line(), "line");
		while (size + 1 < end);
		bench_try(putchar('\n'), "line");
	}
	return fflush(stdout) == EOF;
}
