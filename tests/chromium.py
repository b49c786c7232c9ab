"""Chromium as the tests start it: headless, speaking to nobody of its own accord, and with nothing to show but pages."""

import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

LEFT_OUT = (
    "LocalNetworkAccessChecks",  # a page that playwright hands over counts as one from the Internet
    *("WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxPopup"),  # two processes more for each window, never seen
)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(LEFT_OUT)}",
)


@contextmanager
def running():
    """Run a Chromium."""
    program = shutil.which("chromium")
    assert program, "These tests run a real Chromium; install it: apt-get install chromium"
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as browser:
        yield browser
