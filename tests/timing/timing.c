/*
 * Row 24: can it be told from the time of a refusal whether an account exists?
 * For every hash that crypt(3) knows, and for every way to prove a secret: so
 * many attempts for an account that exists and for one that does not, by turns;
 * the medians must be the same within 5 %.
 *
 * This is the time of the decision alone.  On the wire each refusal leaves a
 * second after its attempt, whatever the decision has cost.
 */
#include "config.h"

#include "account/account.h"
#include "accounts.h"
#include "box.h"
#include "support/text.h"
#include "tap.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STAMP	 "<1.2.3@example.com>"
#define MOST_OFF 5.0 /* per cent */

static struct account_rules rules;
static size_t rounds = 500;

/* Microseconds of processor time that it takes to refuse name: nothing here
 * waits, and what else runs on this machine does not count. */
static double
refuse(enum credentials_kind kind, const char *name)
{
	struct credentials credentials = { .kind = kind };
	struct account_finding finding;
	struct timespec start, end;

	text_copy(credentials.name, sizeof(credentials.name), name);
	text_copy(credentials.secret, sizeof(credentials.secret), "wrong");
	text_copy(credentials.message, sizeof(credentials.message), STAMP);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	if (account_verify(&rules, &credentials, STAMP, NULL, &finding) !=
	    ACCOUNT_REFUSED)
		bail_out(name);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return (double)(end.tv_sec - start.tv_sec) * 1e6 +
	    (double)(end.tv_nsec - start.tv_nsec) / 1e3;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare);
	return times[count / 2];
}

/* What takes no time can be measured more often, and must be. */
static size_t
choose_count(enum credentials_kind kind, const char *name)
{
	return refuse(kind, name) < 500 ? 10 * rounds : rounds;
}

/* The one that goes first changes with each turn. */
static void
measure(enum credentials_kind kind, const char *known, const char *unknown,
    const char *what)
{
	size_t count = choose_count(kind, known);
	double *first = calloc(count, sizeof(*first));
	double *second = calloc(count, sizeof(*second));
	double a, b, off;
	size_t i;

	if (first == NULL || second == NULL)
		bail_out("no memory");
	for (i = 0; i < count; i++) {
		if (i % 2 == 0)
			first[i] = refuse(kind, known);
		second[i] = refuse(kind, unknown);
		if (i % 2 != 0)
			first[i] = refuse(kind, known);
	}
	a = median(first, count);
	b = median(second, count);
	off = 100 * (a > b ? a - b : b - a) / a;
	ok(off < MOST_OFF,
	    "%-28s known %9.1f us, unknown %9.1f us, %.2f %% apart", what, a, b,
	    off);
	free(first);
	free(second);
}

/* ---- hashes ------------------------------------------------------------- */

/* A domain where everybody has a hash of one method. */
static void
measure_hash(const char *prefix, unsigned long cost, const char *what)
{
	struct bytes file = { 0 };
	const char *setting = crypt_gensalt(prefix, cost, NULL, 0);
	char field[400], domain[20], known[30], unknown[30];
	static unsigned int number;

	if (setting == NULL) {
		skip("crypt(3) does not know it", "%s", what);
		return;
	}
	text_format(field, sizeof(field), "{CRYPT}%s", crypt("right", setting));
	accounts_add(&file, "ann", field);
	accounts_add(&file, "joe", field);
	text_format(domain, sizeof(domain), "hash%u.dk", ++number);
	text_format(known, sizeof(known), "joe@%s", domain);
	text_format(unknown, sizeof(unknown), "who@%s", domain);
	accounts_write(domain, &file);
	bytes_free(&file);
	measure(CREDENTIALS_PASSWORD, known, unknown, what);
}

/* What is slow by intention is measured at less than its usual cost, where a
 * difference would be larger. */
static void
measure_hashes(void)
{
	measure_hash("$y$", 0, "yescrypt");
	measure_hash("$gy$", 0, "gost-yescrypt");
	measure_hash("$7$", 6, "scrypt");
	measure_hash("$2b$", 0, "bcrypt");
	measure_hash("$6$", 0, "sha512crypt");
	measure_hash("$5$", 0, "sha256crypt");
	measure_hash("$sha1", 10000, "sha1crypt");
	measure_hash("$md5", 0, "SunMD5");
	measure_hash("$1$", 0, "md5crypt");
	measure_hash("_", 0, "BSDi DES");
	measure_hash("", 0, "DES");
}

/* A wrong password is looked for in the cache too, and so is nobody's. */
static void
measure_cache(void)
{
	rules.cache = account_cache_open(60);
	if (rules.cache == NULL)
		bail_out("account_cache_open");
	measure_hash("$6$", 0, "sha512crypt, with a cache");
	measure_hash("$1$", 0, "md5crypt, with a cache");
	measure_hash("", 0, "DES, with a cache");
	if (account_cache_close(&rules.cache) == -1)
		bail_out("account_cache_close");
}

/* ---- secrets ------------------------------------------------------------ */

static void
measure_proofs(const char *known, const char *who)
{
	static const struct {
		enum credentials_kind kind;
		const char *name;
	} kinds[] = { { CREDENTIALS_APOP, "APOP" },
		{ CREDENTIALS_CRAM_MD5, "CRAM-MD5" },
		{ CREDENTIALS_SCRAM_SHA_1, "SCRAM-SHA-1" },
		{ CREDENTIALS_SCRAM_SHA_256, "SCRAM-SHA-256" },
		{ CREDENTIALS_PASSWORD, "PASS" },
		{ CREDENTIALS_PLAIN, "PLAIN" } };
	char what[60];
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		text_format(what, sizeof(what), "%s, %s", kinds[i].name, who);
		measure(kinds[i].kind, known, "who@plain.dk", what);
	}
}

static void
measure_secrets(void)
{
	struct bytes file = { 0 };

	accounts_add(&file, "joe", "a secret in the clear");
	accounts_add(
	    &file, "hal", crypt("right", crypt_gensalt("$6$", 0, NULL, 0)));
	accounts_add(&file, "bad", "{CRYPT}*0");
	accounts_add(&file, "eve", "!locked");
	accounts_write("plain.dk", &file);
	bytes_free(&file);
	measure_proofs("joe@plain.dk", "plain secret");
	measure_proofs("hal@plain.dk", "hash");
	measure_proofs("bad@plain.dk", "broken hash");
	measure_proofs("eve@plain.dk", "locked");
}

/* Users of the system, who are locked in shadow and so refused too.  The time
 * that passwd(5) takes for names that it has not is not ours; beside the work of
 * SCRAM it does not show.  Nor must it show who is in the APOP file. */
static void
measure_system(void)
{
	static char path[256];

	if (!is_root()) {
		skip("needs root", "users of the system");
		return;
	}
	text_format(path, sizeof(path), "%s/apop", box_path());
	box_write_text("apop", "bin:another\nnobody:a secret of his\n");
	rules.apop_file = path;
	measure(
	    CREDENTIALS_SCRAM_SHA_1, "nobody", "who", "SCRAM-SHA-1, APOP file");
	measure(CREDENTIALS_SCRAM_SHA_256, "nobody", "who",
	    "SCRAM-SHA-256, APOP file");
	measure(CREDENTIALS_APOP, "bin", "sys", "APOP, in the file or not");
	measure(
	    CREDENTIALS_CRAM_MD5, "bin", "sys", "CRAM-MD5, in the file or not");
	measure(CREDENTIALS_PASSWORD, "bin", "sys", "PASS, in the file or not");
	rules.apop_file = NULL;
}

int
main(void)
{
	const char *wanted = getenv("TIMING_ROUNDS");
	uint64_t number;

	if (wanted != NULL && text_to_number(wanted, 1000000, &number) &&
	    number > 0)
		rounds = (size_t)number;
	box_open();
	box_log_to("log");
	rules = accounts_open();
	note("%zu attempts each, or ten times as many", rounds);
	measure_hashes();
	measure_cache();
	measure_system();
	measure_secrets();
	return done();
}
