"""contrib/web: what each web server hands to the program that makes the pages,
as whom, and on which paths.  The program here is a small one that tells."""

import http.client
import pwd

import tap
from house import House
from postfix import Owner
from tap import case, equal
from webserver import (AS_OWNER, AS_WWW_DATA, AUTOCONFIG, NAME, pages_of,
                       webserver)

TELLS = """\
#!/bin/sh
printf 'Status: 200 OK\\r\\nContent-Type: text/plain\\r\\n\\r\\n'
echo "uid=$(id -u)"
env
echo "body=$(cat)"
"""
DOCUMENT = "/autoconfig/mail/config-v1.1.xml"


def told(answer):
    """What the program has told, as a dictionary; a name that is not there is
    empty, as in CGI."""
    equal(answer.status, 200, answer.text)
    return dict(line.split("=", 1) for line in answer.text.splitlines()
                if "=" in line)


def check(kind):
    with House() as house, Owner(house.root) as owner:
        program = house.root / "tells"
        program.write_text(TELLS)
        ours = pages_of(house, owner, program, SERVER="pop.kvt.dk")
        with webserver(kind, ours) as server:
            equal(hands_over(server), owner.uid if kind in AS_OWNER
                  else pwd.getpwnam("www-data").pw_uid)
            has_documents(server)
            sends_elsewhere(server)


def hands_over(server):
    """A form to a page; returns as whom it came there."""
    client = server.client()
    found = told(client.ask("POST", "/virtdomain/users/joe%20x?q=%C3%A6+1",
                            "secret=a%26b", Cookie="a=b; c=d"))
    for name, value in {
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/virtdomain", "PATH_INFO": "/users/joe x",
            "QUERY_STRING": "q=%C3%A6+1", "CONTENT_LENGTH": "12",
            "body": "secret=a%26b", "HTTPS": "on", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_COOKIE": "a=b; c=d", "VIRTDOMAIN_SERVER": "pop.kvt.dk",
            "VIRTDOMAIN_VIRTUAL": str(server.house.virtual),
            "VIRTDOMAIN_SPOOL": str(server.house.spool),
            "VIRTDOMAIN_STATE": str(server.house.root / "pages"),
    }.items():
        equal(found.get(name), value, name)
    equal(found["HTTP_HOST"].split(":")[0], NAME)
    for path in ("/virtdomain", "/virtdomain/"):
        found = told(client.ask("GET", path))
        assert found.get("CONTENT_LENGTH", "") in ("", "0"), found
        assert found.get("PATH_INFO", "") in ("", "/"), found
    return int(found["uid"])


def has_documents(server):
    """The settings for mail clients, where these ask for them."""
    for name, path in ((NAME, "/virtdomain" + DOCUMENT),
                       (NAME, "/.well-known" + DOCUMENT),
                       (AUTOCONFIG, "/mail/config-v1.1.xml")):
        found = told(server.client().ask(
            "GET", f"{path}?emailaddress=joe@kvt.dk", name=name))
        equal([found["PATH_INFO"], found["QUERY_STRING"]],
              [DOCUMENT, "emailaddress=joe@kvt.dk"], path)


def sends_elsewhere(server):
    """To the pages, to HTTPS, and nobody else to the program."""
    client = server.client()
    answer = client.ask("GET", "/")
    assert answer.status in (301, 302), answer.status
    assert answer.headers["Location"].endswith("/virtdomain/"), answer.headers
    for path in ("/virtdomainx", "/mail/config-v1.1.xmlx", "/users"):
        assert client.ask("GET", path).status in (403, 404), path
    plain = http.client.HTTPConnection("127.0.0.1", server.plain, timeout=60)
    plain.request("GET", "/virtdomain/users?q=1", headers={"Host": NAME})
    answer = plain.getresponse()
    equal([answer.status, answer.headers["Location"]],
          [301, f"https://{NAME}:{server.port}/virtdomain/users?q=1"])


def add_cases(kinds, who):
    for kind in kinds:
        @case(f"{kind} runs the program as {who}, with what CGI says and our "
              "variables, also for autoconfig; plain HTTP is sent to HTTPS")
        def _(kind=kind):
            check(kind)


add_cases(AS_WWW_DATA, "www-data")
add_cases(AS_OWNER, "the owner")

tap.main()
