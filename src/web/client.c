/* What is to be set in a mail program: as a page, and as a document. */
#include "config.h"

#include "support/log.h"
#include "support/text.h"
#include "web/autoconfig.h"
#include "web/client.h"
#include "web/page.h"
#include "web/value.h"

#include <string.h>
#include <strings.h>

#define AUTOCONFIG_HOST "autoconfig."
#define AUTOCONFIG	"/autoconfig/mail/config-v1.1.xml"

/* ---- the page ----------------------------------------------------------- */

static void
put_port(struct visit *visit, enum text name, unsigned int port)
{
	char number[TEXT_NUMBER_SIZE + 1] = "";

	text_format(number, sizeof(number), "%u", port);
	page_pair(visit, name, number);
}

static void
put_incoming(struct visit *visit, const struct client *client)
{
	page_list(visit);
	page_pair(visit, TEXT_CLIENT_SERVER, client->server);
	page_pair(visit, TEXT_CLIENT_PROTOCOL, "POP3");
	put_port(visit, TEXT_CLIENT_PORT, client->tls_port);
	page_pair(visit, TEXT_CLIENT_SECURITY, "TLS (SSL)");
	put_port(visit, TEXT_CLIENT_PORT_PLAIN, client->plain_port);
	page_pair(visit, TEXT_CLIENT_USER, client->user_name);
	page_list_end(visit);
}

static void
put_outgoing(struct visit *visit, const struct client *client)
{
	page_list(visit);
	page_pair(visit, TEXT_CLIENT_SERVER, client->server);
	page_pair(visit, TEXT_CLIENT_PROTOCOL, "SMTP");
	page_pair(visit, TEXT_CLIENT_PORT, "587");
	page_pair(visit, TEXT_CLIENT_SECURITY, "STARTTLS");
	page_pair(visit, TEXT_CLIENT_USER, client->user_name);
	page_list_end(visit);
}

void
client_show(struct visit *visit, const char *address)
{
	char path[sizeof(AUTOCONFIG) + 3 * ACCOUNT_NAME_SIZE + 32] =
	    AUTOCONFIG "?emailaddress=";
	struct client client;

	client_settings(&visit->site->admin, address, &client);
	page_heading(visit, TEXT_CLIENT_IN, NULL);
	put_incoming(visit, &client);
	page_heading(visit, TEXT_CLIENT_OUT, NULL);
	put_outgoing(visit, &client);
	if (!value_encode(path, sizeof(path), address))
		return;
	html_markup(&visit->html, "<p>");
	page_link(visit, path, TEXT_CLIENT_AUTOCONFIG);
	html_markup(&visit->html, "</p>\n");
}

void
client_get(struct visit *visit)
{
	page_begin(visit, TEXT_CLIENT, NULL);
	client_show(visit, visit->session.name);
	page_end(visit);
}

/* ---- the document ------------------------------------------------------- */

/* The domain that is asked for: that of the address; or, since programs leave
 * the address out at some of the places where they look, of the host. */
static bool
copy_domain(const struct request *request, char domain[ACCOUNT_DOMAIN_SIZE])
{
	const char *address = request_query(request, "emailaddress");
	const char *at = strrchr(address, '@'), *host = request->host;

	if (address[0] != '\0')
		return at != NULL &&
		    text_copy(domain, ACCOUNT_DOMAIN_SIZE, at + 1);
	if (strncasecmp(host, AUTOCONFIG_HOST, strlen(AUTOCONFIG_HOST)) == 0)
		host += strlen(AUTOCONFIG_HOST);
	return text_format(
	    domain, ACCOUNT_DOMAIN_SIZE, "%.*s", (int)strcspn(host, ":"), host);
}

/* In lower case, if it is one of ours. */
static bool
take_domain(struct visit *visit, char domain[ACCOUNT_DOMAIN_SIZE])
{
	const char *found;

	if (!copy_domain(visit->request, domain))
		return false;
	text_lower(domain);
	if (!account_is_domain_name(domain))
		return false;
	found = account_find_domain(&visit->site->admin.rules, domain);
	return found != NULL && strcmp(found, domain) == 0;
}

/* Nothing in it depends on who asks, nor on whether the user exists. */
void
autoconfig_get(struct visit *visit)
{
	char domain[ACCOUNT_DOMAIN_SIZE], document[AUTOCONFIG_SIZE];
	struct client client;

	if (!take_domain(visit, domain)) {
		page_error(visit, 404);
		return;
	}
	client_settings(&visit->site->admin, domain, &client);
	text_lower(client.server);
	if (!autoconfig_write(
		document, sizeof(document), domain, client.server)) {
		log_event(LOG_ERR, "the mail server of %s has no name to tell",
		    domain);
		page_error(visit, 500);
		return;
	}
	visit->reply.type = "text/xml";
	visit->reply.may_be_kept = true;
	html_put(&visit->html, document, strlen(document));
}
