/* What --help and --version print. */
#include "config.h"

#include "daemon/options.h"

const char options_help[] =
    "Usage: gnu-pop3d [OPTION]...\n"
    "POP3 server for mbox mail, with virtual domains.  See gnu-pop3d(8).\n"
    "\n"
    "  -i, --inetd               serve descriptor 0 (the default)\n"
    "  -d, --daemon[=N]          be a daemon with at most N sessions (200)\n"
    "      --foreground          with -d: stay in the foreground\n"
    "  -p, --port=N              port, implies -d (110)\n"
    "  -l, --listen=ADDR[:PORT]  address to listen on, repeatable (all)\n"
    "      --ipv6                listen on IPv6 too\n"
    "  -t, --timeout=SEC         idle limit after login (600; 0 none)\n"
    "      --login-timeout=SEC   limit for the whole login (60)\n"
    "      --max-per-source=N    sessions from one address (10)\n"
    "      --max-login-failures=N  then the connection ends (3)\n"
    "  -D, --debug=MASK          two hex digits: session, daemon; 1XX: stderr\n"
    "      --mail-spool=DIR      system mailboxes (" DEFAULT_MAIL_SPOOL ")\n"
    "      --home-mailbox=PATH   mailbox below the home directory\n"
    "      --virtual-dir=DIR     passwd files (" DEFAULT_VIRTUAL_DIR ")\n"
    "      --virtual-spool=DIR   mailboxes (" DEFAULT_VIRTUAL_SPOOL ")\n"
    "      --state-dir=DIR       our own files (" DEFAULT_STATE_DIR ")\n"
    "      --default-domain=NAME domain of the system's own users\n"
    "      --ip-based-virtual    our address names the domain\n"
    "      --min-uid=N           serve no uid below (100)\n"
    "      --login-user=NAME     who reads from strangers (pop3d, nobody)\n"
    "      --apop=auto|yes|no    offer APOP (auto: if it can succeed)\n"
    "      --no-status           do not keep Status: headers\n"
    "      --language=XX         of the replies (" DEFAULT_LANGUAGE ")\n"
    "      --secure              the connection is encrypted by stunnel\n"
    "      --pid-file=PATH       write the process id there\n"
    "      --lock=METHODS        dotlock,fcntl,flock (dotlock,fcntl)\n"
    "      --fsync=yes|no        no: faster, and mail may be lost\n"
    "      --recover             finish interrupted updates, then end\n"
    "  -h, --help                this text\n"
    "  -v, --version             version and licence\n";

const char options_version[] =
    "gnu-pop3d " PACKAGE_VERSION "\n"
    "An independent rewrite of GNU pop3d; not an official GNU package.\n"
    "Licence GPLv3+: GNU GPL version 3 or later.  There is NO WARRANTY.\n";
