/* How the mail system locks mailboxes, as far as it tells. */
#include "config.h"

#include "check/private.h"
#include "support/program.h"
#include "support/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- methods ------------------------------------------------------------ */

/* The set of those in a list with commas or blanks; other words are passed
 * over. */
static unsigned int
parse_methods(char *list)
{
	unsigned int methods = 0, method;
	const char *word;
	char *p;

	for (p = list; *p != '\0'; p++)
		if (isspace((unsigned char)*p))
			*p = ',';
	while ((word = text_field(&list, ',')) != NULL) {
		if (strcmp(word, "flock") == 0)
			methods |= MBOX_LOCK_FLOCK;
		else if (mbox_parse_lock_methods(word, &method))
			methods |= method;
	}
	return methods;
}

static const char *
list_methods(unsigned int methods, char out[64])
{
	snprintf(out, 64, "%s%s%s",
	    (methods & MBOX_LOCK_DOTLOCK) != 0 ? " dotlock" : "",
	    (methods & MBOX_LOCK_FCNTL) != 0 ? " fcntl" : "",
	    (methods & MBOX_LOCK_FLOCK) != 0 ? " flock" : "");
	return out[0] == ' ' ? out + 1 : "nothing";
}

static void
compare(struct check *check, const char *what, unsigned int theirs,
    const char *remedy)
{
	unsigned int ours = check->options->lock_methods;
	char list[64], other[64];

	if ((ours & theirs) != 0) {
		report_ok(&check->report, "%s: locks in common: %s", what,
		    list_methods(ours & theirs, list));
		return;
	}
	report_wrong(&check->report,
	    "%s: locks by %s, gnu-pop3d by %s; mail can be lost", what,
	    list_methods(theirs, list), list_methods(ours, other));
	report_remedy(&check->report, "%s", remedy);
}

/* ---- Postfix ------------------------------------------------------------ */

static bool
ask_postfix(struct check *check, char path[PROGRAM_PATH_SIZE], const char *name,
    const char *remedy)
{
	static char no_name[] = "-h";
	char parameter[64], what[96];
	char output[PROGRAM_OUTPUT_SIZE];
	char *const argv[] = { path, no_name, parameter, NULL };

	text_copy(parameter, sizeof(parameter), name);
	if (!program_run(argv, output))
		return false;
	text_format(what, sizeof(what), "Postfix, %s", name);
	compare(check, what, parse_methods(output), remedy);
	return true;
}

static void
check_postfix(struct check *check, char path[PROGRAM_PATH_SIZE])
{
	if (ask_postfix(check, path, "virtual_mailbox_lock",
		"postconf 'virtual_mailbox_lock = fcntl, dotlock' && postfix "
		"reload") &&
	    ask_postfix(check, path, "mailbox_delivery_lock",
		"postconf 'mailbox_delivery_lock = fcntl, dotlock' && postfix "
		"reload"))
		return;
	report_warning(
	    &check->report, "Postfix: %s does not tell how it locks", path);
	report_remedy(&check->report, "%s mailbox_delivery_lock", path);
}

/* ---- Exim --------------------------------------------------------------- */

/* A transport that appends to files: its name, and how it locks. */
struct transport {
	char name[128];
	bool appends;
	unsigned int methods;
};

static void
end_transport(struct check *check, struct transport *transport)
{
	char what[160];

	if (transport->appends) {
		text_format(
		    what, sizeof(what), "Exim, transport %s", transport->name);
		compare(check, what, transport->methods,
		    "use_lockfile and use_fcntl_lock in that transport");
	}
	memset(transport, 0, sizeof(*transport));
}

static void
set_method(struct transport *transport, unsigned int method, bool is_used)
{
	if (is_used)
		transport->methods |= method;
	else
		transport->methods &= ~method;
}

/* A line of "exim -bP transports"; what is not set begins with "no_". */
static void
read_option(struct transport *transport, const char *line)
{
	bool is_used = strncmp(line, "no_", 3) != 0;

	if (strcmp(line, "driver = appendfile") == 0)
		transport->appends = true;
	if (!is_used)
		line += 3;
	if (strcmp(line, "use_lockfile") == 0)
		set_method(transport, MBOX_LOCK_DOTLOCK, is_used);
	else if (strcmp(line, "use_fcntl_lock") == 0)
		set_method(transport, MBOX_LOCK_FCNTL, is_used);
	else if (strcmp(line, "use_flock_lock") == 0)
		set_method(transport, MBOX_LOCK_FLOCK, is_used);
	else if (strcmp(line, "maildir_format") == 0 && is_used)
		transport->appends = false;
}

static void
check_exim(struct check *check, char path[PROGRAM_PATH_SIZE])
{
	static char print[] = "-bP", what[] = "transports";
	static const char title[] = " transport:";
	char *const argv[] = { path, print, what, NULL };
	struct transport transport = { .appends = false };
	char output[PROGRAM_OUTPUT_SIZE];
	char *rest = output;
	char *line;

	if (!program_run(argv, output)) {
		report_warning(&check->report,
		    "Exim: %s does not tell how it locks", path);
		report_remedy(&check->report, "%s -bP transports", path);
		return;
	}
	while ((line = text_field(&rest, '\n')) != NULL) {
		size_t length = strlen(line), tail = strlen(title);

		if (length < tail || strcmp(line + length - tail, title) != 0) {
			read_option(&transport, line + strspn(line, " \t"));
			continue;
		}
		end_transport(check, &transport);
		line[length - tail] = '\0';
		(void)text_copy(transport.name, sizeof(transport.name), line);
	}
	end_transport(check, &transport);
}

void
check_mta(struct check *check)
{
	char path[PROGRAM_PATH_SIZE];

	report_section(&check->report, "locks of the mail system");
	if (program_find("postconf", path))
		check_postfix(check, path);
	else if (program_find("exim4", path) || program_find("exim", path))
		check_exim(check, path);
	else
		report_ok(&check->report,
		    "mail system: neither Postfix nor Exim, not looked at");
}
