"""What the README of the browser client shows, word for word in Chromium, and what it names."""

import re

import pytest

PAGE = """<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="importmap">{"imports": {"safelight": "/safelight.js", "safelight/element": "/element.js"}}</script>
<body>
<script>window.timing = {}; window.isReady = true;</script>
%s
"""


@pytest.fixture(scope="module")
def readme(client):
    return (client / "README.md").read_text(encoding="utf-8")


def block(readme, language):
    """Return the one block in a language."""
    [code] = re.findall(rf"^```{language}\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    return code


def test_the_first_example_tells_of_a_picture_until_it_is_there(readme, service, window, open_tab):
    said = []
    window.on("console", lambda message: said.append(message.text))
    page = PAGE % f'<script type="module">{block(readme, "js")}</script>'
    with window.expect_console_message(lambda message: "/v1/outputs/" in message.text):
        open_tab(service.url, page=page)
    connection, first, *_, last, output = said
    assert connection == "open undefined"
    assert first.startswith(("started", "processing"))
    assert last.startswith("succeeded 100")
    assert re.fullmatch(r"\[/v1/outputs/[0-9a-f]{32}/[0-9a-f]{32}\.png\]", output)


def test_the_element_shows_a_generation_to_its_end(readme, service, open_tab):
    generation = service.create(providerId="simulator", options={"seconds": 1})["sessionId"]
    shown = block(readme, "html").replace("ID", generation)
    assert generation in shown
    tab = open_tab(service.url, page=PAGE % shown)
    tab.wait_for_selector('safelight-progress[data-status="succeeded"]')


def test_every_call_of_the_package_is_named(readme, client):
    exported = re.findall(r"export \{ (.*?) \}", (client / "safelight.js").read_text(encoding="utf-8"))
    for name in ", ".join(exported).split(", "):
        assert re.search(rf"`{name}\b|\b{name}\(", readme), name
