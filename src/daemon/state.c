/* The state directory.  Runs as root, or as the one user who is served. */
#include "config.h"

#include "daemon/state.h"
#include "support/identity.h"
#include "support/log.h"
#include "support/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory alone. */
static bool
choose_directory(struct state *state, const struct options *options)
{
	const char *base = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char *out = state->directory;

	if (options->state_directory != NULL)
		return text_copy(
		    out, STATE_PATH_SIZE, options->state_directory);
	if (identity_is_root())
		return text_copy(out, STATE_PATH_SIZE, DEFAULT_STATE_DIR);
	if (base != NULL && base[0] == '/')
		return text_format(out, STATE_PATH_SIZE, "%s/gnu-pop3d", base);
	return home != NULL && home[0] == '/' &&
	    text_format(
		out, STATE_PATH_SIZE, "%s/.local/state/gnu-pop3d", home);
}

bool
state_choose(struct state *state, const struct options *options)
{
	return choose_directory(state, options) &&
	    text_format(state->empty, sizeof(state->empty), "%s/empty",
		state->directory);
}

bool
state_is_safe(const struct stat *status)
{
	return S_ISDIR(status->st_mode) && status->st_uid == geteuid() &&
	    (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Makes the directory and those above it. */
static int
make_directories(char *path, mode_t mode)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		int result;

		*slash = '\0';
		result = mkdir(path, 0755);
		*slash = '/';
		if (result == -1 && errno != EEXIST)
			return -1;
	}
	return mkdir(path, mode) == -1 && errno != EEXIST ? -1 : 0;
}

static int
make(char *path, mode_t mode)
{
	struct stat status;

	if (stat(path, &status) == -1 && make_directories(path, mode) == -1) {
		log_event(
		    LOG_ERR, "%s: cannot be made: %s", path, strerror(errno));
		return -1;
	}
	if (stat(path, &status) == -1 || !state_is_safe(&status)) {
		log_event(
		    LOG_ERR, "%s: " STATE_RULE, path, (unsigned int)geteuid());
		return -1;
	}
	return 0;
}

int
state_prepare(struct state *state, const struct options *options)
{
	if (!state_choose(state, options)) {
		log_event(LOG_ERR,
		    "no place for the state directory; give --state-dir");
		return -1;
	}
	if (make(state->directory, 0700) == -1)
		return -1;
	return make(state->empty, 0755);
}
