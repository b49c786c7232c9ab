"""The page at `/` as people have it: a real Chromium in front of a real service, looked at by assertions and in pictures."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.chromium import running

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
AXE = "axe-core@4.14.1"
DESK = {"width": 1360, "height": 860}
SEEN = "i => i.complete && i.naturalWidth > 0"

expect.set_options(timeout=20_000)


class Tab:
    """The page in a tab, what is done on it, and what it must never do: throw, or break its own policy."""

    def __init__(self, page, url):
        self.page, self.faults, self.streams = page, [], []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: "Failed to load resource" in message.text or self.faults.append(message.text))
        page.on("request", lambda request: "/events" in request.url and self.streams.append(request))
        page.goto(f"{url}/")
        expect(self("#provider option")).not_to_have_count(0)
        page.evaluate("document.getElementById('settings').open = true")

    def __call__(self, selector):
        return self.page.locator(selector)

    def develop(self, prompt, *, provider="sketch", exposures=1, params=None, options=None):
        """Ask with the form, as people do."""
        self("#provider").select_option(provider)
        self("#exposures").fill(str(exposures))
        for group, values in (("params", params or {}), ("options", options or {})):
            for name, value in values.items():
                field = self(f"#field-{group}-{name}")
                if field.evaluate("f => f.tagName") == "SELECT":
                    field.select_option(label=value)
                else:
                    field.fill(value if isinstance(value, str) else json.dumps(value))
        self("#prompt").fill(prompt)
        self("#prompt").press("Enter")

    def looks(self, *looks):
        """Wait until the print in the tray looks like one of these."""
        expect(self("#bath")).to_have_attribute("data-look", re.compile("|".join(looks)))

    def comes_up(self, percent):
        """Wait until the print in the tray is at least so far."""
        self.page.wait_for_function(
            "p => { const bar = document.getElementById('bar'); return !bar.hidden && bar.value >= p; }", arg=percent
        )

    def shows_picture(self, selector="#emulsion img"):
        self.page.wait_for_function(f"s => [...document.querySelectorAll(s)].some({SEEN})", arg=selector)

    @property
    def id(self):
        return self.page.url.rpartition("#g=")[2]

    def shot(self, name):
        """Make a picture of the whole page, once what fades has faded."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.mouse.move(0, 0)
        self.page.evaluate("""() => Promise.allSettled(document.getAnimations()
            .filter(({ effect }) => effect.getComputedTiming().iterations === 1).map(({ finished }) => finished))""")
        self.page.screenshot(path=SCREENSHOTS / f"page-{name}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium():
    with running() as browser:
        yield browser


@pytest.fixture
def open_page(chromium):
    """
    Open the page of a service, in windows of their own; none of them may have thrown or met its policy.

    What moves on it, which costs more than all else, moves where a test is about what is seen.
    """
    windows, tabs = [], []

    def open_one(service, *, window=None, viewport=DESK, scheme="dark", moves=False, **settings):
        if window is None:
            motion = "no-preference" if moves else "reduce"
            window = chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion=motion, **settings)
            windows.append(window)
        tabs.append(Tab(window.new_page(), service.url))
        return tabs[-1]

    yield open_one
    for window in windows:
        window.close()
    assert [fault for tab in tabs for fault in tab.faults] == []


class Wire:
    """What lies between a browser and the service, to be cut and mended."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._port, self._is_whole, self._ends = 0, True, []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def lead_to(self, port):
        self._port = port
        self._accepting.start()

    def cut(self):
        self._is_whole = False
        for end in self._ends:
            _hang_up(end)

    def mend(self):
        self._is_whole = True

    def close(self):
        _hang_up(self._listener)
        self.cut()
        self._accepting.join(10)

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._is_whole:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        _hang_up(other)


def _hang_up(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@pytest.fixture
def wire():
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def axe(request):
    """The source of axe-core, from npm, kept in pytest's cache."""
    folder = request.config.cache.mkdir(AXE.replace("@", "-"))
    source = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not source.exists():
        npm = shutil.which("npm")
        assert npm, "These tests check the page with axe-core from npm; install npm"
        subprocess.run([npm, "install", "--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", AXE], check=True)
    return source.read_text()
