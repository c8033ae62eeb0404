/* Requests of browsers: lines NAME=VALUE are the environment, what stands
 * behind an empty line is the body.  What is taken is bounded, whole UTF-8 and
 * there once; what is shown of it has no markup. */
#include "config.h"

#include "../unit/box.h"
#include "fuzz.h"
#include "web/html.h"
#include "web/language.h"
#include "web/request.h"
#include "web/utf8.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = { "REQUEST_METHOD", "PATH_INFO",
	"SCRIPT_NAME", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH",
	"HTTP_COOKIE", "HTTP_ORIGIN", "HTTP_HOST", "HTTP_SEC_FETCH_SITE",
	"HTTP_ACCEPT_LANGUAGE", "REMOTE_ADDR", "HTTPS" };

#define NAMES (sizeof(names) / sizeof(*names))

static struct request request;
static int body;

void
prepare(void)
{
	body = open("body", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(body != -1, "there is a file for bodies");
}

/* Only variables that a web server sets. */
static void
set_variable(char *line)
{
	char *value = strchr(line, '=');
	size_t i;

	if (value == NULL)
		return;
	*value++ = '\0';
	for (i = 0; i < NAMES; i++)
		if (strcmp(names[i], line) == 0)
			setenv(line, value, 1);
}

/* Sets the environment; what is left is the body. */
static void
set_environment(struct input *input)
{
	size_t i, length;
	struct bytes line;

	for (i = 0; i < NAMES; i++)
		unsetenv(names[i]);
	do {
		const void *end = memchr(input->data, '\n', input->length);

		length = end == NULL
		    ? input->length
		    : (size_t)((const uint8_t *)end - input->data);
		line = input_part(input, length);
		(void)input_octet(input);
		if (length > 0)
			set_variable(line.data);
		bytes_free(&line);
	} while (length > 0 && input->length > 0);
}

static void
check_shown(const char *text)
{
	struct html html = { 0 };
	size_t i;

	html_text(&html, text);
	for (i = 0; i < html.length; i++)
		must(strchr("<>\"'", html.text[i]) == NULL,
		    "no markup comes out");
	html_clear(&html);
}

static void
check_pairs(const struct pairs *pairs, const char *allowed)
{
	size_t i, j;

	must(pairs->count <= REQUEST_PAIRS_MOST, "pairs are bounded");
	for (i = 0; i < pairs->count; i++) {
		must(utf8_is_sound(pairs->pair[i].value, allowed),
		    "values are sound");
		check_shown(pairs->pair[i].value);
		for (j = 0; j < i; j++)
			must(strcmp(pairs->pair[i].name, pairs->pair[j].name) !=
				0,
			    "no name is there twice");
	}
}

static void
check_always(void)
{
	must(request.path[0] == '/' && utf8_is_sound(request.path, ""),
	    "the path is sound");
	must(strpbrk(request.script, "\r\n\"<> ") == NULL &&
		strstr(request.script, "//") == NULL,
	    "the script name is sound");
	must(language_choose(request.languages) != NULL, "there is a language");
	check_pairs(&request.cookies, "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct bytes rest;
	int status;

	if (size == 0)
		return 0;
	set_environment(&input);
	rest = input_rest(&input);
	fill_file(body, &rest);
	bytes_free(&rest);
	must(lseek(body, 0, SEEK_SET) == 0, "the body begins");
	status = request_read(&request, body);
	must(status == 0 || (status >= 400 && status < 416),
	    "there is a status");
	check_always();
	if (status == 0) {
		check_pairs(&request.query, "\t\r\n");
		check_pairs(&request.fields, "\t\r\n");
	}
	return 0;
}
