"""An app of exactly the files of the how-to, built by Next.js, in a real Chromium, before a real service."""

import importlib.util
import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.chromium import running

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "embed-in-nextjs.md"
FILES = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PACKAGES = ("next@16.4.6", "react@19.1.0", "react-dom@19.1.0", "typescript@5.9.3", "@types/react@19.1.8", "@types/node@24.0.0")
LAYOUT = "export default ({ children }: { children: React.ReactNode }) => <html lang='en'><body>{children}</body></html>;\n"
SHOWN = """index => {
    const img = document.querySelectorAll('section')[index].querySelector('img:not([alt=""])');
    return img?.complete && img.naturalWidth === 512;
}"""

_spec = importlib.util.spec_from_file_location("safelight_e2e_conftest", ROOT / "tests" / "e2e" / "conftest.py")
e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(e2e)
launch, eventually, free_port = e2e.launch, e2e.eventually, e2e.free_port


@pytest.fixture
def app(launch, free_port, tmp_path, eventually):
    """Give the URL of the app."""
    url = f"http://localhost:{free_port}"
    service = launch(server__public_url=url).is_up()
    folder = tmp_path / "app"
    for name, text in FILES.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "app" / "layout.tsx").write_text(LAYOUT)
    (folder / "package.json").write_text('{"private": true}')
    environment = e2e.clean_environment(SAFELIGHT_URL=service.url, NEXT_TELEMETRY_DISABLED="1", CI="1")

    def run(*command):
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    [packed] = json.loads(run("npm", "pack", "--json", "--ignore-scripts", str(ROOT / "clients" / "js")))
    run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"./{packed['filename']}", *PACKAGES)
    next_ = str(folder / "node_modules" / "next" / "dist" / "bin" / "next")
    run("node", next_, "build")
    with (tmp_path / "next.log").open("w") as log:
        process = subprocess.Popen(
            ["node", next_, "start", "--hostname", "localhost", "--port", str(free_port)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            eventually(lambda: "Ready" in (tmp_path / "next.log").read_text() or process.poll(), bool)
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def tab(app):
    with running() as browser:
        page = browser.new_page()
        page.goto(app)
        yield page


def test_both_components_show_the_picture_developing_and_a_route_handler_may_create(tab):
    for index, button in enumerate(("Generate", "Develop")):
        values = watched(tab, index)
        tab.get_by_role("button", name=button).click()
        tab.wait_for_function(SHOWN, arg=index)
        between = {value for value in values() if 0 < value < 100}
        assert len(between) > 3, f"the events of {button} came in lumps: {sorted(between)}"
    create = "fetch('/api/pictures', { method: 'POST', body: JSON.stringify({ prompt: 'a fox' }) }).then((it) => it.json())"
    generation = tab.evaluate(create)["sessionId"]
    snapshot = tab.evaluate("id => fetch(`/v1/generations/${id}`).then((it) => it.json())", generation)
    assert (snapshot["sessionId"], snapshot["ref"]) == (generation, "user-4711")


def watched(tab, index):
    """Note every value that a section's progress bar shows; return how to ask for them."""
    tab.evaluate(
        """index => {
            const section = document.querySelectorAll('section')[index];
            const note = () => values.push(section.querySelector('progress')?.value ?? 0);
            window.values = [];
            new MutationObserver(note).observe(section, { subtree: true, childList: true, attributes: true });
        }""",
        index,
    )
    return lambda: tab.evaluate("values")
