/* New processes.  Runs in the listener and in connection processes. */
#include "config.h"

#include "support/process.h"

#include <stdlib.h>
#include <unistd.h>

pid_t
process_fork(void)
{
#ifdef HAVE__FORK
	return _Fork();
#else
	return fork();
#endif
}

void
process_end(int status)
{
#ifdef WITH_SANDBOX
	_exit(status);
#else
	exit(status);
#endif
}
