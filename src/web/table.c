/* Tables, and lists of settings. */
#include "config.h"

#include "web/page.h"

/* ---- tables -------------------------------------------------------------- */

void
page_table(struct visit *visit, enum text caption, const enum text *heads,
    size_t count)
{
	struct html *html = &visit->html;
	size_t i;

	visit->heads = heads;
	visit->head_count = count;
	html_markup(html, "<table>\n<caption>");
	page_say(visit, caption, NULL);
	html_markup(html, "</caption>\n<thead>\n<tr>\n");
	for (i = 0; i < count; i++) {
		html_markup(html, "<th scope=\"col\">");
		page_say(visit, heads[i], NULL);
		html_markup(html, "</th>\n");
	}
	html_markup(html, "</tr>\n</thead>\n<tbody>\n");
}

void
page_row(struct visit *visit)
{
	visit->column = 0;
	html_markup(&visit->html, "<tr>\n");
}

void
page_cell(struct visit *visit)
{
	struct html *html = &visit->html;

	if (visit->column == 0)
		html_markup(html, "<th scope=\"row\"");
	else
		html_markup(html, "<td");
	if (visit->column < visit->head_count) {
		html_markup(html, " data-label=\"");
		page_say(visit, visit->heads[visit->column], NULL);
		html_markup(html, "\"");
	}
	html_markup(html, ">");
}

void
page_cell_end(struct visit *visit)
{
	if (visit->column == 0)
		html_markup(&visit->html, "</th>\n");
	else
		html_markup(&visit->html, "</td>\n");
	visit->column++;
}

void
page_cell_text(struct visit *visit, const char *text)
{
	page_cell(visit);
	html_text(&visit->html, text);
	page_cell_end(visit);
}

void
page_cell_link(struct visit *visit, const char *path, const char *text)
{
	page_cell(visit);
	html_markup(&visit->html, "<a href=\"");
	page_path(visit, path);
	html_markup(&visit->html, "\">");
	html_text(&visit->html, text);
	html_markup(&visit->html, "</a>");
	page_cell_end(visit);
}

void
page_row_end(struct visit *visit)
{
	html_markup(&visit->html, "</tr>\n");
}

void
page_table_end(struct visit *visit)
{
	html_markup(&visit->html, "</tbody>\n</table>\n");
}

/* ---- settings ------------------------------------------------------------ */

void
page_list(struct visit *visit)
{
	html_markup(&visit->html, "<dl>\n");
}

void
page_pair(struct visit *visit, enum text name, const char *value)
{
	html_markup(&visit->html, "<div><dt>");
	page_say(visit, name, NULL);
	html_markup(&visit->html, "</dt>\n<dd>");
	html_text(&visit->html, value);
	html_markup(&visit->html, "</dd></div>\n");
}

void
page_list_end(struct visit *visit)
{
	html_markup(&visit->html, "</dl>\n");
}
