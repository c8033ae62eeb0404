/*
 * Inside the check room: the report, what is looked over, and in which order.
 */
#ifndef CHECK_PRIVATE_H
#define CHECK_PRIVATE_H

#include "account/account.h"
#include "check/check.h"
#include "daemon/state.h"
#include "mbox/mbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- report.c: lines, colours, the sum ---------------------------------- */

#define REPORT_LINE_SIZE 2048
#define REPORT_MOST_OK	 12 /* of a section are shown one by one */
#define REPORT_MOST_BAD	 50

struct report {
	unsigned long wrong, warnings, ok;
	const char *section;
	unsigned long section_ok, section_bad;
	char held[REPORT_MOST_OK][REPORT_LINE_SIZE]; /* what is ok so far */
	bool has_colours;
	bool shows_progress;
	bool has_progress; /* such a line stands on the terminal */
	bool is_hushed;	   /* the last line was not shown */
	bool hides_wrong;  /* one of those was wrong */
};

void report_init(struct report *report);

/* Ends the section before: shows what is ok, or how many. */
void report_section(struct report *report, const char *name);

/* One item each.  Octets that could harm a terminal are written as \xHH. */
void report_ok(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void report_warning(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void report_wrong(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What to do about the item before. */
void report_remedy(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says on a terminal how far a long section is. */
void report_progress(struct report *report, unsigned long done);

/* Ends the last section.  0, or -1 if not all could be written. */
int report_end(struct report *report);

/* Writes text so that a shell takes it for one word.  Returns out. */
#define QUOTED_SIZE 1600
const char *quote(char out[QUOTED_SIZE], const char *text);

/* ---- check.c ------------------------------------------------------------ */

struct check {
	const struct options *options;
	struct state state;
	bool has_state; /* there is a place for it */
	bool is_root;
	struct report report;
};

/* The mailbox of account as a session would open it.  False with errno. */
bool check_find_place(const struct check *check, const struct account *account,
    struct mbox_place *place);

/* ---- entries.c: directories, and the accounts of a domain --------------- */

/* The names in a directory, sorted. */
struct entries {
	char **names;
	size_t count;
};

/* Without "." and "..".  0, or -1 with errno. */
int entries_read(struct entries *entries, const char *directory);
void entries_free(struct entries *entries);

/* Where an account has its line. */
struct member {
	struct account account;
	unsigned long line;
};

/* Those of one domain whose lines count, or would. */
struct roster {
	struct member *members;
	size_t count, room;
};

/* 0, or -1 with ENOMEM. */
int roster_add(struct roster *roster, const struct account_line *line);

/* By name, then by line: to be called before the next. */
void roster_sort(struct roster *roster);

const struct member *roster_find(const struct roster *roster, const char *user);

/* Reads and sorts all of domain.  False if its file is not read. */
bool roster_read(struct roster *roster, const struct account_rules *rules,
    const char *domain);

void roster_free(struct roster *roster);

/* ---- the sections ------------------------------------------------------- */

void check_options(struct check *check);      /* options.c */
void check_system(struct check *check);	      /* system.c */
void check_ports(struct check *check);	      /* ports.c */
void check_domains(struct check *check);      /* domains.c */
void check_mailboxes(struct check *check);    /* mailboxes.c */
void check_state(struct check *check);	      /* state.c */
void check_mta(struct check *check);	      /* mta.c */
void check_certificates(struct check *check); /* certificates.c */

/* One login instead of all of these; login.c. */
void check_login(struct check *check, const char *name);

/* Looks at one mailbox, with its dotlock; mailbox.c. */
void check_mailbox(struct check *check, const struct mbox_place *place);

/* Writes the command that mends a mailbox, or shows what is in it if it is
 * none.  Returns out. */
const char *mailbox_remedy(const struct mbox_place *place,
    const struct mbox_view *view, char out[REPORT_LINE_SIZE]);

#endif
