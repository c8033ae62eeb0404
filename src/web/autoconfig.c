/* The document of config-v1.1. */
#include "config.h"

#include "web/autoconfig.h"
#include "account/account.h"
#include "support/text.h"

/* The names are such that nothing in them has to be escaped. */
static const char document[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<clientConfig version=\"1.1\">\n"
    "  <emailProvider id=\"%s\">\n"
    "    <domain>%s</domain>\n"
    "    <displayName>%s</displayName>\n"
    "    <displayShortName>%s</displayShortName>\n"
    "    <incomingServer type=\"pop3\">\n"
    "      <hostname>%s</hostname>\n"
    "      <port>995</port>\n"
    "      <socketType>SSL</socketType>\n"
    "      <authentication>password-cleartext</authentication>\n"
    "      <username>%%EMAILADDRESS%%</username>\n"
    "    </incomingServer>\n"
    "    <outgoingServer type=\"smtp\">\n"
    "      <hostname>%s</hostname>\n"
    "      <port>587</port>\n"
    "      <socketType>STARTTLS</socketType>\n"
    "      <authentication>password-cleartext</authentication>\n"
    "      <username>%%EMAILADDRESS%%</username>\n"
    "    </outgoingServer>\n"
    "  </emailProvider>\n"
    "</clientConfig>\n";

bool
autoconfig_write(char *out, size_t size, const char *domain, const char *server)
{
	return account_is_domain_name(domain) &&
	    account_is_domain_name(server) &&
	    text_format(out, size, document, domain, domain, domain, domain,
		server, server);
}
