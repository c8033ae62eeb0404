/* Which word means what. */
#include "config.h"

#include "admin/private.h"
#include "support/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const struct command {
	const char *name;
	int least, most; /* words behind it */
	int (*run)(const struct admin *admin, char **words);
} commands[] = {
	{ "CREATE", 3, 4, command_create },
	{ "DELETE", 3, 3, command_delete },
	{ "list", 0, 1, command_list },
	{ "show", 1, 1, command_show },
	{ "add", 1, 2, command_add },
	{ "passwd", 1, 2, command_passwd },
	{ "remove", 1, 1, command_remove },
	{ "forward", 1, 1 + FORWARD_MOST, command_forward },
	{ "web", 2, 2, command_web },
	{ "apop", 2, 2, command_apop },
};

static const struct command *
find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
admin_run(int argc, char **argv)
{
	const struct command *command;
	struct admin admin;
	int status, words, first = arguments_parse(&admin, argc, argv);

	log_open("virtdomain");
	if (first == argc && isatty(STDIN_FILENO) == 1)
		return fail(EX_USAGE, "no command; see virtdomain --help");
	if (first == argc || strcmp(argv[first], "MAILBOUNCE") == 0)
		return mail_run(&admin, first != argc);
	umask(022);
	command = find(argv[first]);
	if (command == NULL)
		return fail(admin.is_mail ? EX_TEMPFAIL : EX_USAGE,
		    "'%s' is no command; see virtdomain --help", argv[first]);
	if (admin.sender != NULL || admin.recipient != NULL)
		return fail(EX_USAGE, "-f and -r are for a message, not for %s",
		    command->name);
	words = argc - first - 1;
	if (words < command->least || words > command->most)
		return fail(EX_USAGE,
		    "%s takes %d to %d words; see virtdomain --help",
		    command->name, command->least, command->most);
	status = command->run(&admin, argv + first + 1);
	if (fflush(stdout) == EOF || ferror(stdout))
		return fail(EX_IOERR, "standard output cannot be written");
	return status;
}
