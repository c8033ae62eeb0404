/* virtdomain: main() and nothing else. */
#include "config.h"

#include "admin/admin.h"
#include "support/fileio.h"
#include "web/web.h"

#include <stdlib.h>
#include <sysexits.h>

int
main(int argc, char **argv)
{
	if (fileio_fill_standard() == -1)
		return EX_OSERR;
	if (getenv("GATEWAY_INTERFACE") != NULL)
		return web_run();
	return admin_run(argc, argv);
}
