/*
 * Where mail goes, as it is typed: one word on each line, or with commas.
 */
#ifndef WEB_FORWARDS_H
#define WEB_FORWARDS_H

#include "admin/admin.h"
#include "web/texts.h"

#define FORWARDS_WRONG_SIZE 101

/*
 * Writes the words of typed as a list for struct change.  Returns TEXT_NONE, or
 * what is wrong; then wrong has the beginning of the word it is about, if it is
 * about one.
 */
enum text forwards_take(const char *typed, char list[ACCOUNT_FORWARD_SIZE],
    char wrong[FORWARDS_WRONG_SIZE]);

#endif
