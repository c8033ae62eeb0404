/*
 * One request: it is read, judged and answered.  In this order: is it whole,
 * is the connection safe, has our own page sent it, who is it, may they.
 */
#include "config.h"

#include "web/web.h"
#include "support/log.h"
#include "support/text.h"
#include "web/page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <sysexits.h>
#include <unistd.h>

#define TIME_MOST 20 /* s of a processor for one request */

static const struct language *
find_language(const struct request *request)
{
	const char *wanted = request_cookie(request, "virtdomain-language");
	const struct language *language = language_find(wanted, strlen(wanted));

	return language != NULL ? language
				: language_choose(request->languages);
}

static bool
is_safe(const struct visit *visit, const struct route *route)
{
	const struct request *request = visit->request;

	return request->is_encrypted || request->is_local ||
	    visit->site->allows_plain ||
	    (route != NULL && route->whom == FOR_ANYBODY);
}

/* Who is not logged in any more begins at the login. */
static bool
may(struct visit *visit, const struct route *route)
{
	const struct session *session = &visit->session;

	if (route->whom < FOR_USER ||
	    (session->is_open &&
		(session->is_postmaster || route->whom != FOR_POSTMASTER)))
		return true;
	if (session->is_open)
		page_error(visit, 403);
	else
		reply_redirect(&visit->reply, "/?over=yes");
	return false;
}

static void
answer_post(struct visit *visit, const struct route *route)
{
	if (route->post == NULL)
		page_error(visit, 405);
	else if (visit->request->is_foreign)
		page_error(visit, 403);
	else if (!may(visit, route))
		return;
	else if (!token_is_right(visit))
		page_trouble(visit, 403, TEXT_STALE, TEXT_STALE_WHY, NULL);
	else
		route->post(visit);
}

static void
answer(struct visit *visit, const struct route *route)
{
	if (!is_safe(visit, route))
		page_trouble(
		    visit, 403, TEXT_NEEDS_HTTPS, TEXT_NEEDS_HTTPS_WHY, NULL);
	else if (route == NULL)
		page_error(visit, 404);
	else if (visit->request->method == METHOD_POST)
		answer_post(visit, route);
	else if (route->get == NULL)
		page_error(visit, 405);
	else if (may(visit, route))
		route->get(visit);
}

/* Nothing of ours needs root, and much of it must not have it. */
static void
begin(struct visit *visit, int status)
{
	const struct route *route = route_find(visit, visit->request->path);

	visit->now = (int64_t)time(NULL);
	visit->language = find_language(visit->request);
	if (geteuid() == 0) {
		log_event(LOG_ERR, "the pages must not run as root");
		page_error(visit, 500);
		return;
	}
	/* What may be kept must not have a cookie. */
	if (route == NULL || route->whom != FOR_ANYBODY) {
		if (is_safe(visit, route))
			session_open(visit);
		token_begin(visit);
	}
	if (status == 0)
		answer(visit, route);
	else
		page_error(visit, status);
}

/* An owner may have put a hash in his file that takes hours. */
static void
limit_time(void)
{
	const struct rlimit limit = { TIME_MOST, TIME_MOST };

	(void)setrlimit(RLIMIT_CPU, &limit);
}

int
web_run(void)
{
	static struct request request;
	static struct site site;
	struct visit visit = { .request = &request };
	int status, result;

	log_open("virtdomain");
	umask(077);
	limit_time();
	status = request_read(&request, STDIN_FILENO);
	if (!site_init(&site)) {
		log_event(LOG_ERR, "a path in the environment is not absolute");
		status = 500;
	}
	visit.site = &site;
	begin(&visit, status);
	if (visit.html.is_broken)
		visit.reply.status = 500;
	result = reply_send(&visit.reply, &request, &visit.html, STDOUT_FILENO);
	html_clear(&visit.html);
	request_wipe(&request);
	explicit_bzero(&visit, sizeof(visit));
	return result == 0 ? EX_OK : EX_IOERR;
}
