/* Passwords: from a word of the command line, a terminal, or a pipe. */
#include "config.h"

#include "admin/private.h"
#include "support/text.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

/* A line of standard input without its end; false if there is none or it is too
 * long. */
static bool
read_password(char password[PASSWORD_SIZE])
{
	size_t length;

	if (fgets(password, PASSWORD_SIZE, stdin) == NULL)
		return false;
	length = strcspn(password, "\r\n");
	if (password[length] == '\0' && length == PASSWORD_SIZE - 1)
		return false;
	password[length] = '\0';
	return true;
}

static bool
prompt(const char *text, char password[PASSWORD_SIZE])
{
	struct termios before, quiet;
	bool is_read;

	fputs(text, stderr);
	if (tcgetattr(STDIN_FILENO, &before) == -1)
		return false;
	quiet = before;
	/* Who interrupts must not be left without echo: what ^C types is no
	 * password. */
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == -1)
		return false;
	is_read = read_password(password);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return is_read;
}

/* A new one twice. */
static bool
prompt_all(bool is_new, char password[PASSWORD_SIZE])
{
	char again[PASSWORD_SIZE];
	bool is_same;

	if (!prompt("Password: ", password))
		return false;
	if (!is_new)
		return true;
	is_same = prompt("Again: ", again) && strcmp(password, again) == 0;
	explicit_bzero(again, sizeof(again));
	return is_same;
}

static bool
is_fit(const char *password)
{
	const char *p;

	for (p = password; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return password[0] != '\0';
}

int
ask_password(const char *word, bool is_new, char password[PASSWORD_SIZE])
{
	bool is_taken;

	if (word != NULL && strcmp(word, "-") != 0) {
		is_taken = text_copy(password, PASSWORD_SIZE, word);
		if (is_new && is_taken)
			warn("note: while this runs, others can see a password "
			     "on the command line; - asks for it");
	} else if (isatty(STDIN_FILENO) == 1) {
		is_taken = prompt_all(is_new, password);
	} else {
		is_taken = read_password(password);
	}
	if (is_taken && is_fit(password))
		return EX_OK;
	explicit_bzero(password, PASSWORD_SIZE);
	return fail(EX_DATAERR,
	    "no password, or one that differs when typed again, or that has "
	    "more than %d octets or some that cannot be seen; nothing was "
	    "changed",
	    PASSWORD_SIZE - 1);
}
