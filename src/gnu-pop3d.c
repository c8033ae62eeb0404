/* gnu-pop3d: main() and nothing else. */
#include "config.h"

#include "check/check.h"
#include "daemon/connection.h"
#include "daemon/listener.h"
#include "daemon/options.h"
#include "daemon/recovery.h"
#include "daemon/sandbox.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/process.h"
#include "support/signals.h"

#include <stdlib.h>
#include <sysexits.h>

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
	if (options.is_sandboxed &&
	    sandbox_begin(options.sendmail != NULL) == -1)
		return EX_OSERR;
	if (options.recovers)
		return recovery_run_all(&house) == 0 ? EX_OK : EX_TEMPFAIL;
	if (options.is_daemon) {
		sandbox_complain(options.is_sandboxed);
		process_end(listener_run(&house));
	}
	arrival.offers_challenges = house_offers_challenges(&house);
	process_end(connection_serve(&house, &arrival));
}
