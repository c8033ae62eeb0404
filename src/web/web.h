/*
 * The door of the web room: the CGI pages of virtdomain(8), in which the
 * postmaster of a virtual domain keeps its users, and users their password and
 * forwards.
 *
 * One process serves one request, as the user that the web server runs it as,
 * never as root.  It believes nothing of what the client sends, and of the
 * environment only what RFC 3875 and virtdomain(8) say.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

/* Answers the request of the environment and standard input on standard output.
 * Returns an exit status of sysexits.h: 0 also for an error page. */
int web_run(void);

#endif
