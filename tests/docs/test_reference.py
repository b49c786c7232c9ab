"""The reference says what the code says."""

import ast
import importlib.util
import inspect
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from http import HTTPStatus

import attrs
import pytest

from safelight import status as words
from safelight.codec import camel, status_to_wire
from safelight.errors import SafelightError
from safelight.fold import _STATE_OF_PHASE
from safelight.generation import Draft
from safelight.outputs.thumbnails import WIDTHS
from safelight.providers import ProviderError, toolbox
from safelight.status import Output, Phase, State, Status
from safelight.updates import PROVIDER_CODES
from safelight.versions import Version
from safelight.web import access, bodies, history, listing, problems, waiting
from safelight.web.app import make_app

from .conftest import ROOT

SERVICE = ROOT / "service" / "safelight"
REFERENCE = ROOT / "docs" / "reference"
NONE = "\N{EN DASH}"
RETRYABLE = {"yes": {True}, "no": {False}, "either": {True, False}}


def ticked(cell):
    """Return the words of a cell that stand in backticks."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def events(document):
    return document("docs/reference/events.md")


@pytest.fixture(scope="module")
def errors(document):
    return document("docs/reference/errors.md")


@pytest.mark.parametrize("page", sorted(path.name for path in REFERENCE.glob("*.md")))
def test_the_parts_that_the_code_knows_itself_are_up_to_date(page):
    spec = importlib.util.spec_from_file_location("safelight_docs_build", REFERENCE / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    text = (REFERENCE / page).read_text(encoding="utf-8")
    assert text == build.rebuilt(text), "run `python docs/reference/build.py`"


def test_the_toolbox_is_told_whole(document):
    told = [name for cell, _ in document("docs/reference/providers.md").rows("name", "The toolbox") for name in ticked(cell)]
    assert sorted(told) == sorted(toolbox.__all__)


def full_status():
    """Return a status with every field set."""
    now = datetime.now(UTC)
    values = {field.name: "x" for field in attrs.fields(Status)}
    values |= {"version": Version(1, 1), "state": State.FAILED, "phase": Phase.FINISHED, "progress": 1, "progress_floor": 0}
    values |= {name: now for name in values if name.endswith("_at")}
    values |= {"outputs": (Output(url="u", type="t", bytes=1, sha256="s"),), "degraded": ("preview",)}
    return Status(**values)


def test_the_fields_of_a_snapshot_are_all_there(events):
    told = [ticked(cell)[0] for cell, _ in events.rows("field", "The snapshot")]
    assert sorted(told) == sorted(status_to_wire(full_status()))


@pytest.mark.parametrize("kind", ["Snapshot", "Draft"])
def test_the_types_of_the_browser_client_leave_no_field_out(kind):
    types = (ROOT / "clients" / "js" / "safelight" / "types.js").read_text(encoding="utf-8")
    said = types.partition(f"@typedef {{object}} {kind}")[2].partition("@typedef")[0]
    fields = status_to_wire(full_status()) if kind == "Snapshot" else [camel(field.name) for field in attrs.fields(Draft)]
    assert sorted(re.findall(r"^ \* @property \{.*\} \[?(\w+)", said, re.MULTILINE)) == sorted(fields)


def test_the_fields_of_an_output_are_all_there(events):
    table = events.text.partition("One output of `outputs`:")[2].partition("###")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [
        name
        for name in ("url", "type", "bytes", "sha256", "width", "height", "seed", "placeholder")
        if name in {camel(field.name) for field in attrs.fields(Output)}
    ]
    assert len(attrs.fields(Output)) == 8


@pytest.mark.parametrize(
    ("field", "cls"),
    [
        ("steps", words.Steps),
        ("queue", words.Queue),
        ("eta", words.Eta),
        ("attempt", words.Attempt),
        ("preview", words.Preview),
        ("cost", words.Cost),
    ],
)
def test_the_parts_of_a_field_are_named(events, field, cls):
    [says] = [says for [cell, says] in events.rows("field", "The snapshot") if cell == f"`{field}`"]
    assert set(ticked(says)) == {camel(part.name) for part in attrs.fields(cls)}


@pytest.mark.parametrize(("field", "cls"), [("charged", words.Charged), ("cancel", words.Cancel), ("status", State)])
def test_the_words_of_a_field_are_all_there(events, field, cls):
    [says] = [says for [cell, says] in events.rows("field", "The snapshot") if cell == f"`{field}`"]
    assert ticked(says) == [word.value for word in cls]


def test_the_phases_are_all_there_with_their_status(events):
    told = {ticked(phase)[0]: says for phase, says in events.rows("phase")}
    assert set(told) == set(Phase)
    for phase in Phase:
        if phase not in {Phase.PAUSED, Phase.FINISHED}:
            assert ticked(told[phase])[0] == _STATE_OF_PHASE.get(phase, State.STARTED)


def test_the_outcomes_are_all_there(events):
    rows = events.rows("outcome")
    assert [ticked(outcome)[0] for outcome, *_ in rows] == [outcome.value for outcome in words.Outcome]
    assert {ticked(outcome)[0] for outcome, _, status in rows if status == "`succeeded`"} == {"succeeded"}


def test_the_extras_that_may_fail_are_all_there(events):
    [says] = [says for [cell, says] in events.rows("field", "The snapshot") if cell == "`degraded`"]
    source = "".join(path.read_text(encoding="utf-8") for path in SERVICE.glob("runner/*.py"))
    assert set(ticked(says)) == set(re.findall(r"Degraded\(\"(\w+)\"\)", source))


def test_the_stream_that_is_shown_is_one(events):
    shown = events.block("text", "retry")
    for line in re.findall(r"^data: (.*)$", shown, re.MULTILINE):
        snapshot = json.loads(line)
        assert f"id: {snapshot['epoch']}-{snapshot['seq']}\n" in shown
        assert Version.parse(f"{snapshot['epoch']}-{snapshot['seq']}")
    assert set(re.findall(r"^(\w*):", shown, re.MULTILINE)) == {"", "retry", "id", "data"}


def said_in_the_code():
    """Return every code that the service can say, with whether what says it is retryable."""
    said = defaultdict(set)
    for code in PROVIDER_CODES:
        said[code] |= set()
    for cls in kinds(SafelightError):
        if cls.__module__.startswith("safelight.") and not cls.__module__.startswith(("safelight.cli", "safelight.client")):
            said[cls.code].add(cls.retryable)
    for path in SERVICE.rglob("*.py"):
        if not {"cli", "client"} & set(path.parts):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call):
                    for code, retryable in ending(call):
                        said[code].add(retryable)
    return said


def ending(call):
    """Yield the code an ending in the code says, and whether it is retryable."""
    name = call.func.id if isinstance(call.func, ast.Name) else None
    given = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
    if name == "Ended" and "code" in given:
        yield given["code"], given.get("retryable", False)
    elif name == "_end" and isinstance(call.args[4], ast.Constant) and call.args[4].value is not None:
        yield call.args[4].value, call.args[5].value


def kinds(cls):
    """Yield a class and everything below it."""
    yield cls
    for below in cls.__subclasses__():
        yield from kinds(below)


def test_the_codes_are_all_there_and_none_besides(errors):
    told = {ticked(code)[0] for code, *_ in errors.rows("code")}
    assert told == set(said_in_the_code())
    assert set(problems.STATUS_OF_CODE) - told == {"rate_limited"}
    assert f"`rate_limited` ({problems.STATUS_OF_CODE['rate_limited']})" in errors.text


def test_whether_to_ask_again_is_what_the_code_says(errors):
    said = said_in_the_code()
    told = {ticked(code)[0]: RETRYABLE[retryable] for code, _, retryable, _ in errors.rows("code")}
    assert told == {code: values or told[code] for code, values in said.items()}


def test_the_http_statuses_are_the_ones_that_are_answered(errors):
    in_snapshots = {cls.code for cls in kinds(ProviderError)} | PROVIDER_CODES
    for cell, status, *_ in errors.rows("code"):
        [code] = ticked(cell)
        if status != NONE:
            assert int(status) == problems.STATUS_OF_CODE.get(code, 500), code
        else:
            assert code not in problems.STATUS_OF_CODE, code
            assert code in in_snapshots | {"stalled", "deadline_exceeded", "canceled", "interrupted"}, code


def test_the_other_statuses_of_a_bad_request_are_all_there(errors):
    [says] = [says for code, _, _, says in errors.rows("code") if code == "`invalid_input`"]
    used = {int(problems.BadQuery.status), int(problems.BadRequest("").status)}
    for module in (bodies, access):
        used |= {int(HTTPStatus[name]) for name in re.findall(r"HTTPStatus\.(\w+)", inspect.getsource(module))}
    used |= {status for status, code in problems._CODE_OF_STATUS.items() if code == "invalid_input"}
    assert {int(number) for number in re.findall(r"\b\d{3}\b", says)} == used


def test_the_refusal_that_is_shown_is_the_one_that_is_answered(errors, launch):
    service = launch().is_up()
    status, problem = service.call("POST", "/v1/generations", {"prompt": "a lighthouse", "params": {"widht": 64}})
    shown = json.loads(errors.block("json"))
    assert re.fullmatch(r"[0-9a-f]{16}", shown.pop("requestId"))
    assert problem.pop("requestId")
    assert (status, problem) == (shown["status"], shown)


def test_the_calls_are_all_there(document):
    page = document("docs/reference/http.md")
    told = {ticked(call)[0] for call, _ in page.rows("call")}
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in make_app(None).router.routes()
        if route.method != "HEAD" and not re.match(r"/(ui/|docs|safelight)", route.resource.canonical)
    }
    assert told == routes
    body = re.search(r"Create takes (.*?)\.", page.text, re.DOTALL)[1]
    assert ticked(body) == [camel(field.name) for field in attrs.fields(Draft)]


def test_the_limits_of_the_calls_are_the_ones_that_hold(document):
    text = document("docs/reference/http.md").text
    assert f"(1{NONE}{listing.MAX_LIMIT}, {listing.DEFAULT_LIMIT})" in text
    assert f"(1{NONE}{history.MAX_LIMIT}, {history.DEFAULT_LIMIT})" in text
    assert f"at most {waiting.MAX_WAIT_SECONDS:g} s" in text
    *widths, largest = WIDTHS
    assert f"({', '.join(map(str, widths))} or {largest} wide)" in text
