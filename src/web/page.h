/*
 * What pages are made of.  All texts and values are escaped here; nobody else
 * needs markup.  Elements are opened and closed in pairs, as they nest.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "web/visit.h"

enum page_message { MESSAGE_GOOD, MESSAGE_NOTE, MESSAGE_BAD };

/* ---- the page ------------------------------------------------------------ */

/* Begins the page, with everything up to its heading; what was written before
 * is forgotten.  value takes the place of "{}" in the title, or is NULL. */
void page_begin(struct visit *visit, enum text title, const char *value);
void page_end(struct visit *visit);

/* A whole page for an error: sets the status of the reply as well. */
void page_error(struct visit *visit, int status);

/* The same with other texts; value stands for "{}" in why, or is NULL. */
void page_trouble(struct visit *visit, int status, enum text title,
    enum text why, const char *value);

/* A whole page with the form to log in, and a message, or TEXT_NONE, over it:
 * start.c. */
void login_form(struct visit *visit, enum page_message kind, enum text message);

/* ---- in it --------------------------------------------------------------- */

/* A text, where value, if there is one, stands for "{}". */
void page_say(struct visit *visit, enum text text, const char *value);

/* The same as a paragraph, and as a heading of the second order. */
void page_paragraph(struct visit *visit, enum text text, const char *value);
void page_heading(struct visit *visit, enum text text, const char *value);

/* A path of ours, with its query, for an attribute. */
void page_path(struct visit *visit, const char *path);

void page_link(struct visit *visit, const char *path, enum text text);

/* A message that screen readers read out at once. */
void page_message(struct visit *visit, enum page_message kind, enum text text,
    const char *value);

/* ---- forms --------------------------------------------------------------- */

/* A form that is posted to path, with the token that it needs there. */
void page_form(struct visit *visit, const char *path);

/* A form without effects, that is a search: its fields are in the query. */
void page_search_form(struct visit *visit, const char *path);
void page_form_end(struct visit *visit);

struct page_field {
	const char *name; /* also its id: once in a page */
	enum text label;
	const char *type;	 /* of HTML: text, email, password, search; or
				   textarea */
	const char *value;	 /* NULL: empty */
	enum text error;	 /* TEXT_NONE for none */
	const char *error_value; /* for "{}" in it, or NULL */
	enum text hint;		 /* TEXT_NONE for none */
	const char *complete;	 /* autocomplete of HTML; NULL: off */
	size_t most;		 /* characters; 0 for no limit */
	bool is_required;
	bool has_focus; /* of one field at most */
	bool is_code;	/* no spelling, no capitals: names, addresses */
};

/* A field with its label, hint and error. */
void page_field(struct visit *visit, const struct page_field *field);

/* A box that can be ticked: its value is "yes". */
void page_tick(
    struct visit *visit, const char *name, enum text label, bool is_ticked);

/* A field that is not shown. */
void page_hidden(struct visit *visit, const char *name, const char *value);

enum page_button { BUTTON_MAIN, BUTTON_OTHER, BUTTON_DANGER };

/* A button that posts its form, with name=value if name is not NULL. */
void page_button(struct visit *visit, enum page_button kind, enum text text,
    const char *name, const char *value);

/* ---- tables -------------------------------------------------------------- */

/* heads must live until the end of the table.  On a phone each row becomes a
 * block in which the heads stand in front of the values. */
void page_table(struct visit *visit, enum text caption, const enum text *heads,
    size_t count);
void page_row(struct visit *visit);

/* Opens the next cell of the row; the first one is the head of the row. */
void page_cell(struct visit *visit);
void page_cell_end(struct visit *visit);

/* A whole cell with a value; the same with a link. */
void page_cell_text(struct visit *visit, const char *text);
void page_cell_link(struct visit *visit, const char *path, const char *text);
void page_row_end(struct visit *visit);
void page_table_end(struct visit *visit);

/* ---- names with values --------------------------------------------------- */

/* A list of settings, and a row of it. */
void page_list(struct visit *visit);
void page_pair(struct visit *visit, enum text name, const char *value);
void page_list_end(struct visit *visit);

#endif
