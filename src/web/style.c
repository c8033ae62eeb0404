/* The one style sheet.  The build makes a text of style.css. */
#include "config.h"

#include "web/visit.h"

static const char style[] =
#include "web/style.inc"
    ;

void
style_get(struct visit *visit)
{
	visit->reply.type = "text/css";
	visit->reply.may_be_kept = true;
	html_put(&visit->html, style, sizeof(style) - 1);
}
