/* /users: all users of the domain, or those that a search finds. */
#include "config.h"

#include "support/text.h"
#include "web/page.h"
#include "web/value.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_OF_PAGE 200
#define WANTED_MOST  100 /* octets to look for */

/* A user, as the table shows him. */
struct row {
	int64_t size, last_read;
	char *name, *forward; /* in text, behind the user name */
	char text[];
};

struct listing {
	struct row **rows;
	size_t count, room;
	bool is_broken;
};

/* ---- collecting --------------------------------------------------------- */

/* Upper and lower case are the same for letters without accents. */
static bool
fits(const struct user *user, const char *wanted)
{
	unsigned int i;

	if (strcasestr(user->line.account.name, wanted) != NULL ||
	    strcasestr(user->line.gecos, wanted) != NULL)
		return true;
	for (i = 0; i < user->forward.count; i++)
		if (strcasestr(user->forward.addresses[i], wanted) != NULL)
			return true;
	return false;
}

static struct row *
make_row(const struct user *user)
{
	char forward[VALUE_FORWARD_SIZE];
	size_t user_size = strlen(user->line.account.user) + 1;
	size_t name_size = strlen(user->line.gecos) + 1, forward_size;
	struct row *row;

	forward_size = strlen(value_forward(&user->forward, ", ", forward)) + 1;
	row = malloc(sizeof(*row) + user_size + name_size + forward_size);
	if (row == NULL)
		return NULL;
	row->size = user->size;
	row->last_read = user->last_read;
	row->name = row->text + user_size;
	row->forward = row->name + name_size;
	memcpy(row->text, user->line.account.user, user_size);
	memcpy(row->name, user->line.gecos, name_size);
	memcpy(row->forward, forward, forward_size);
	return row;
}

static bool
make_room(struct listing *listing)
{
	size_t room = listing->room == 0 ? 256 : 2 * listing->room;
	struct row **rows;

	if (listing->count < listing->room)
		return true;
	rows = reallocarray(listing->rows, room, sizeof(*rows));
	if (rows == NULL)
		return false;
	listing->rows = rows;
	listing->room = room;
	return true;
}

static void
collect(const struct admin *admin, struct account_survey *survey,
    const char *wanted, struct listing *listing)
{
	struct user user;
	int error = 0;

	while (!listing->is_broken && user_next(admin, survey, &user, &error)) {
		if (!fits(&user, wanted))
			continue;
		listing->is_broken = !make_room(listing) ||
		    (listing->rows[listing->count] = make_row(&user)) == NULL;
		listing->count += !listing->is_broken;
	}
	listing->is_broken = listing->is_broken || error != 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(
	    (*(struct row *const *)a)->text, (*(struct row *const *)b)->text);
}

/* False if they cannot be read. */
static bool
read_users(struct visit *visit, const char *wanted, struct listing *listing)
{
	const struct admin *admin = &visit->site->admin;
	struct account_survey *survey;
	struct account_fault fault;

	if (account_survey_open(&survey, &admin->rules, visit->session.domain,
		&fault) != ACCOUNT_FOUND)
		return false;
	collect(admin, survey, wanted, listing);
	account_survey_close(&survey);
	if (listing->count > 1)
		qsort(listing->rows, listing->count, sizeof(*listing->rows),
		    compare);
	return !listing->is_broken;
}

static void
free_rows(struct listing *listing)
{
	while (listing->count > 0)
		free(listing->rows[--listing->count]);
	free(listing->rows);
}

/* ---- the page ----------------------------------------------------------- */

static void
put_search(struct visit *visit, const char *wanted)
{
	struct page_field field = {
		.name = "q",
		.label = TEXT_USERS_SEARCH,
		.type = "search",
		.value = wanted,
		.hint = TEXT_USERS_SEARCH_HINT,
		.most = WANTED_MOST,
		.is_code = true,
	};

	page_search_form(visit, "/users");
	page_field(visit, &field);
	page_button(visit, BUTTON_OTHER, TEXT_USERS_SEARCH, NULL, NULL);
	page_form_end(visit);
}

static void
put_row(struct visit *visit, const struct row *row)
{
	char path[ACCOUNT_USER_SIZE + sizeof("/users/")] = "";
	char value[VALUE_SIZE];

	text_format(path, sizeof(path), "/users/%s", row->text);
	page_row(visit);
	page_cell_link(visit, path, row->text);
	page_cell_text(visit, row->name);
	page_cell_text(visit, value_size(row->size, value));
	page_cell_text(visit, value_time(row->last_read, value));
	page_cell_text(visit, row->forward);
	page_row_end(visit);
}

static void
put_table(struct visit *visit, const struct listing *listing, size_t first,
    bool is_search)
{
	static const enum text heads[] = { TEXT_USER_LOCAL, TEXT_USER_NAME,
		TEXT_USER_MAILBOX, TEXT_USER_READ, TEXT_FORWARDS };
	char count[TEXT_NUMBER_SIZE + 1] = "";
	size_t i;

	text_format(count, sizeof(count), "%zu", listing->count);
	page_message(visit, MESSAGE_NOTE,
	    is_search ? TEXT_USERS_FOUND : TEXT_USERS_COUNT, count);
	if (listing->count == 0)
		return;
	page_table(
	    visit, TEXT_MENU_USERS, heads, sizeof(heads) / sizeof(heads[0]));
	for (i = first; i < listing->count && i < first + ROWS_OF_PAGE; i++)
		put_row(visit, listing->rows[i]);
	page_table_end(visit);
}

static void
put_page_link(
    struct visit *visit, const char *wanted, size_t number, enum text text)
{
	char path[3 * WANTED_MOST + 64];

	if (!text_format(path, sizeof(path), "/users?page=%zu&q=", number) ||
	    !value_encode(path, sizeof(path), wanted))
		return;
	html_markup(&visit->html, "<p>");
	page_link(visit, path, text);
	html_markup(&visit->html, "</p>\n");
}

static void
put_links(struct visit *visit, const struct listing *listing,
    const char *wanted, size_t page)
{
	if (page > 1)
		put_page_link(visit, wanted, page - 1, TEXT_USERS_BEFORE);
	if (page * ROWS_OF_PAGE < listing->count)
		put_page_link(visit, wanted, page + 1, TEXT_USERS_NEXT);
	if (wanted[0] != '\0')
		put_page_link(visit, "", 1, TEXT_USERS_ALL);
}

static void
put_users(struct visit *visit, const struct listing *listing,
    const char *wanted, size_t page)
{
	page_begin(visit, TEXT_USERS, visit->session.domain);
	if (strcmp(request_query(visit->request, "done"), "yes") == 0)
		page_message(visit, MESSAGE_GOOD, TEXT_DONE, NULL);
	html_markup(&visit->html, "<p>");
	page_link(visit, "/new", TEXT_USERS_ADD);
	html_markup(&visit->html, "</p>\n");
	put_search(visit, wanted);
	put_table(visit, listing, (page - 1) * ROWS_OF_PAGE, wanted[0] != '\0');
	put_links(visit, listing, wanted, page);
	page_end(visit);
}

void
users_get(struct visit *visit)
{
	const char *wanted = request_query(visit->request, "q");
	struct listing listing = { 0 };
	uint64_t page = 1;

	if (strlen(wanted) > WANTED_MOST)
		page_error(visit, 400);
	else if (!read_users(visit, wanted, &listing))
		page_error(visit, 500);
	else if ((request_query(visit->request, "page")[0] != '\0' &&
		     !text_to_number(request_query(visit->request, "page"),
			 listing.count / ROWS_OF_PAGE + 1, &page)) ||
	    page == 0)
		page_error(visit, 404);
	else
		put_users(visit, &listing, wanted, (size_t)page);
	free_rows(&listing);
}
