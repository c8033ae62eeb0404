/*
 * Inside the account room: what one passwd line says, and where it was found.
 */
#ifndef ACCOUNT_PRIVATE_H
#define ACCOUNT_PRIVATE_H

#include "account/account.h"
#include "support/rewrite.h"

#include <sys/stat.h>

/* Longest password field: the longest hash crypt(3) knows has 384 octets. */
#define SECRET_SIZE 512

/* How a secret is stored decides how it is compared: one way, never both. */
enum secret_kind {
	SECRET_NONE, /* no secret opens this account */
	SECRET_PLAIN,
	SECRET_HASH /* of crypt(3) */
};

struct record {
	struct account account;
	enum secret_kind kind;
	char secret[SECRET_SIZE];
	char proof_secret[SECRET_SIZE]; /* plain, of the APOP file; or empty */
	const char *refusal; /* why the account may not log in, or NULL */
	bool looks_hashed;   /* plain without saying so, in the shape of DES */
	char gecos[ACCOUNT_GECOS_SIZE];
	char forward[ACCOUNT_FORWARD_SIZE]; /* where mail goes; the shell */
};

/*
 * The result of a look-up.  decoy is some hash of the same file, to spend the
 * same time on unknown users; empty if the file has none.
 */
struct search {
	enum account_search found;
	struct record record; /* valid when found */
	char decoy[SECRET_SIZE];
};

/* True for an errno that does not mean that something is not there, but that it
 * cannot be found out now. */
bool is_trouble(int error);

/* Looks for user in the passwd file of domain.  is_hash tells which stored
 * secret may be the decoy; NULL for who checks no password, such as virtual. */
void virtual_find(const struct account_rules *rules, const char *user,
    const char *domain, bool (*is_hash)(const char *text),
    struct search *search);

/* Looks for nobody, at the cost of a look for somebody. */
void system_find_nobody(const struct account_rules *rules,
    enum account_search result, struct search *search);

/* Looks for user among the users of this system. */
void system_find(
    const struct account_rules *rules, const char *user, struct search *search);

/* The same for somebody who may know how long it takes: without a decoy. */
void system_look(
    const struct account_rules *rules, const char *user, struct search *search);

/* ---- files with secrets, line by line ----------------------------------- */

#define READER_LINE_SIZE   ACCOUNT_LINE_SIZE
#define READER_BUFFER_SIZE 8192

struct reader {
	int fd;	   /* -1: none */
	int error; /* errno of the read that failed, or 0 */
	size_t next, held;
	char octets[READER_BUFFER_SIZE + 1]; /* wiped in the end: secrets */
};

/* Takes over fd. */
void reader_init(struct reader *reader, int fd);

/* The next line without its end, to be read and changed until the one after it
 * is asked for; NULL at the end of the file, and on an error.  Sets fault, or
 * NULL, for a line that cannot be right; then its text is worth nothing. */
char *reader_line(struct reader *reader, const char **fault);

/* Closes the file, if there is one. */
void reader_close(struct reader *reader);

/* ---- the APOP file ------------------------------------------------------ */

/* Copies the secret that it has for a user of the system; empty if none.  Reads
 * all of it in any case.  A file that is not safe counts as none, and that is
 * logged. */
void apop_find(const struct account_rules *rules, const char *user,
    char secret[SECRET_SIZE]);

/* True if there is a secret in it. */
bool apop_has_some(const struct account_rules *rules);

/* ---- lines of a domain's passwd file ------------------------------------ */

/* Root reads the file for every login: its owner must not make that long. */
#define PASSWD_LARGEST ((size_t)16 * 1024 * 1024)

/* An open passwd file; who owns it decides what it may say. */
struct passwd_file {
	struct account_rules rules;
	const char *domain; /* borrowed */
	struct reader reader;
	unsigned long line_number;
	uid_t owner; /* 0: may name any uid from rules.least_uid */
	gid_t file_gid;
	bool knows_owner;
	gid_t owner_gid;       /* of the owner himself, when it was asked for */
	bool is_in_file_group; /* ... and whether file_gid is one of his */
	int owner_error;       /* errno of asking, or 0 */
	uid_t spool_uid;       /* for two-field lines; 0 if there is no spool */
	gid_t spool_gid;
	const char *fault; /* of the last line read, or of the opening */
	int error;	   /* errno for it, or 0 */
	const struct account_fault *distrusted; /* why it was not read */
};

/* Opens and checks the passwd file of domain.  ACCOUNT_FOUND on success; a
 * fault is set for ACCOUNT_TROUBLE. */
enum account_search passwd_open(struct passwd_file *file,
    const struct account_rules *rules, const char *domain);

/* Why the file passwd, open as fd, in the open directory is not to be read, or
 * NULL; fills its status. */
const struct account_fault *passwd_distrust(
    int directory, int fd, struct stat *status);

enum passwd_line {
	PASSWD_GOOD,	/* record is filled */
	PASSWD_BAD,	/* fault is set; the next line may be good again */
	PASSWD_TROUBLE, /* fault is set; the file cannot be read any further */
	PASSWD_END
};

/* Finds out the owner's own group, or sets owner_error.  Not done by
 * passwd_open(), since it costs as much as all the rest of a login. */
void passwd_learn_owner(struct passwd_file *file);

/* What a line says.  The texts are in the line, until the next one is read;
 * NULL where there is none. */
struct passwd_entry {
	const char *user;
	const char *secret;
	const char *home;
	const char *gecos;
	const char *forward;
	uid_t uid;
	gid_t gid;
	enum secret_kind kind;
	const char *refusal; /* see struct record */
	bool looks_hashed;
};

/* Whether the file may hand out the ids of the entry: NULL, or why not. */
const char *passwd_judge_ids(
    struct passwd_file *file, const struct passwd_entry *entry);

/* Takes the line apart, and changes it.  NULL, or what is wrong with it; then
 * the entry has what could be read. */
const char *passwd_parse(
    struct passwd_file *file, char *line, struct passwd_entry *entry);

/* Reads the next line that is not empty or a comment. */
enum passwd_line passwd_next_entry(
    struct passwd_file *file, struct passwd_entry *entry);

/* Fills record with what an entry of file says. */
void passwd_take(const struct passwd_file *file,
    const struct passwd_entry *entry, struct record *record);

/* Both at once; of a bad line the record has what could be read. */
enum passwd_line passwd_next(struct passwd_file *file, struct record *record);

/* Logs the fault with file name and line number. */
void passwd_log_fault(const struct passwd_file *file);

void passwd_close(struct passwd_file *file);

/* ---- editing ------------------------------------------------------------ */

/* A passwd file that is to be changed, or looked at; then the descriptors of
 * file are -1. */
struct account_edit {
	struct rewrite file;
	char *text; /* what is to stand in the file, and a NUL */
	size_t length;
};

/* ---- names as they are typed -------------------------------------------- */

struct login_name {
	char user[CREDENTIALS_NAME_SIZE];
	char domain[CREDENTIALS_NAME_SIZE]; /* empty for none */
};

/* Takes apart what the client has said: less than CREDENTIALS_NAME_SIZE
 * octets. */
void login_name_split(const char *name, struct login_name *login);

/* The domain whose passwd file counts, or NULL for a user of the system. */
const char *login_name_domain(const struct account_rules *rules,
    const struct login_name *login, const char *local_domain);

/* ---- secrets ------------------------------------------------------------ */

/* True for a text that crypt(3) takes for a hash of a method it knows. */
bool secret_is_hash(const char *text);

/* True when the crypt(3) hash of password is stored; false for a stored text
 * that is no hash. */
bool secret_matches_hash(const char *password, const char *stored);

/*
 * True when credentials of a kind that does not show the secret were made with
 * this secret, in the connection with this stamp.  The work is the same for
 * every secret.  With SCRAM signature becomes the ServerSignature of RFC 5802
 * section 3, whether the proof was right or not: it is a secret then, since
 * passwords can be tried on it.
 */
bool secret_is_proved(const struct credentials *credentials, const char *stamp,
    const char *secret, unsigned char signature[CREDENTIALS_PROOF_SIZE]);

/* Makes blanks of all that look like one, and takes out what cannot be seen;
 * see gnu-pop3d(8), Passwords.  Text that is not UTF-8 stays as it is. */
void secret_prepare(char *text);

#endif
