/* gnu-pop3d: main() and nothing else. */
#include "config.h"

#include "check/check.h"
#include "daemon/connection.h"
#include "daemon/listener.h"
#include "daemon/options.h"
#include "daemon/privilege.h"
#include "daemon/recovery.h"
#include "daemon/sandbox.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* What runs sendmail must not keep it from being set-id. */
static int
reduce(bool runs_programs)
{
	if (!runs_programs && sandbox_begin() == -1)
		return -1;
	return privilege_reduce(!runs_programs);
}

int
main(int argc, char **argv)
{
	struct arrival arrival = { .reports = -1 };
	struct options options;
	struct house house;

	if (fileio_fill_standard() == -1)
		return EX_OSERR;
	options_parse(&options, argc, argv);
	if (options.checks)
		return check_run(&options);
	log_open("gnu-pop3d");
	if (options.logs_to_stderr)
		log_to_stderr();
	log_set_traces(options.traces);
	log_echo(options.is_daemon || options.recovers);
	signals_init();
	if (house_prepare(&house, &options) == -1)
		return EX_CONFIG;
	sandbox_prepare();
	if (options.is_sandboxed && reduce(options.sendmail != NULL) == -1) {
		log_event(LOG_ERR, "sandbox: %s", strerror(errno));
		return EX_OSERR;
	}
	if (options.recovers)
		return recovery_run_all(&house) == 0 ? EX_OK : EX_TEMPFAIL;
	if (options.is_daemon) {
		sandbox_complain(options.is_sandboxed);
		return listener_run(&house);
	}
	arrival.offers_challenges = house_offers_challenges(&house);
	return connection_serve(&house, &arrival);
}
