/* virtual: main() and nothing else. */
#include "config.h"

#include "delivery/delivery.h"
#include "support/fileio.h"
#include "support/log.h"
#include "support/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct delivery delivery;
	struct outcome outcome;

	if (fileio_fill_standard() == -1)
		return EX_TEMPFAIL;
	umask(077);
	signals_init();
	log_open("virtual");
	delivery_parse(&delivery, argc, argv);
	delivery_run(&delivery, STDIN_FILENO, &outcome);
	if (outcome.status != EX_OK)
		printf("%s\n", outcome.text);
	return outcome.status;
}
