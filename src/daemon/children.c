/* The children of the listener.  Runs as root, in the listener only. */
#include "config.h"

#include "daemon/children.h"
#include "support/log.h"
#include "support/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int
children_init(struct children *children, size_t most)
{
	memset(children, 0, sizeof(*children));
	children->rows = calloc(most, sizeof(*children->rows));
	children->most = most;
	return children->rows == NULL ? -1 : 0;
}

void
children_free(struct children *children)
{
	free(children->rows);
	memset(children, 0, sizeof(*children));
}

void
children_add(struct children *children, pid_t pid, const struct source *source)
{
	struct child *child = &children->rows[children->count++];

	child->pid = pid;
	child->source = *source;
	child->is_before_login = true;
	children->total++;
}

struct child *
children_find(struct children *children, pid_t pid)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		if (children->rows[i].pid == pid)
			return &children->rows[i];
	return NULL;
}

size_t
children_before_login(const struct children *children)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < children->count; i++)
		count += children->rows[i].is_before_login;
	return count;
}

size_t
children_of(const struct children *children, const struct source *source)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < children->count; i++)
		if (source_equal(&children->rows[i].source, source))
			count++;
	return count;
}

static void
remove_pid(struct children *children, pid_t pid)
{
	struct child *child = children_find(children, pid);

	if (child != NULL)
		*child = children->rows[--children->count];
}

/* Signals coalesce, so one SIGCHLD may stand for many ends. */
bool
children_reap(struct children *children)
{
	bool was_killed = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		remove_pid(children, pid);
		log_trace(TRACE_CONNECTION, "child %ld ended, status %#x",
		    (long)pid, (unsigned int)status);
		if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGTERM)
			continue;
		log_event(LOG_ERR, "child %ld was killed by signal %d",
		    (long)pid, WTERMSIG(status));
		was_killed = true;
	}
	return was_killed;
}

void
children_signal(const struct children *children, int signal)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		kill(children->rows[i].pid, signal);
}

void
children_log(const struct children *children)
{
	char pids[512] = "";
	size_t used = 0;
	size_t i;

	for (i = 0; i < children->count && used + 16 < sizeof(pids); i++)
		used += (size_t)snprintf(pids + used, sizeof(pids) - used,
		    " %ld", (long)children->rows[i].pid);
	log_event(LOG_INFO,
	    "status children=%zu most=%zu sessions=%lu pids=%s%s",
	    children->count, children->most, children->total,
	    used == 0 ? "none" : pids + 1, i < children->count ? " ..." : "");
}
