/* The certificates that stunnel shows to clients. */
#include "config.h"

#include "check/private.h"
#include "support/program.h"
#include "support/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

/* Debian's, and where our set-ups are installed. */
static const char *const directories[] = { "/etc/stunnel",
	SYSCONFDIR "/gnu-pop3d" };

#define SAMPLE "gnu-pop3d sample certificate"
#define SOON   ((time_t)14 * 86400)

/* ---- one certificate ---------------------------------------------------- */

/* The date behind "notAfter=", as openssl writes it; -1 if it is none. */
static time_t
parse_end(const char *output)
{
	const char *text = strstr(output, "notAfter=");
	struct tm date;

	memset(&date, 0, sizeof(date));
	if (text == NULL ||
	    strptime(text + strlen("notAfter="), "%b %d %H:%M:%S %Y", &date) ==
		NULL)
		return -1;
	return timegm(&date);
}

static void
judge_end(struct check *check, const char *path, time_t end)
{
	struct report *report = &check->report;
	time_t left = end - time(NULL);

	if (left >= SOON) {
		report_ok(report, "%s: valid for %lld days", path,
		    (long long)(left / 86400));
		return;
	}
	if (left < 0)
		report_wrong(report, "%s: the certificate has expired", path);
	else
		report_warning(report,
		    "%s: the certificate expires in %lld "
		    "days",
		    path, (long long)(left / 86400));
	report_remedy(report,
	    "renew it, then stunnel must read it again, as renew-hook does, or "
	    "systemctl reload stunnel4");
}

static void
judge(struct check *check, const char *path, const char *output)
{
	time_t end = parse_end(output);

	if (end == -1) {
		report_wrong(
		    &check->report, "%s: openssl finds no date in it", path);
		report_remedy(&check->report,
		    "openssl x509 -noout -enddate -in %s", path);
		return;
	}
	judge_end(check, path, end);
	if (strstr(output, SAMPLE) == NULL)
		return;
	report_warning(&check->report,
	    "%s: is the sample certificate, which no client can trust", path);
	report_remedy(&check->report,
	    "use one of a certificate authority, see README, chapter 6");
}

static void
check_certificate(
    struct check *check, char openssl[PROGRAM_PATH_SIZE], char *path)
{
	static char x509[] = "x509", no_out[] = "-noout", end[] = "-enddate",
		    subject[] = "-subject", in[] = "-in";
	char *const argv[] = { openssl, x509, no_out, end, subject, in, path,
		NULL };
	char output[PROGRAM_OUTPUT_SIZE];
	struct stat status;

	if (stat(path, &status) == -1 || !S_ISREG(status.st_mode)) {
		report_wrong(&check->report,
		    "%s: there is no such file for a certificate", path);
		report_remedy(&check->report,
		    "mend the line cert = in the file of stunnel");
	} else if (program_run(argv, output)) {
		judge(check, path, output);
	} else {
		report_warning(&check->report,
		    "%s: openssl cannot read a certificate in it", path);
		report_remedy(
		    &check->report, "openssl x509 -noout -in %s", path);
	}
}

/* ---- where they are ----------------------------------------------------- */

/* The value of a line "cert = PATH", or NULL. */
static char *
find_value(char *line)
{
	char *value = strchr(line, '=');
	char *end;

	line += strspn(line, " \t");
	if (value == NULL || strncasecmp(line, "cert", 4) != 0 ||
	    line + 4 + strspn(line + 4, " \t") != value)
		return NULL;
	value += 1 + strspn(value + 1, " \t");
	end = value + strlen(value);
	while (end > value && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return value;
}

static void
check_configuration(
    struct check *check, char openssl[PROGRAM_PATH_SIZE], const char *path)
{
	char line[MBOX_PATH_SIZE];
	struct stat status;
	FILE *file = NULL;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
		file = fopen(path, "re");
	if (file == NULL) {
		report_warning(&check->report, "%s: cannot be read", path);
		report_remedy(&check->report, "sudo gnu-pop3d --check");
		return;
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		char *value = find_value(line);

		if (value != NULL && openssl[0] != '\0')
			check_certificate(check, openssl, value);
		else if (value != NULL)
			report_ok(&check->report,
			    "%s: not looked at, there is no openssl", value);
	}
	fclose(file);
}

static bool
is_configuration(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && strcmp(name + length - 5, ".conf") == 0;
}

static void
check_directory(
    struct check *check, char openssl[PROGRAM_PATH_SIZE], const char *directory)
{
	char path[MBOX_PATH_SIZE];
	struct entries entries;
	size_t i;

	if (entries_read(&entries, directory) == -1)
		return;
	for (i = 0; i < entries.count; i++)
		if (is_configuration(entries.names[i]) &&
		    text_format(path, sizeof(path), "%s/%s", directory,
			entries.names[i]))
			check_configuration(check, openssl, path);
	entries_free(&entries);
}

void
check_certificates(struct check *check)
{
	char openssl[PROGRAM_PATH_SIZE];
	size_t i;

	report_section(&check->report, "certificates");
	if (!program_find("openssl", openssl))
		openssl[0] = '\0';
	for (i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		check_directory(check, openssl, directories[i]);
}
