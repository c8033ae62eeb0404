/*
 * Message text on its way out (rows 16, 17): whatever the pieces, what the
 * client makes of it is the stored text with each line end CR LF.
 */
#include "config.h"

#include "box.h"
#include "mail.h"
#include "pop3/wire.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

/* For how many piece sizes the text arrives wrong. */
static int
wrong_pieces(const struct bytes *stored)
{
	struct bytes sent = { 0 }, text = { 0 }, expected = { 0 },
		     first = { 0 };
	int wrong = 0;
	size_t piece;

	convert_ends(stored, &expected);
	send_stored(stored, stored->length + 1, &first);
	for (piece = 1; piece <= 64; piece++) {
		send_stored(stored, piece, &sent);
		wrong += !bytes_equal(&sent, &first) ||
		    !unstuff(&sent, &text) || !bytes_equal(&text, &expected);
	}
	bytes_free(&sent);
	bytes_free(&text);
	bytes_free(&expected);
	bytes_free(&first);
	return wrong;
}

static void
arrives(const char *text, const char *on_the_wire)
{
	struct bytes stored = { 0 }, sent = { 0 };

	bytes_add_text(&stored, text);
	send_stored(&stored, 1, &sent);
	is_text(sent.data, on_the_wire, "row 16: sent octet by octet");
	send_stored(&stored, 100, &sent);
	is_text(sent.data, on_the_wire, "row 16: sent as a whole");
	is_number(wrong_pieces(&stored), 0, "row 16: in pieces of 1 to 64");
	bytes_free(&stored);
	bytes_free(&sent);
}

static void
by_hand(void)
{
	arrives("", ".\r\n");
	arrives("\n", "\r\n.\r\n");
	arrives("a", "a\r\n.\r\n");
	arrives("a\n", "a\r\n.\r\n");
	arrives("a\r\n", "a\r\n.\r\n");
	arrives(".", "..\r\n.\r\n");
	arrives(".\n", "..\r\n.\r\n");
	arrives(".\r\n", "..\r\n.\r\n");
	arrives("..\n.\n", "...\r\n..\r\n.\r\n");
	arrives("a.\n.a\n", "a.\r\n..a\r\n.\r\n");
	arrives("\r\n.\r\n", "\r\n..\r\n.\r\n");
	arrives("\n.\nQUIT\n", "\r\n..\r\nQUIT\r\n.\r\n");
	arrives("a\rb\n", "a\rb\r\n.\r\n");
	arrives("a\r.\n", "a\r.\r\n.\r\n");
	arrives("a\r\r\n", "a\r\r\n.\r\n");
	arrives("a\r", "a\r\n.\r\n");
	arrives("\r", "\r\n.\r\n");
	arrives("\r\r", "\r\r\n.\r\n");
	arrives("a\n\n\n", "a\r\n\r\n\r\n.\r\n");
}

/* All texts of up to so many octets out of those that matter. */
static void
all_small_texts(void)
{
	static const char alphabet[] = ".\r\na";
	int wrong = 0;
	unsigned int length, number;

	for (length = 0; length <= 5; length++)
		for (number = 0; number < 1U << (2 * length); number++) {
			struct bytes stored = { 0 }, sent = { 0 };
			struct bytes text = { 0 }, expected = { 0 };
			unsigned int rest = number;
			unsigned int i;

			bytes_add(&stored, "", 0);
			for (i = 0; i < length; i++, rest /= 4)
				bytes_add(&stored, &alphabet[rest % 4], 1);
			convert_ends(&stored, &expected);
			send_stored(&stored, 1 + number % 3, &sent);
			wrong += !unstuff(&sent, &text) ||
			    !bytes_equal(&text, &expected);
			bytes_free(&stored);
			bytes_free(&sent);
			bytes_free(&text);
			bytes_free(&expected);
		}
	is_number(wrong, 0,
	    "row 16: every text of up to 5 dots, CRs, LFs and letters arrives");
}

static void
random_texts(void)
{
	static const char octets[] = "..\r\r\n\n\nab\0";
	uint32_t state = 16;
	int wrong = 0;
	int i;

	for (i = 0; i < 60; i++) {
		struct bytes stored = { 0 };
		uint32_t length = pick(&state, 400);

		bytes_add(&stored, "", 0);
		while (length-- > 0)
			bytes_add(&stored,
			    &octets[pick(&state, sizeof(octets) - 1)], 1);
		wrong += wrong_pieces(&stored);
		bytes_free(&stored);
	}
	is_number(wrong, 0,
	    "rows 16, 17: random texts with NULs arrive in pieces of 1 to 64");
}

/* Dots wherever the output buffer may be full. */
static void
output_edges(void)
{
	struct bytes stored = { 0 }, sent = { 0 }, text = { 0 };
	struct bytes expected = { 0 };
	int wrong = 0;
	size_t length;

	for (length = WIRE_OUTPUT_SIZE - 9; length <= WIRE_OUTPUT_SIZE;
	     length++) {
		bytes_free(&stored);
		bytes_fill(&stored, 'x', length);
		bytes_add_text(&stored, "\n.\n..\n\n.x\n.");
		convert_ends(&stored, &expected);
		send_stored(&stored, 4096, &sent);
		wrong +=
		    !unstuff(&sent, &text) || !bytes_equal(&text, &expected);
	}
	is_number(
	    wrong, 0, "row 16: dots at the edge of the buffer are stuffed");
	bytes_free(&stored);
	bytes_free(&sent);
	bytes_free(&text);
	bytes_free(&expected);
}

int
main(void)
{
	box_open();
	by_hand();
	all_small_texts();
	random_texts();
	output_edges();
	return done();
}
