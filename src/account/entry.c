/* One line of a domain's passwd file.  Runs as root, or as the one user whose
 * mail is served. */
#include "config.h"

#include "account/private.h"
#include "support/text.h"

#include <string.h>

/* ---- its fields -------------------------------------------------------- */

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* A hash of the oldest method of crypt(3) has nothing to be known by but its
 * shape. */
static bool
looks_hashed(const char *field)
{
	static const char alphabet[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return strlen(field) == 13 && strspn(field, alphabet) == 13;
}

/* {PLAIN} or {CRYPT} say it outright.  Returns what is behind. */
static const char *
take_mark(const char *field, struct passwd_entry *entry)
{
	if (starts_with(field, "{PLAIN}")) {
		entry->kind = SECRET_PLAIN;
		return field + strlen("{PLAIN}");
	}
	if (starts_with(field, "{CRYPT}")) {
		entry->kind = SECRET_HASH;
		return field + strlen("{CRYPT}");
	}
	return field;
}

/* Sorts out the password field.  is_short: of a two-field line, where a text
 * without mark is a traditional hash, not plain text. */
static const char *
parse_secret(const char *field, bool is_short, struct passwd_entry *entry)
{
	if (field[0] == '\0' || field[0] == '*' || field[0] == '!' ||
	    strcmp(field, "x") == 0) {
		entry->kind = SECRET_NONE;
		entry->refusal = "locked in the passwd file";
		return NULL;
	}
	entry->kind = is_short || field[0] == '$' ? SECRET_HASH : SECRET_PLAIN;
	entry->looks_hashed =
	    entry->kind == SECRET_PLAIN && looks_hashed(field);
	if (field[0] == '{')
		field = take_mark(field, entry);
	if (field[0] == '\0')
		return "the password is empty";
	if (strlen(field) >= SECRET_SIZE)
		return "the password is too long";
	entry->secret = field;
	return NULL;
}

static bool
parse_id(const char *text, unsigned int *id)
{
	uint64_t number;

	/* The highest number means "no change" to chown(2). */
	if (!text_to_number(text, UINT32_MAX - 1, &number))
		return false;
	*id = (unsigned int)number;
	return true;
}

static const char *
parse_seven(char *fields[7], struct passwd_entry *entry)
{
	if (!parse_id(fields[2], &entry->uid))
		return "the uid is not a number";
	if (!parse_id(fields[3], &entry->gid))
		return "the gid is not a number";
	if (strlen(fields[5]) >= ACCOUNT_PATH_SIZE)
		return "the home directory is too long";
	entry->home = fields[5];
	entry->gecos = fields[4];
	entry->forward = fields[6];
	return parse_secret(fields[1], false, entry);
}

static const char *
parse_two(
    const struct passwd_file *file, char *fields[7], struct passwd_entry *entry)
{
	if (file->spool_uid == 0)
		return "a line of two fields needs a spool directory of the "
		       "domain that belongs to its user";
	entry->uid = file->spool_uid;
	entry->gid = file->spool_gid;
	return parse_secret(fields[1], true, entry);
}

static const char *
parse_name(char *name, struct passwd_entry *entry)
{
	text_lower(name);
	if (!account_is_user_name(name))
		return "the user name has characters that are not served";
	entry->user = name;
	return NULL;
}

/* Nothing is copied: all lines are looked at for each login, and one is
 * wanted. */
const char *
passwd_parse(struct passwd_file *file, char *line, struct passwd_entry *entry)
{
	char *fields[7] = { NULL };
	const char *fault;
	char *rest = line;
	unsigned int count;

	for (count = 0; rest != NULL && count < 7; count++)
		fields[count] = text_field(&rest, ':');
	if (rest != NULL || (count != 2 && count != 7))
		return "has neither seven fields (name:password:uid:gid:gecos:"
		       "home:shell) nor two (name:hash)";
	fault = parse_name(fields[0], entry);
	if (fault == NULL && count == 7)
		fault = parse_seven(fields, entry);
	else if (fault == NULL)
		fault = parse_two(file, fields, entry);
	if (fault == NULL)
		fault = passwd_judge_ids(file, entry);
	return fault;
}

/* ---- what it says ------------------------------------------------------- */

static void
copy(char *out, size_t size, const char *text)
{
	if (text != NULL)
		text_copy(out, size, text);
}

static void
take_account(const struct passwd_file *file, const struct passwd_entry *entry,
    struct account *account)
{
	account->uid = entry->uid;
	account->gid = entry->gid;
	copy(account->home, sizeof(account->home), entry->home);
	if (entry->user == NULL)
		return;
	copy(account->user, sizeof(account->user), entry->user);
	copy(account->domain, sizeof(account->domain), file->domain);
	text_format(account->name, sizeof(account->name), "%s@%s",
	    account->user, account->domain);
}

void
passwd_take(const struct passwd_file *file, const struct passwd_entry *entry,
    struct record *record)
{
	memset(record, 0, sizeof(*record));
	take_account(file, entry, &record->account);
	record->kind = entry->kind;
	record->refusal = entry->refusal;
	record->looks_hashed = entry->looks_hashed;
	copy(record->secret, sizeof(record->secret), entry->secret);
	copy(record->gecos, sizeof(record->gecos), entry->gecos);
	copy(record->forward, sizeof(record->forward), entry->forward);
}
