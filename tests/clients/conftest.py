"""The browser client in front of the service as its users have it."""

import importlib.util
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.chromium import running

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "js"
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>The client's page</title>
<link rel="icon" href="data:,">
<body>
<script type="module">
import * as safelight from "./safelight.js";
import "./element.js";
import { timing } from "./safelight/timing.js";

const seen = {};
const follow = (id, options) => {
  const own = seen[id] = { statuses: [], connections: [], errors: [] };
  own.watch = safelight.watch(id, {
    ...options,
    onStatus: (snapshot) => own.statuses.push(snapshot),
    onConnection: ({ state }) => own.connections.push(state),
    onError: ({ code }) => own.errors.push(code),
  });
};
Object.assign(window, { ...safelight, timing, seen, follow, isReady: true });
</script>
"""

_spec = importlib.util.spec_from_file_location("safelight_e2e_conftest", ROOT / "tests" / "e2e" / "conftest.py")
e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(e2e)
launch, eventually, free_port, service = e2e.launch, e2e.eventually, e2e.free_port, e2e.service


@pytest.fixture(scope="session")
def client():
    """The folder of the client."""
    return CLIENT


@pytest.fixture(scope="session")
def run():
    """Run a program to its good end; return what it wrote."""

    def run_one(*command, cwd, env=None, seconds=300):
        done = subprocess.run(
            command,
            cwd=cwd,
            env=e2e.clean_environment(**(env or {})),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
        return done.stdout

    return run_one


@pytest.fixture(scope="module")
def chromium():
    with running() as browser:
        yield browser


@pytest.fixture
def window(chromium):
    """One browser of one person: its tabs share what browsers share between tabs."""
    with chromium.new_context() as context:
        context.set_default_timeout(e2e.PATIENCE * 1000)
        yield context


@pytest.fixture
def open_tab(window):
    """Open tabs on a page that has the client, as if the service served both; everything else is the service's."""

    def open_one(url, *, page=PAGE, files=CLIENT, **timing):
        tab = window.new_page()
        tab.route(f"{url}/", lambda route: route.fulfill(content_type="text/html", body=page))
        tab.route(re.compile(r"\.js$"), lambda route: route.fulfill(path=files / urlsplit(route.request.url).path[1:]))
        tab.goto(f"{url}/")
        tab.wait_for_function("window.isReady === true")
        tab.unroute_all()
        tab.evaluate("more => Object.assign(timing, more)", timing)
        return tab

    return open_one
