/* Where the daemon would listen, and who does. */
#include "config.h"

#include "check/private.h"
#include "daemon/sockets.h"
#include "support/text.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATE_LISTEN 0x0a
#define COMM_SIZE    32

/* ---- who has a port ----------------------------------------------------- */

struct holder {
	pid_t process; /* 0: not to be found out */
	char name[COMM_SIZE];
};

static unsigned int
port_of(const struct address *address)
{
	const struct sockaddr_in *in =
	    (const struct sockaddr_in *)&address->storage;

	return ntohs(in->sin_port); /* it stands there in IPv6 too */
}

/* Writes an address without port as the tables of /proc/net do: each word of 32
 * bits as a number of this machine. */
static void
write_address(const struct address *address, char out[40])
{
	const struct sockaddr_in *in =
	    (const struct sockaddr_in *)&address->storage;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&address->storage;
	uint32_t words[4];

	if (address->storage.ss_family == AF_INET) {
		text_format(out, 40, "%08X", in->sin_addr.s_addr);
		return;
	}
	memcpy(words, &in6->sin6_addr, sizeof(words));
	text_format(out, 40, "%08X%08X%08X%08X", words[0], words[1], words[2],
	    words[3]);
}

/* True for all addresses of a family. */
static bool
is_any(const char *address)
{
	return strspn(address, "0") == strlen(address);
}

/* The inode of a socket in a table of /proc/net that is in the way of who would
 * listen on address, or 0. */
static unsigned long
find_listener(const char *table, const struct address *address)
{
	FILE *file = fopen(table, "re");
	unsigned long inode = 0;
	char line[512], wanted[40];
	char *words[10];

	write_address(address, wanted);
	while (inode == 0 && file != NULL &&
	    fgets(line, sizeof(line), file) != NULL) {
		char *port;
		const char *local;

		if (!text_words(line, words, 10))
			continue;
		port = words[1];
		local = text_field(&port, ':');
		if (port != NULL &&
		    strtoul(port, NULL, 16) == port_of(address) &&
		    strtoul(words[3], NULL, 16) == STATE_LISTEN &&
		    (is_any(local) || is_any(wanted) ||
			strcmp(local, wanted) == 0))
			inode = strtoul(words[9], NULL, 10);
	}
	if (file != NULL)
		fclose(file);
	return inode;
}

static bool
has_socket(const char *process, unsigned long inode)
{
	char path[512], wanted[64], target[64];
	const struct dirent *entry;
	DIR *directory;
	bool is_found = false;

	text_format(wanted, sizeof(wanted), "socket:[%lu]", inode);
	if (!text_format(path, sizeof(path), "/proc/%s/fd", process) ||
	    (directory = opendir(path)) == NULL)
		return false;
	while (!is_found && (entry = readdir(directory)) != NULL) {
		ssize_t length = readlinkat(dirfd(directory), entry->d_name,
		    target, sizeof(target) - 1);

		target[length > 0 ? length : 0] = '\0';
		is_found = strcmp(target, wanted) == 0;
	}
	closedir(directory);
	return is_found;
}

static void
read_name(struct holder *holder)
{
	char path[64];
	FILE *file;

	text_format(path, sizeof(path), "/proc/%d/comm", (int)holder->process);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(holder->name, sizeof(holder->name), file) == NULL)
		holder->name[0] = '\0';
	holder->name[strcspn(holder->name, "\n")] = '\0';
	fclose(file);
}

static void
find_holder(const struct address *address, struct holder *holder)
{
	unsigned long inode = find_listener("/proc/net/tcp", address);
	const struct dirent *entry;
	DIR *processes = opendir("/proc");
	uint64_t number;

	memset(holder, 0, sizeof(*holder));
	if (inode == 0)
		inode = find_listener("/proc/net/tcp6", address);
	if (processes == NULL)
		return;
	while (inode != 0 && holder->process == 0 &&
	    (entry = readdir(processes)) != NULL)
		if (text_to_number(entry->d_name, INT32_MAX, &number) &&
		    has_socket(entry->d_name, inode))
			holder->process = (pid_t)number;
	closedir(processes);
	if (holder->process != 0)
		read_name(holder);
}

/* ---- one address -------------------------------------------------------- */

static void
tell_holder(
    struct check *check, const char *name, const struct address *address)
{
	unsigned int port = port_of(address);
	struct holder holder;

	find_holder(address, &holder);
	if (strcmp(holder.name, "gnu-pop3d") == 0) {
		report_ok(&check->report, "%s: gnu-pop3d listens there, pid %d",
		    name, (int)holder.process);
		return;
	}
	if (strcmp(holder.name, "systemd") == 0) {
		report_warning(&check->report,
		    "%s: systemd listens on port %u, for whom is not known",
		    name, port);
		report_remedy(&check->report,
		    "systemctl list-sockets; it must start gnu-pop3d, or be "
		    "stopped");
		return;
	}
	if (holder.process != 0) {
		report_wrong(&check->report,
		    "%s: port %u is taken by %s, pid %d", name, port,
		    holder.name, (int)holder.process);
		report_remedy(
		    &check->report, "stop it, or take another port: -p");
		return;
	}
	report_wrong(&check->report, "%s: port %u is taken", name, port);
	report_remedy(&check->report, "ss -ltnp sport = :%u", port);
}

static void
check_address(
    struct check *check, const char *name, const struct address *address)
{
	struct report *report = &check->report;
	unsigned int port = port_of(address);

	if (sockets_try(address) == 0) {
		report_ok(report, "%s: port %u is free", name, port);
		return;
	}
	if (errno == EADDRINUSE) {
		tell_holder(check, name, address);
		return;
	}
	if (errno == EACCES) {
		report_wrong(report, "%s: port %u needs root", name, port);
		report_remedy(report,
		    "start it as root, or take a port from 1024 on: -p");
		return;
	}
	report_wrong(
	    report, "%s: cannot listen there: %s", name, strerror(errno));
	report_remedy(report, "ip address");
}

/* ---- all addresses ------------------------------------------------------ */

static void
check_named(struct check *check, const char *name)
{
	struct address address;

	if (address_parse(name, check->options->port, &address)) {
		check_address(check, name, &address);
		return;
	}
	report_wrong(
	    &check->report, "--listen: '%s' is no numeric address", name);
	report_remedy(&check->report,
	    "--listen=192.0.2.1:110 or --listen='[2001:db8::1]:110'");
}

void
check_ports(struct check *check)
{
	const struct options *options = check->options;
	struct address address;
	size_t i;

	report_section(&check->report, "ports");
	for (i = 0; i < options->listen_count; i++)
		check_named(check, options->listen[i]);
	if (!options->is_daemon || options->listen_count > 0)
		return;
	address_any(AF_INET, options->port, &address);
	check_address(check, "all IPv4 addresses", &address);
	if (!options->listens_on_ipv6)
		return;
	address_any(AF_INET6, options->port, &address);
	check_address(check, "all IPv6 addresses", &address);
}
