"""A real headless browser, and what checks the pages that it shows.

    with Browser(server) as browser:            # a server of webserver.py
        browser.look_like("phone", "dark")
        browser.open("users")                   # below server.url
        browser.page.find_element(...)          # selenium's driver
        browser.press("joe", TAB, "secret", ENTER)
        browser.check("users of kvt.dk")        # sound, or it fails

check() keeps a picture of the whole page in the directory POP3D_SCREENSHOTS of
the environment, if there is one.  axe-core and the Nu HTML checker are where
tests/run has unpacked them, in the directory POP3D_OTHERS.
"""

import base64
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

from house import IS_ROOT
from postfix import need_program
from tap import Skip, equal
from webserver import AUTOCONFIG, NAME

# Width, height in CSS pixels, device pixels for each, and if it is touched.
SIZES = {"desktop": (1280, 800, 1, False), "phone": (360, 740, 2, True)}
COLOURS = ("light", "dark")
TAB, ENTER, SPACE = "\ue004", "\ue007", "\ue00d"
# Where Debian has modules of Python.
DEBIAN = "/usr/lib/python3/dist-packages"
# What counts as a fault of a page.
IMPACTS = ("serious", "critical")
# axe-core would fetch style sheets again, which our policy forbids.
AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {preload: false, resultTypes: ["violations"]}).then(
    found => done(found.violations.map(rule => [
        rule.impact, rule.id, rule.nodes.map(node => node.html).join("  ")])),
    trouble => done([["critical", "axe-core", String(trouble)]]));
"""


def need_other(name):
    """A file of a package of npm."""
    path = pathlib.Path(os.environ.get("POP3D_OTHERS", ""), "npm", name)
    if not path.exists():
        raise Skip(f"{name.split('/')[0]} of npm is not below POP3D_OTHERS")
    return path


def need_selenium():
    """Imported where it is needed: it may not be there.  It is Debian's, and
    the Python that runs the tests may be another one."""
    if DEBIAN not in sys.path:
        sys.path.append(DEBIAN)
    try:
        from selenium import webdriver
    except ImportError as trouble:
        raise Skip("python3-selenium is not installed") from trouble
    return webdriver


def _end_all_of(uid):
    """The browser has many processes, in sessions of their own."""
    for _ in range(100):
        living = 0
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it may have ended
                if process.stat().st_uid == uid:
                    os.kill(int(process.name), signal.SIGKILL)
                    living += 1
        if living == 0:
            return
        time.sleep(0.05)


class Browser:
    """Chromium.  It does not run as root; for root it is a user without a
    name, whose processes all end with it."""

    def __init__(self, server):
        self.server = server
        self.house = server.house
        self.uid = 10 ** 8 + random.randrange(10 ** 8) if IS_ROOT else None
        self.room = None
        self.page = None
        self.service = None
        self.look = "desktop-light"

    # ---- beginning and end -------------------------------------------------

    def __enter__(self):
        need_program("chromium")
        need_selenium()
        self.room = self.house.root / f"browser-{random.randrange(10 ** 8)}"
        self.room.mkdir()
        if self.uid is not None:
            os.chown(self.room, self.uid, self.uid)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.page is not None:
            with contextlib.suppress(Exception):  # it is killed anyway
                self.page.quit()
        if self.service is not None:
            self.service.stop()
        if self.uid is not None:
            _end_all_of(self.uid)

    def _driver(self):
        """A script that runs chromedriver as the browser's user."""
        before = f"{need_program('setpriv')} --reuid={self.uid} " \
                 f"--regid={self.uid} --clear-groups" if self.uid else ""
        script = self.room / "driver"
        script.write_text(
            f"#!/bin/sh\ncd '{self.room}' || exit\n"
            f"exec env -i PATH=/usr/bin:/bin HOME='{self.room}' LC_ALL=C.UTF-8 "
            f"TMPDIR='{self.room}' {before} "
            f"{need_program('chromedriver')} \"$@\"\n")
        script.chmod(0o755)
        return str(script)

    def _options(self, webdriver):
        options = webdriver.ChromeOptions()
        options.binary_location = need_program("chromium")
        hosts = ", ".join(f"MAP {name} 127.0.0.1"
                          for name in (NAME, AUTOCONFIG))
        # It shows nothing but our own pages, so it needs no sandbox, which
        # not every machine lets a user make.
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-sync",
                     "--disable-component-update", "--hide-scrollbars",
                     f"--user-data-dir={self.room}/profile",
                     f"--host-resolver-rules={hosts}, MAP * ~NOTFOUND, "
                     "EXCLUDE 127.0.0.1"):
            options.add_argument(word)
        options.set_capability("acceptInsecureCerts", True)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        return options

    def _start(self):
        webdriver = need_selenium()
        from selenium.webdriver.chrome.service import Service
        self.service = Service(self._driver(),
                               log_path=str(self.room / "driver.log"))
        self.page = webdriver.Chrome(service=self.service,
                                     options=self._options(webdriver))
        self.page.set_page_load_timeout(30)
        self.page.set_script_timeout(30)
        self.look_like("desktop", "light")

    # ---- how it looks ------------------------------------------------------

    def look_like(self, size, colour):
        width, height, scale, is_touched = SIZES[size]
        self.page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": scale,
            "mobile": is_touched})
        self.page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": colour}]})
        self.look = f"{size}-{colour}"

    def without_scripts(self):
        self.page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled",
                                  {"value": True})

    # ---- what somebody does ------------------------------------------------

    def open(self, path=""):
        self.page.get(self.server.url + path)

    def forget(self):
        """All cookies: logged out."""
        self.page.delete_all_cookies()

    def log_in(self, user, password, domain="kvt.dk"):
        """By keys alone."""
        self.open()
        self.tab_to("address")
        self.press(f"{user}@{domain}", TAB, password, ENTER)
        self.wait_for(lambda: f"{user}@{domain}" in self.text(), "the log-in")

    def log_out(self):
        self.tab_to("Log out")
        self.press(ENTER)
        self.wait_for(lambda: "You are logged out." in self.text(),
                      "the log-out")

    def find(self, selector):
        return self.page.find_element("css selector", selector)

    def all(self, selector):
        return self.page.find_elements("css selector", selector)

    def text(self):
        return self.find("body").text

    def press(self, *words):
        """Keys, to whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains
        ActionChains(self.page).send_keys(*words).perform()

    def focused(self):
        """The name of the field that has the focus, or the text of the link or
        button."""
        active = self.page.switch_to.active_element
        if active.tag_name in ("a", "button"):
            return active.text
        return active.get_attribute("name")

    def tab_to(self, name, most=60):
        """Presses the tabulator until the focus is there."""
        seen = []
        for _ in range(most):
            self.press(TAB)
            seen.append(self.focused())
            if seen[-1] == name:
                return
        raise AssertionError(f"{name} is not reached, but {seen}")

    @staticmethod
    def _holds(condition):
        """False too if the page goes away meanwhile."""
        from selenium.common.exceptions import WebDriverException
        try:
            return condition()
        except WebDriverException:
            return False

    def tab_on(self, name):
        """The focus is there, or is by the next tabulators: a field may have
        a button beside it."""
        if self.focused() != name:
            self.tab_to(name, 3)

    def field(self, name):
        return self.find(f"[name={name}]").get_attribute("value")

    def wait_for(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not self._holds(condition):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}\n{self.text()}"
                                     f"\n{self.server.log()[-3000:]}")
            time.sleep(0.1)

    # ---- whether it is sound -----------------------------------------------

    def complaints(self, status=200):
        """What the browser has said of this page: faults of scripts, styles
        and policies; but not that an answer has the status it should have, and
        that the server has no icon."""
        expected = rf"/favicon\.ico - | - Failed to load .* status of {status} "
        return [entry["message"] for entry in self.page.get_log("browser")
                if not re.search(expected, entry["message"])]

    def overflow(self):
        """By how many pixels the page is wider than the window, and the first
        elements that are."""
        return self.page.execute_script("""
            const width = document.documentElement.clientWidth;
            const extra = document.documentElement.scrollWidth - width;
            return extra <= 0 ? [] : [extra, ...[...document.querySelectorAll(
                "body *")].filter(one => one.getBoundingClientRect().right >
                width + 1).slice(0, 3).map(one => one.outerHTML.slice(0, 200))];
            """)

    def faults(self):
        """What axe-core finds, of IMPACTS."""
        self.page.execute_script(
            need_other("axe-core/axe.min.js").read_text())
        return [fault for fault in self.page.execute_async_script(AXE)
                if fault[0] in IMPACTS]

    def check(self, name, status=200):
        """The page as it is seen has no fault."""
        self.keep(name)
        equal(self.complaints(status), [], f"{name}, {self.look}: console")
        equal(self.overflow(), [], f"{name}, {self.look}: wider than the window")
        equal(self.faults(), [], f"{name}, {self.look}: axe-core")

    def keep(self, name):
        """A picture of the whole page."""
        top = os.environ.get("POP3D_SCREENSHOTS")
        if top is None:
            return
        path = pathlib.Path(top) / f"{name}-{self.look}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = self.page.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(picture["data"]))


def validate(directory):
    """What the Nu checker has to say of all .html and .css files there."""
    checker = need_other("vnu-jar/build/dist/vnu.jar")
    done = subprocess.run(
        [need_program("java"), "-Xss2m", "-XX:TieredStopAtLevel=1",
         "-jar", checker, "--format", "json", "--stdout", "--also-check-css",
         "--exit-zero-always", directory], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        check=False)
    equal(done.returncode, 0, done.stdout)
    return [f"{pathlib.Path(found['url']).name}:{found.get('lastLine')}: "
            f"{found['message']} {found.get('extract', '')}"
            for found in json.loads(done.stdout)["messages"]
            if found["type"] == "error"]
