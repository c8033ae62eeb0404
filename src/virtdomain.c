/* virtdomain: main() and nothing else. */
#include "config.h"

#include "admin/admin.h"
#include "support/fileio.h"

#include <sysexits.h>

int
main(int argc, char **argv)
{
	if (fileio_fill_standard() == -1)
		return EX_OSERR;
	return admin_run(argc, argv);
}
