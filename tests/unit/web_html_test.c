/* web/html, reply and language: what leaves is escaped, and in its header. */
#include "config.h"

#include "box.h"
#include "tap.h"
#include "web/html.h"
#include "web/language.h"
#include "web/reply.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct request request = { .script = "/x" };

static void
is_page(struct html *html, const char *expected, const char *what)
{
	html_put(html, "", 1);
	is_text(html->text, expected, "%s", what);
	html_clear(html);
}

static void
escapes(void)
{
	struct html html = { 0 };

	html_text(&html, "<a href=\"x\" b='y'>&amp;</a>");
	is_page(&html,
	    "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;",
	    "all that markup is made of is escaped");
	html_text(&html, "\xc3\xa6\t\r\n\x01\x1f\x7f");
	is_page(&html, "\xc3\xa6\t\r\n???",
	    "letters and line ends stay, control characters do not");
	html_markup(&html, "<p>");
	html_number(&html, 1234567890);
	is_page(&html, "<p>1234567890", "markup and numbers are as they are");
	ok(html.text == NULL && html.length == 0, "clearing leaves nothing");
}

static void
bounds(void)
{
	static char text[65537];
	struct html html = { 0 };
	size_t i;

	memset(text, 'x', sizeof(text) - 1);
	for (i = 0; i < HTML_MOST / 65536; i++)
		html_put(&html, text, 65536);
	is_number(html.length, HTML_MOST, "a page may be that long");
	ok(!html.is_broken && html.text[HTML_MOST - 1] == 'x', "and is whole");
	html_text(&html, "x");
	ok(html.is_broken && html.text == NULL, "but not longer");
	html_text(&html, "x");
	is_number(html.length, 0, "then nothing is written any more");
	html_clear(&html);
}

/* ---- the header ---------------------------------------------------------- */

static void
send_it(const struct reply *reply, const char *page, struct bytes *sent)
{
	struct html html = { 0 };
	int fd = open("sent", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	html_put(&html, page, strlen(page));
	is_number(reply_send(reply, &request, &html, fd), 0, "it is sent");
	close(fd);
	html_clear(&html);
	bytes_free(sent);
	box_read("sent", sent);
}

static void
redirects(void)
{
	struct reply reply = { 0 };
	struct bytes sent = { 0 };
	static char path[2 * REQUEST_PATH_SIZE];

	reply_redirect(&reply, "/users?q=\xc3\xa6\r\nX: <\"");
	is_text(reply.location, "/users?q=%C3%A6%0D%0AX%3A%20%3C%22",
	    "what a header cannot have is encoded");
	send_it(&reply, "page", &sent);
	ok(bytes_have(&sent, "Status: 303 See Other\r\n") &&
		bytes_have(&sent, "Location: /x/users?q="),
	    "the script name stands in front");
	ok(!bytes_have(&sent, "page"), "there is no page");
	memset(path, '<', sizeof(path) - 1);
	reply_redirect(&reply, path);
	ok(strlen(reply.location) < sizeof(reply.location),
	    "what is too long is cut");
	bytes_free(&sent);
}

static void
cookies(void)
{
	struct reply reply = { 0 };

	reply_cookie(&reply, &request, "a", "1", 0);
	is_text(reply.cookies[0], "a=1; Path=/x; HttpOnly; SameSite=Strict",
	    "a cookie is for our pages, until the browser is closed");
	request.is_encrypted = true;
	reply_cookie(&reply, &request, "ab", "2", 60);
	is_text(reply.cookies[1],
	    "ab=2; Path=/x; Max-Age=60; HttpOnly; SameSite=Strict; Secure",
	    "with HTTPS for HTTPS alone");
	reply_cookie(&reply, &request, "a", "", -1);
	is_text(reply.cookies[0],
	    "a=; Path=/x; Max-Age=0; HttpOnly; SameSite=Strict; Secure",
	    "it takes the place of the one before");
	is_number(reply.cookie_count, 2, "there are two");
}

static void
headers(void)
{
	struct reply reply = { .status = 429, .retry_after = 60 };
	struct bytes sent = { 0 };

	send_it(&reply, "page", &sent);
	ok(strncmp(sent.data, "Status: 429 Too Many Requests\r\n",
	       strlen("Status: 429 Too Many Requests\r\n")) == 0,
	    "the status stands first");
	ok(bytes_have(&sent, "\r\nRetry-After: 60\r\n") &&
		bytes_have(&sent, "\r\nCache-Control: no-store\r\n") &&
		bytes_have(&sent, "\r\nContent-Length: 4\r\n") &&
		bytes_have(
		    &sent, "\r\nContent-Type: text/html; charset=utf-8\r\n") &&
		bytes_have(&sent, "\r\n\r\npage"),
	    "the rest behind it, then the page");
	ok(bytes_have(&sent,
	       "\r\nContent-Security-Policy: default-src 'none'; "
	       "style-src 'self'; img-src 'self'; form-action 'self'; "
	       "base-uri 'none'; frame-ancestors 'none'\r\n"),
	    "scripts are forbidden");
	request.is_head = true;
	send_it(&reply, "page", &sent);
	ok(bytes_have(&sent, "\r\nContent-Length: 4\r\n") &&
		!bytes_have(&sent, "page"),
	    "for HEAD the page is measured and left out");
	request.is_head = false;
	bytes_free(&sent);
}

/* ---- languages ----------------------------------------------------------- */

static void
languages(void)
{
	static const struct {
		const char *header, *tag;
	} table[] = {
		{ "", "en" },
		{ "en", "en" },
		{ "en-GB, da", "en" },
		{ "da-DK,da;q=0.9,en;q=0.8", "da" },
		{ "de;q=0.3, fr;q=0.7, en;q=0.65", "fr" },
		{ "xx, NO;q=0.2", "nb" },
		{ "da;q=0, pl;q=0.001", "pl" },
		{ "pt-BR;q=1.000 , en ;q=0.999", "pt" },
		{ "xx, en;q=0.1", "en" },
		{ "*", "en" },
		{ ",,;q=,en;q=x,", "en" },
		{ "en;q=0", "en" },
		{ ";;;===,,,", "en" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		is_text(language_choose(table[i].header)->tag, table[i].tag,
		    "\"%s\" chooses %s", table[i].header, table[i].tag);
	for (i = 1; i < TEXT_COUNT; i++)
		if (*language_text(language_find("en", 2), (enum text)i) ==
		    '\0')
			break;
	is_number(i, TEXT_COUNT, "English has all texts");
}

int
main(void)
{
	box_open();
	escapes();
	bounds();
	redirects();
	cookies();
	headers();
	languages();
	return done();
}
