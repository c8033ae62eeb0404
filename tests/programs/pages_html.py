"""The pages of virtdomain as they are sent: the Nu HTML checker has nothing to
say of one of them."""

import tap
from browser import need_other, validate
from postfix import need_program
from tap import case, equal
from webpages import SEEN, USERS, change_password, domain_pages, log_in


class Folder:
    """Keeps pages as files."""

    def __init__(self, path):
        self.path = path
        path.mkdir()

    def keep(self, name, answer, status=200):
        equal(answer.status, status, f"{name}: {answer.text}")
        suffix = "css" if name == "style" else "html"
        (self.path / f"{name}.{suffix}").write_bytes(answer.body)
        return answer


def keep_refusals(folder, client):
    """What comes of forms that are not right."""
    page = client.get("/virtdomain/new")
    folder.keep("new-wrong", client.submit(
        page, page.form("user"), user="A B", name="<i>:", password="short",
        forwards='|"cmd"&'), 422)
    page = client.get("/virtdomain/users/joe")
    folder.keep("user-wrong", client.submit(
        page, page.form("forwards"), forwards="\"'><script>"), 422)
    page = client.get("/virtdomain/users/joe")
    folder.keep("user-suggested", client.submit(
        page, page.form("password"), what="suggest"))


def keep_changes(folder, ours, client):
    """What comes of a change that is mailed."""
    page = folder.keep("pending-own", change_password(
        client, USERS["joe"], "something else, 17"))
    equal(ours.deliver(), 1)
    folder.keep("outcome", client.get(page.path))


@case("every page, as it is for postmaster, for a user and for a stranger, and "
      "what comes of wrong forms, is HTML without an error; so is the style")
def _():
    need_program("java")
    need_other("vnu-jar/build/dist/vnu.jar")
    with domain_pages("lighttpd") as ours:
        folder = Folder(ours.house.root / "html")
        clients = {None: ours.server.client()}
        folder.keep("log-in-wrong", log_in(clients[None], "joe", "wrong"), 403)
        for user in ("postmaster", "joe"):
            clients[user] = ours.server.client()
            log_in(clients[user], user, USERS[user])
        for name, path, status, user in SEEN:
            folder.keep(name, clients[user].get(f"/virtdomain/{path}"), status)
        folder.keep("style", clients[None].get("/virtdomain/style.css"))
        keep_refusals(folder, clients["postmaster"])
        keep_changes(folder, ours, clients["joe"])
        equal(validate(folder.path), [])
        equal(len(list(folder.path.iterdir())), len(SEEN) + 7)


tap.main()
