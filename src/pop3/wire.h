/*
 * Every octet from and to the client.  Lines come in, replies and message text
 * go out; what a client sends in one segment or in a hundred makes no
 * difference.
 *
 * Output is collected and leaves when the buffer is full or when the next
 * command has to be waited for, so the replies to pipelined commands travel
 * together.  When the client has gone away output is dropped without an error:
 * what it asked for before is still done.
 */
#ifndef POP3_WIRE_H
#define POP3_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest command line with its line end.  RFC 2449 section 4 demands 255. */
#define WIRE_LINE_SIZE 512
/* The same for a response in a SASL exchange: 12288 octets and the line end are
 * enough for all mechanisms there are, RFC 4954 section 4. */
#define WIRE_RESPONSE_SIZE 12290
#define WIRE_INPUT_SIZE	   16384
#define WIRE_OUTPUT_SIZE   65536

struct language;

struct wire {
	int in;
	int out;
	const struct language *language; /* of the replies */
	bool is_socket;
	int64_t deadline;    /* clock_now() moment, or -1: the end of all */
	int64_t idle_limit;  /* ms to wait for a command; 0: no limit */
	int64_t stall_limit; /* ms to wait for the client to take output */
	bool is_gone;	     /* the client takes no more output */
	bool is_stalled;     /* ... because stall_limit passed */
	uint64_t sent;	     /* octets */
	/* The next four belong to the text that is being sent. */
	bool at_line_start;
	bool after_cr;
	size_t held;  /* octets in output */
	size_t start; /* of unread input */
	size_t end;
	size_t top; /* where input has been since it was forgotten */
	char output[WIRE_OUTPUT_SIZE]; /* first, as of most sessions only little
					  of it is used: on the same page */
	char input[WIRE_INPUT_SIZE];
};

/* Prepares a wire on two descriptors, which may be the same; they stay the
 * caller's. */
void wire_init(struct wire *wire, int in, int out);

enum wire_event {
	WIRE_LINE,	 /* *line is a line without its end */
	WIRE_TOO_LONG,	 /* a line longer than the limit was passed over */
	WIRE_HAS_NUL,	 /* a line with a NUL in it was passed over */
	WIRE_END,	 /* the client has closed, or the line is endless */
	WIRE_TIMEOUT,	 /* idle_limit, deadline or stall_limit passed */
	WIRE_INTERRUPTED /* a watched signal came; call again */
};

/* Sends what is held and reads the next line, ended by LF or CR LF.  *line is
 * valid until the next call. */
enum wire_event wire_read_line(struct wire *wire, char **line);

/* The same for a response, which may be longer. */
enum wire_event wire_read_response(struct wire *wire, char **line);

/* Wipes the input that was used, since there may be secrets in it.  The last
 * line is not valid any more. */
void wire_forget(struct wire *wire);

/* Input that was read but not used, for another process to go on with. */
const char *wire_unread(const struct wire *wire, size_t *length);

/* Puts up to WIRE_INPUT_SIZE octets before all input, as if just read. */
void wire_put_unread(struct wire *wire, const char *data, size_t length);

/* Adds octets, or a formatted line with CR LF, to the output. */
void wire_write(struct wire *wire, const char *data, size_t length);
void wire_line(struct wire *wire, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sends what is held. */
void wire_flush(struct wire *wire);

/* Sends of it what the system takes at once, and waits for nobody.  Only on
 * sockets: elsewhere there is no way to know that nobody will be waited for. */
bool wire_can_push(const struct wire *wire);
void wire_push(struct wire *wire);

/*
 * Message text: RFC 1939 section 3.  Between begin and end, pieces of stored
 * text of any size; line ends become CR LF (those that are stay), lines that
 * begin with a dot get another one, and the end adds a missing line end and
 * the final dot.
 */
void wire_text_begin(struct wire *wire);
void wire_text(struct wire *wire, const char *data, size_t length);
void wire_text_end(struct wire *wire);

#endif
