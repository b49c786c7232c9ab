"""The page at `/docs`: every call laid out, and a form that really makes it."""

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
DESK, POCKET = {"width": 1360, "height": 860}, {"width": 360, "height": 740}
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


class Docs:
    """The page in a tab, what is done on it, and what it must never do: throw, or break its own policy."""

    def __init__(self, page, url):
        self.page, self.faults = page, []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: "Failed to load resource" in message.text or self.faults.append(message.text))
        page.goto(f"{url}/docs")
        expect(self("#schemas article").first).to_be_visible()

    def __call__(self, selector):
        return self.page.locator(selector)

    def send(self, call, **fields):
        """Fill the form beside a call, and send it."""
        for name, value in fields.items():
            self(f"#{call}-{name}").fill(value)
        self(f"#{call} .send").click()

    def shot(self, name):
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"docs-{name}.png")


@pytest.fixture
def open_docs(chromium, service):
    """Open the page in windows of their own; none of them may have thrown or met its policy."""
    windows, tabs = [], []

    def open_one(*, viewport=DESK, scheme="dark", **settings):
        windows.append(chromium.new_context(viewport=viewport, color_scheme=scheme, **settings))
        tabs.append(Docs(windows[-1].new_page(), service.url))
        return tabs[-1]

    yield open_one
    for window in windows:
        window.close()
    assert [fault for tab in tabs for fault in tab.faults] == []


@pytest.fixture
def document(service):
    return service.call("GET", "/openapi.json")[1]


def test_every_call_and_every_schema_is_there(open_docs, document):
    tab = open_docs()
    ids = tab("article.call").evaluate_all("all => all.map(({ id }) => id)")
    assert set(ids) == {call["operationId"] for item in document["paths"].values() for call in item.values()}
    names = tab("article.schema").evaluate_all("all => all.map(({ id }) => id)")
    assert set(names) == {f"schema-{name}" for name in document["components"]["schemas"]}
    for links in ("#index a", ".calls a.ref"):
        ends = tab(links).evaluate_all("all => all.filter(({ hash }) => !document.getElementById(hash.slice(1))).length")
        assert ends == 0


def test_every_parameter_has_its_field_and_every_answer_its_line(open_docs, document):
    tab = open_docs()
    for item in document["paths"].values():
        for call in item.values():
            place = f"#{call['operationId']}"
            for parameter in call.get("parameters", ()):
                field = f"{call['operationId']}-{parameter['in']}-{parameter['name']}"
                assert tab.page.evaluate("id => document.getElementById(id)?.labels.length >= 1", field), field
            assert tab(f"{place} .answer .status").all_inner_texts() == list(call["responses"])


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_from_a_create_to_its_stream_and_the_picture_in_two_presses(open_docs, scheme):
    tab = open_docs(scheme=scheme)
    tab.shot(f"{scheme}-top")
    tab.send("createGeneration")
    expect(tab("#createGeneration .result .status")).to_have_text("202")
    tab("#createGeneration .next").filter(has_text="Watch a generation").click()
    place = "#watchGeneration"
    expect(tab(f"{place} .events li")).not_to_have_count(0)
    expect(tab(f"{place} .live")).to_contain_text("and the end")
    expect(tab(f"{place} .events li").last).to_contain_text("succeeded")
    tab.page.wait_for_function("s => document.querySelector(s).naturalWidth === 256", arg=f"{place} img.look")
    tab(f"{place} .events summary").last.click()
    expect(tab(f"{place} .events pre").last).to_contain_text('"outcome": "succeeded"')
    tab.shot(f"{scheme}-watched")


def test_a_stream_without_end_is_shown_as_it_comes_and_can_be_stopped(open_docs, service):
    tab = open_docs()
    tab.send("watchGenerations")
    expect(tab("#watchGenerations .live")).to_contain_text("no event yet")
    service.create(options={"seconds": 0})
    expect(tab("#watchGenerations .events li").filter(has_text="succeeded")).to_have_count(1)
    tab("#watchGenerations").get_by_text("Stop", exact=True).click()
    expect(tab("#watchGenerations .result")).to_contain_text("stopped")
    service.logged("stream_closed", reason="client_gone")


def test_what_is_missing_or_refused_is_said(open_docs):
    tab = open_docs()
    tab.send("getGeneration")
    expect(tab("#getGeneration .result")).to_have_text("'id' is needed.")
    tab.send("getGeneration", **{"path-id": "0" * 32})
    expect(tab("#getGeneration .result .status")).to_have_text("404")
    expect(tab("#getGeneration .body")).to_contain_text("No such generation.")


def test_text_from_outside_stays_text(open_docs):
    tab = open_docs()
    tab.send("createGeneration", body=json.dumps({"prompt": "x", "providerId": HOSTILE}))
    expect(tab("#createGeneration .body")).to_contain_text("unknown provider '<img src=x")
    assert tab("#createGeneration .came b").count() == 0
    assert tab.page.title() == "Safelight — the API"


def test_a_picture_is_shown_as_one(open_docs, service, eventually):
    tab = open_docs()
    generation = service.create(options={"seconds": 0})["sessionId"]
    end = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["status"] == "succeeded")
    name = end["output"][0].rpartition("/")[2]
    tab.send("getOutput", **{"path-id": generation, "path-name": name, "query-w": "100"})
    tab.page.wait_for_function("() => document.querySelector('#getOutput img.look').naturalWidth === 128")


@pytest.mark.parametrize(
    ("call", "fields", "wanted"),
    [
        ("createGeneration", {}, '"success":true'),
        ("listGenerations", {"query-status": "started, failed", "query-limit": "3"}, '"generations":['),
        ("getGeneration", {"path-id": "it's nobody"}, '"not_found"'),
        ("pauseGeneration", {"path-id": "0" * 32}, '"not_found"'),
        ("forgetGeneration", {"path-id": "0" * 32}, '"not_found"'),
        ("followGeneration", {"query-sessionId": "nobody"}, 'data: {"status":"failed"'),
    ],
)
def test_the_command_does_the_same(open_docs, call, fields, wanted):
    tab = open_docs()
    for name, value in fields.items():
        tab(f"#{call}-{name}").fill(value)
    command = tab(f"#{call} .command").inner_text()
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert wanted in done.stdout, command


def test_a_call_has_an_address(open_docs, service):
    tab = open_docs()
    tab.page.goto(f"{service.url}/docs#schema-Snapshot")
    tab.page.reload()
    expect(tab("#schema-Snapshot")).to_be_in_viewport()


def test_an_address_of_nothing_is_the_whole_page(open_docs, service):
    tab = open_docs()
    for nothing in ("%", "%zz", "nothing", ""):
        tab.page.goto("about:blank")
        tab.page.goto(f"{service.url}/docs#{nothing}")
        expect(tab("#calls")).to_have_attribute("aria-busy", "false")
        expect(tab("#fault")).to_be_hidden()


@pytest.mark.parametrize("viewport", [DESK, POCKET], ids=["desk", "pocket"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_and_nothing_is_too_wide(open_docs, axe, scheme, viewport):
    tab = open_docs(scheme=scheme, viewport=viewport, reduced_motion="reduce", bypass_csp=True)
    tab.send("createGeneration")
    tab("#createGeneration .next").filter(has_text="Watch a generation").click()
    expect(tab("#watchGeneration .live")).to_contain_text("and the end")
    tab("#getGeneration details").first.evaluate("d => { d.open = true; }")
    tab.page.evaluate(axe)
    found = tab.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    assert [(one["id"], node["html"], node["failureSummary"]) for one in found for node in one["nodes"]] == []
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    tab.shot(f"{scheme}-{'pocket' if viewport is POCKET else 'desk'}")


def test_page_has_nothing_inline_and_nothing_from_elsewhere(open_docs, service):
    tab = open_docs()
    assert tab("style, [style], script:not([src])").count() == 0
    addresses = tab.page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert {address for address in addresses if not address.startswith(service.url)} == set()
