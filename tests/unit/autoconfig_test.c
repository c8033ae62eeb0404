/* web/autoconfig: the document that mail clients read. */
#include "config.h"

#include "web/autoconfig.h"
#include "account/account.h"
#include "tap.h"

#include <string.h>

static const char expected[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<clientConfig version=\"1.1\">\n"
    "  <emailProvider id=\"kvt.dk\">\n"
    "    <domain>kvt.dk</domain>\n"
    "    <displayName>kvt.dk</displayName>\n"
    "    <displayShortName>kvt.dk</displayShortName>\n"
    "    <incomingServer type=\"pop3\">\n"
    "      <hostname>mail.kvt.dk</hostname>\n"
    "      <port>995</port>\n"
    "      <socketType>SSL</socketType>\n"
    "      <authentication>password-cleartext</authentication>\n"
    "      <username>%EMAILADDRESS%</username>\n"
    "    </incomingServer>\n"
    "    <outgoingServer type=\"smtp\">\n"
    "      <hostname>mail.kvt.dk</hostname>\n"
    "      <port>587</port>\n"
    "      <socketType>STARTTLS</socketType>\n"
    "      <authentication>password-cleartext</authentication>\n"
    "      <username>%EMAILADDRESS%</username>\n"
    "    </outgoingServer>\n"
    "  </emailProvider>\n"
    "</clientConfig>\n";

static void
refuses(const char *domain, const char *server)
{
	char out[AUTOCONFIG_SIZE] = "x";

	ok(!autoconfig_write(out, sizeof(out), domain, server) && out[0] == 'x',
	    "no document for '%s' at '%s'", domain, server);
}

int
main(void)
{
	char out[AUTOCONFIG_SIZE], name[ACCOUNT_DOMAIN_SIZE];

	ok(autoconfig_write(out, sizeof(out), "kvt.dk", "mail.kvt.dk"),
	    "there is a document for kvt.dk");
	is_text(out, expected, "it says server, ports and how to log in");
	ok(autoconfig_write(out, sizeof(expected), "kvt.dk", "mail.kvt.dk"),
	    "it fits where it just fits");
	ok(!autoconfig_write(
	       out, sizeof(expected) - 1, "kvt.dk", "mail.kvt.dk"),
	    "and not in an octet less");
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ok(autoconfig_write(out, sizeof(out), name, name),
	    "the longest names fit");
	refuses("", "mail.kvt.dk");
	refuses("kvt.dk", "");
	refuses("<script>", "mail.kvt.dk");
	refuses("kvt.dk", "mail.kvt.dk</hostname>");
	refuses("kvt.dk", "mail&amp;.dk");
	refuses("../kvt.dk", "mail.kvt.dk");
	return done();
}
