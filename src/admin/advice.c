/* What is left to do: for DNS, for Postfix, and in the user's mail client. */
#include "config.h"

#include "admin/private.h"
#include "support/program.h"
#include "support/text.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lines of main.cf that are missing, and of master.cf. */
struct lacks {
	unsigned int count;
};

/* ---- Postfix ------------------------------------------------------------ */

/* Runs postconf with this option; false if that fails. */
static bool
run_postconf(const struct admin *admin, const char *option, const char *what,
    char value[ADMIN_LINE_SIZE])
{
	char program[PROGRAM_PATH_SIZE], output[PROGRAM_OUTPUT_SIZE];
	char directory[ADMIN_PATH_SIZE], set[] = "-c", flag[8];
	char name[ADMIN_LINE_SIZE];
	char *argv[] = { program, set, directory, flag, name, NULL };
	struct stat status;

	value[0] = '\0';
	if (stat(postfix_path(admin, "main.cf", directory), &status) == -1 ||
	    !program_find("postconf", program) ||
	    !text_copy(directory, sizeof(directory), admin->postfix) ||
	    !text_copy(flag, sizeof(flag), option) ||
	    !text_copy(name, sizeof(name), what) || !program_run(argv, output))
		return false;
	output[strcspn(output, "\n")] = '\0';
	return text_copy(value, ADMIN_LINE_SIZE, output);
}

bool
ask_postfix(
    const struct admin *admin, const char *name, char value[ADMIN_LINE_SIZE])
{
	return run_postconf(admin, "-hx", name, value);
}

/* True when one of the words of a list is this, or a table of any type that is
 * this file. */
static bool
has_word(const char *list, const char *wanted)
{
	size_t length, wanted_length = strlen(wanted);

	while (*(list += strspn(list, ", \t")) != '\0') {
		length = strcspn(list, ", \t");
		if (length >= wanted_length &&
		    strncmp(list + length - wanted_length, wanted,
			wanted_length) == 0 &&
		    (length == wanted_length ||
			list[length - wanted_length - 1] == ':'))
			return true;
		list += length;
	}
	return false;
}

static void
begin_line(struct lacks *lacks)
{
	if (lacks->count++ == 0)
		printf("\nPostfix lacks (each line is a command; then: postfix "
		       "reload)\n");
}

static void
lack(struct lacks *lacks, const char *name, const char *before,
    const char *value)
{
	begin_line(lacks);
	printf("  postconf -e '%s = %s%s%s'\n", name, before,
	    before[0] == '\0' ? "" : ", ", value);
}

/* A path of an image as the image will see it. */
static const char *
inside(const struct admin *admin, const char *path)
{
	return path + strlen(admin->root);
}

/* A table must stand in a list. */
static void
need_table(const struct plan *plan, struct lacks *lacks, const char *name,
    const char *type, const char *file)
{
	char path[ADMIN_PATH_SIZE], before[ADMIN_LINE_SIZE];
	char table[ADMIN_PATH_SIZE + 40];

	postfix_path(plan->admin, file, path);
	snprintf(
	    table, sizeof(table), "%s:%s", type, inside(plan->admin, path));
	if (!ask_postfix(plan->admin, name, before) ||
	    !has_word(before, inside(plan->admin, path)))
		lack(lacks, name, before, table);
}

static void
need_value(const struct plan *plan, struct lacks *lacks, const char *name,
    const char *value)
{
	char before[ADMIN_LINE_SIZE];

	if (!ask_postfix(plan->admin, name, before) ||
	    strcmp(before, value) != 0)
		lack(lacks, name, "", value);
}

/* For the recipe, and so that joe+list is joe. */
static void
need_delimiter(const struct plan *plan, struct lacks *lacks)
{
	char delimiters[ADMIN_LINE_SIZE];

	if (!ask_postfix(plan->admin, "recipient_delimiter", delimiters) ||
	    strchr(delimiters, '+') == NULL)
		lack(lacks, "recipient_delimiter", "", "+");
}

static void
find_type(const struct admin *admin, char type[ADMIN_LINE_SIZE])
{
	if (!ask_postfix(admin, "default_database_type", type))
		text_copy(type, ADMIN_LINE_SIZE, "hash");
}

/* Both tables in one parameter: the second command would undo the first. */
static void
need_alias_maps(const struct plan *plan, struct lacks *lacks, const char *type)
{
	char virtual[ADMIN_PATH_SIZE], recipe[ADMIN_PATH_SIZE];
	char before[ADMIN_LINE_SIZE], tables[4 * ADMIN_LINE_SIZE];
	bool has_virtual, has_recipe;

	(void)ask_postfix(plan->admin, "virtual_alias_maps", before);
	postfix_path(plan->admin, "virtual", virtual);
	postfix_path(plan->admin, "virtual_regexp", recipe);
	has_virtual = has_word(before, inside(plan->admin, virtual));
	has_recipe = has_word(before, inside(plan->admin, recipe));
	if (has_virtual && has_recipe)
		return;
	snprintf(tables, sizeof(tables), "%s%s%s%s%s%s",
	    has_virtual ? "" : type, has_virtual ? "" : ":",
	    has_virtual ? "" : inside(plan->admin, virtual),
	    has_virtual || has_recipe ? "" : ", ", has_recipe ? "" : "regexp:",
	    has_recipe ? "" : inside(plan->admin, recipe));
	lack(lacks, "virtual_alias_maps", before, tables);
}

/* By default, all that virtual_alias_maps has are domains too. */
static void
need_alias_domain(
    const struct plan *plan, struct lacks *lacks, const char *type)
{
	char value[ADMIN_LINE_SIZE], path[ADMIN_PATH_SIZE];
	char table[ADMIN_PATH_SIZE + ADMIN_LINE_SIZE];

	postfix_path(plan->admin, "virtual", path);
	if (!run_postconf(plan->admin, "-h", "virtual_alias_domains", value) ||
	    strstr(value, "virtual_alias_maps") != NULL ||
	    has_word(value, inside(plan->admin, path)) ||
	    has_word(value, plan->domain))
		return;
	snprintf(
	    table, sizeof(table), "%s:%s", type, inside(plan->admin, path));
	lack(lacks, "virtual_alias_domains", value, table);
}

static void
advise_recipe(const struct plan *plan, struct lacks *lacks)
{
	char type[ADMIN_LINE_SIZE];

	find_type(plan->admin, type);
	need_delimiter(plan, lacks);
	need_alias_maps(plan, lacks, type);
	need_alias_domain(plan, lacks, type);
	need_value(plan, lacks, "mailbox_size_limit", "0");
}

static void
advise_transport(const struct plan *plan, struct lacks *lacks)
{
	char type[ADMIN_LINE_SIZE], name[ADMIN_LINE_SIZE];
	char service[ADMIN_LINE_SIZE];

	find_type(plan->admin, type);
	need_delimiter(plan, lacks);
	need_table(
	    plan, lacks, "virtual_mailbox_domains", type, "virtual_domains");
	need_table(plan, lacks, "transport_maps", type, "transport");
	snprintf(name, sizeof(name), "gnu-pop3d-%s_destination_recipient_limit",
	    plan->owner);
	need_value(plan, lacks, name, "1");
	snprintf(name, sizeof(name), "gnu-pop3d-%s/unix", plan->owner);
	if (run_postconf(plan->admin, "-M", name, service) &&
	    service[0] != '\0')
		return;
	begin_line(lacks);
	printf("  postconf -M '%s=gnu-pop3d-%s unix - n n - - pipe flags=DORX "
	       "user=%s null_sender= argv=%s -f ${sender} "
	       "-r ${user}@${domain}'\n",
	    name, plan->owner, plan->owner, plan->admin->delivery);
}

/* ---- all ---------------------------------------------------------------- */

/* By which name others call this machine. */
static void
find_host(const struct admin *admin, char host[ADMIN_LINE_SIZE])
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	struct addrinfo *found = NULL;

	if (ask_postfix(admin, "myhostname", host) && host[0] != '\0')
		return;
	if (gethostname(host, ADMIN_LINE_SIZE) == -1)
		text_copy(host, ADMIN_LINE_SIZE, "mail.example.org");
	host[ADMIN_LINE_SIZE - 1] = '\0';
	if (getaddrinfo(host, NULL, &hints, &found) == 0 &&
	    found->ai_canonname != NULL)
		text_copy(host, ADMIN_LINE_SIZE, found->ai_canonname);
	if (found != NULL)
		freeaddrinfo(found);
}

void
client_settings(
    const struct admin *admin, const char *address, struct client *client)
{
	if (admin->server == NULL ||
	    !text_copy(client->server, sizeof(client->server), admin->server))
		find_host(admin, client->server);
	text_copy(client->user_name, sizeof(client->user_name), address);
	client->plain_port = 110;
	client->tls_port = 995;
}

void
advise_client(const struct admin *admin, const char *address)
{
	struct client client;

	client_settings(admin, address, &client);
	printf("\nIn the mail client\n"
	       "  server     %s\n"
	       "  protocol   POP3, port %u with TLS where POP3S is set up, "
	       "else %u\n"
	       "  user name  %s\n",
	    client.server, client.tls_port, client.plain_port,
	    client.user_name);
}

void
advise_domain(const struct plan *plan)
{
	char host[ADMIN_LINE_SIZE], address[ACCOUNT_NAME_SIZE];
	struct lacks lacks = { 0 };

	find_host(plan->admin, host);
	printf("\n%s is ready on this machine.\n", plan->domain);
	printf("\nIn DNS\n  %s.\tIN\tMX\t10 %s.\n", plan->domain, host);
	if (plan->way == WAY_RECIPE)
		advise_recipe(plan, &lacks);
	else
		advise_transport(plan, &lacks);
	printf("\nIts users\n  virtdomain add joe@%s\n", plan->domain);
	text_format(address, sizeof(address), "postmaster@%s", plan->domain);
	advise_client(plan->admin, address);
}
