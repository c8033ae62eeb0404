/*
 * Passwords that we suggest: words without meaning that can be spoken, and two
 * digits, as "bakolu-tifeso-madire-47".  There are 2^63 of them, all equally
 * likely.  No letter looks like a digit.
 */
#ifndef WEB_SUGGEST_H
#define WEB_SUGGEST_H

#define SUGGEST_SIZE 24

/* 0, or -1 with errno: there is no randomness. */
int suggest_password(char password[SUGGEST_SIZE]);

#endif
