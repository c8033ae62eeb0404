/*
 * How a change leaves the pages.
 */
#ifndef WEB_SUBMIT_H
#define WEB_SUBMIT_H

#include "web/visit.h"

/*
 * Makes the change if who is logged in may, or mails it where only the domain's
 * owner can make it.  If it is made, the reply leads to the path done, which
 * may have a query; if it is on its way, to the page that shows what becomes of
 * it.  With any other result nothing was changed, and the caller writes a page.
 * Who has changed the own password stays logged in.
 */
enum change_result submit_change(
    struct visit *visit, const struct change *change, const char *done);

/* What a result means to the person who has asked for the change. */
enum text submit_text(enum change_result result);

#endif
