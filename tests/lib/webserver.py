"""The pages of virtdomain under real web servers, with the lines of contrib/web
as they are: only names of files and users, and ports, are changed.

    with House() as house, Owner(house.root) as owner:
        ours = pages_of(house, owner)           # what they are run with
        with webserver("apache", ours) as server:
            server.url                          # https://mail.kvt.dk:PORT/...
            with server.client() as client:     # what a browser does, by hand
                client.get("/virtdomain/").text

KINDS are who runs them: as www-data "apache", "lighttpd" and "nginx", as the
owner "apache-suexec" and "nginx-owner".
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import typing

from house import SOURCE, VIRTDOMAIN, free_port
from postfix import need_program, need_root
from superserver import Superserver, make_certificate
from tap import Skip, equal
from webclient import NAME, Visitor

CONTRIB = SOURCE / "contrib" / "web"
AS_WWW_DATA = ("apache", "lighttpd", "nginx")
AS_OWNER = ("apache-suexec", "nginx-owner")
KINDS = (*AS_WWW_DATA, *AS_OWNER)
AUTOCONFIG = "autoconfig.kvt.dk"
MODULES = pathlib.Path("/usr/lib/apache2/modules")
# What Debian's files say before they include ours.
APACHE = """\
ServerRoot {root}
ServerName localhost
PidFile {root}/apache.pid
ErrorLog {root}/web.log
Mutex file:{root}
Define ENABLE_USR_LIB_CGI_BIN
User www-data
Group www-data
{modules}
ScriptSock {root}/cgid
<Directory "/">
	Require all denied
</Directory>
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{plain}
"""
LIGHTTPD = """\
server.modules = ( "mod_indexfile", "mod_access", "mod_alias", "mod_redirect" )
server.document-root = "{root}"
server.errorlog = "{root}/web.log"
server.username = "www-data"
server.groupname = "www-data"
server.bind = "127.0.0.1"
server.port = {plain}
"""
NGINX = """\
user www-data;
worker_processes 1;
daemon off;
pid {root}/nginx.pid;
error_log {root}/web.log;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {root}/nginx-body;
	fastcgi_temp_path {root}/nginx-fastcgi;
	proxy_temp_path {root}/nginx-proxy;
	scgi_temp_path {root}/nginx-scgi;
	uwsgi_temp_path {root}/nginx-uwsgi;
"""


class Pages(typing.NamedTuple):
    """What a web server runs: a program, for a domain of owner, with these
    variables, whose names stand without VIRTDOMAIN_."""
    house: object
    owner: object
    program: pathlib.Path
    variables: dict


def pages_of(house, owner, program=VIRTDOMAIN, **more):
    """Those of an installation, with a copy of program that everybody may
    run; more are variables."""
    copy = house.root / "web" / "virtdomain"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(program, copy)
    copy.chmod(0o755)
    return Pages(house, owner, copy, {
        "VIRTUAL": house.virtual, "SPOOL": house.spool,
        "STATE": house.root / "pages", **more})


# ---- the lines of contrib/web -----------------------------------------------

def set_variable(text, name, value):
    """Takes a line for a variable out of its comment, with this value."""
    text, count = re.subn(
        rf'(?m)^(\s*)#(.*\bVIRTDOMAIN_{name}(?:" => "|[ =]))[^";\n]+',
        rf"\g<1>\g<2>{value}", text)
    equal(count, 1, f"lines for {name}")
    return text


class Webserver(Superserver):
    """A running web server on self.port, and what clients need for it."""

    def __init__(self, pages, kind):
        need_root("a web server that runs programs as www-data")
        self.pages = pages
        self.kind = kind
        self.root = pages.house.root
        self.plain = free_port()
        port = free_port()
        certificate, self.key = make_certificate(
            pages.house, "web-cert", (NAME, AUTOCONFIG))
        self.certificate = certificate
        self.write("web.log", "")
        shutil.chown(self.root / "web.log", "www-data")
        super().__init__(pages.house, self.prepare(port), port, certificate)
        self.url = f"https://{NAME}:{port}/virtdomain/"

    def contributed(self, name, port=443):
        """A file of contrib/web for these pages."""
        text = (CONTRIB / name).read_text()
        live = f"/etc/letsencrypt/live/{NAME}"
        for word, replacement in (
                ("/usr/local/sbin/virtdomain", str(self.pages.program)),
                ("/usr/local/sbin", str(self.pages.program.parent)),
                ("Files \"virtdomain\"",
                 f"Files \"{self.pages.program.name}\""),
                (f"{live}/fullchain.pem", str(self.certificate)),
                (f"{live}/privkey.pem", str(self.key)),
                (f"https://{NAME}", f"https://{NAME}:{port}"),
                ("owner owner", f"{self.pages.owner.name} " * 2)):
            text = text.replace(word, replacement)
        if "#" in text and "VIRTDOMAIN_" in text:
            for variable, value in self.pages.variables.items():
                text = set_variable(text, variable, value)
        return text

    def write(self, name, text):
        path = self.root / name
        path.write_text(text)
        return path

    def client(self):
        return Visitor(self)

    def log(self):
        """What server and program have said."""
        return "".join(
            path.read_text(errors="backslashreplace")
            for path in (self.output, self.root / "web.log") if path.exists())


class Apache(Webserver):
    name = "apache.conf.example"

    def prepare(self, port):
        text = self.contributed(self.name, port)
        text = text.replace("*:443", f"*:{port}")
        text = text.replace("*:80", f"*:{self.plain}")
        modules = ["mpm_event", "authz_core", "alias", "env",
                   *re.search(r"(?m)^#\ta2enmod (.*)$", text)[1].split()]
        config = self.write("apache.conf", APACHE.format(
            root=self.root, port=port, plain=self.plain, modules="\n".join(
                f"LoadModule {name}_module {MODULES}/mod_{name}.so"
                for name in modules)) + text)
        return [need_program("apache2"), "-D", "FOREGROUND", "-f", config]


class Suexec(Apache):
    """suEXEC knows only /var/www, and its log: here they are ours."""
    name = "apache-suexec.conf.example"

    def prepare(self, port):
        if not pathlib.Path("/usr/lib/apache2/suexec").exists():
            raise Skip("suEXEC is not installed")
        directory = self.root / "www" / "virtdomain"
        directory.mkdir(parents=True)
        (self.root / "logs" / "apache2").mkdir(parents=True)
        program = directory / "virtdomain.cgi"
        program.write_text(self.contributed("virtdomain.cgi.example"))
        program.chmod(0o755)
        for path in (directory, program):
            os.chown(path, self.pages.owner.uid, self.pages.owner.gid)
        return [need_program("unshare"), "--mount", "sh", "-ec",
                'mount --bind "$0/www" /var/www; '
                'mount --bind "$0/logs" /var/log; exec "$@"',
                self.root, *super().prepare(port)]


class Lighttpd(Webserver):
    def prepare(self, port):
        program = need_program("lighttpd")
        if not pathlib.Path("/usr/lib/lighttpd/mod_openssl.so").exists():
            raise Skip("lighttpd-mod-openssl is not installed")
        text = self.contributed("lighttpd.conf.example", port)
        text = text.replace("\":443\"", f"\"127.0.0.1:{port}\"")
        config = self.write("lighttpd.conf", LIGHTTPD.format(
            root=self.root, plain=self.plain) + text)
        return [program, "-D", "-f", config]


class Nginx(Webserver):
    """With fcgiwrap, which is another process."""
    wrapper = None

    def user(self):
        return "www-data"

    def prepare(self, port):
        program = need_program("nginx")
        wrapped = self.start_wrapper(need_program("fcgiwrap"))
        text = self.contributed("nginx.conf.example", port)
        text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
        text = text.replace("listen 80", f"listen 127.0.0.1:{self.plain}")
        text = text.replace("unix:/run/fcgiwrap.socket", f"unix:{wrapped}")
        text = text.replace("include fastcgi_params",
                            "include /etc/nginx/fastcgi_params")
        config = self.write(
            "nginx.conf", NGINX.format(root=self.root) + text + "}\n")
        return [program, "-e", self.root / "web.log", "-c", config]

    def start_wrapper(self, program):
        """What the two files for systemd say; returns the socket."""
        path = self.root / "fcgiwrap.socket"
        path.unlink(missing_ok=True)
        start = re.search(r"(?m)^ExecStart=/usr/sbin/fcgiwrap(.*)$",
                          self.contributed("fcgiwrap-owner.service.example"))
        with open(self.root / "fcgiwrap.out", "ab") as output:
            self.wrapper = subprocess.Popen(
                [need_program("systemd-socket-activate"), f"--listen={path}",
                 need_program("setpriv"), f"--reuid={self.user()}",
                 f"--regid={self.user()}", "--init-groups", program,
                 *start[1].split()], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True)
        self.pages.house.wait_for(path.exists, "fcgiwrap")
        shutil.chown(path, "www-data")
        path.chmod(0o600)
        return path

    def stop(self):
        super().stop()
        if self.wrapper is not None:
            os.killpg(self.wrapper.pid, signal.SIGKILL)
            self.wrapper.wait()

    def log(self):
        return super().log() + (self.root / "fcgiwrap.out").read_text()


class NginxOwner(Nginx):
    def user(self):
        return self.pages.owner.name


def webserver(kind, pages):
    """One of KINDS."""
    return {"apache": Apache, "apache-suexec": Suexec, "lighttpd": Lighttpd,
            "nginx": Nginx, "nginx-owner": NginxOwner}[kind](pages, kind)
