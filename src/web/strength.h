/*
 * How long somebody who guesses well would need for a password: an estimate,
 * to be shown while one is chosen.  It errs on the low side.
 */
#ifndef WEB_STRENGTH_H
#define WEB_STRENGTH_H

#define STRENGTH_LEAST_LENGTH 8 /* characters */

/* STRENGTH_NONE is not to be taken: too short, or among the first guesses. */
enum strength_step {
	STRENGTH_NONE,
	STRENGTH_WEAK,
	STRENGTH_FAIR,
	STRENGTH_GOOD,
	STRENGTH_STRONG
};

/* What weakens it most. */
enum strength_reason {
	STRENGTH_FINE, /* with STRENGTH_STRONG only */
	STRENGTH_IS_SHORT,
	STRENGTH_HAS_OWN_NAME,
	STRENGTH_HAS_COMMON_WORD,
	STRENGTH_HAS_REPEATS,
	STRENGTH_HAS_SEQUENCE, /* 1234, dcba */
	STRENGTH_HAS_KEYS,     /* neighbours on a keyboard */
	STRENGTH_HAS_YEAR,
	STRENGTH_COULD_BE_LONGER
};

struct strength {
	enum strength_step step;
	enum strength_reason reason;
};

/* Judges the password, UTF-8, of somebody whose name, domain and the like stand
 * in own, which ends with NULL; their words of three letters and more count. */
struct strength strength_judge(const char *password, const char *const *own);

#endif
