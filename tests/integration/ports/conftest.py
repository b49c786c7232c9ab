"""The ports as the service calls them: from which places, and with one call that fails."""

import ast
import errno
import functools
import gc
import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from PIL import Image

import safelight
from safelight.config.model import OutputSettings
from safelight.engines.sqlite import SqliteJournal
from safelight.errors import JournalError, JournalFull, StorageFull
from safelight.generation import ANONYMOUS, Generation, Policy, Request, new_id
from safelight.outputs.local import LocalOutputs
from safelight.ports import Journal, Keyed, Outputs
from safelight.providers import Durability
from safelight.records import AttemptRecord, StatusRecord, Step
from safelight.status import Outcome, Phase, State, Status
from safelight.versions import Version

ROOT = Path(safelight.__file__).parent
PORTS = {Journal: SqliteJournal, Outputs: LocalOutputs}
LIFETIMES = {f"equipment.equipped: {port.__name__}.{name}" for port in PORTS for name in ("__aenter__", "__aexit__")}
"""Called by `async with`, so no place names them."""
WORDS = "the medium said no"
ERRORS = {
    "Journal": {"full": lambda: JournalFull(WORDS), "failed": lambda: JournalError(WORDS)},
    "Outputs": {"full": lambda: StorageFull(WORDS), "failed": lambda: OSError(errno.EIO, WORDS)},
}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def module_of(file):
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


class References(ast.NodeVisitor):
    """Finds where something named `journal` or `outputs` is asked for a method of its port."""

    def __init__(self, module):
        self.found = set()
        self._module, self._inside, self._prefix = module, "", ""

    def visit_ClassDef(self, node):
        self._enter(node, self._inside, f"{self._prefix}{node.name}.")

    def visit_FunctionDef(self, node):
        self._enter(node, f"{self._prefix}{node.name}", f"{self._prefix}{node.name}.<locals>.")

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name is ast's

    def visit_Attribute(self, node):
        match node.value:
            case ast.Attribute(attr=name) | ast.Name(id=name):
                for port in PORTS:
                    if name.strip("_") == port.__name__.lower() and node.attr in port.__abstractmethods__:
                        self.found.add(f"{self._module}.{self._inside}: {port.__name__}.{node.attr}")
        self.generic_visit(node)

    def _enter(self, node, inside, prefix):
        before = self._inside, self._prefix
        self._inside, self._prefix = inside, prefix
        self.generic_visit(node)
        self._inside, self._prefix = before


def caller():
    """Return the function of the service that makes the call."""
    frame = sys._getframe(2)
    while frame is not None and not Path(frame.f_code.co_filename).is_relative_to(ROOT):
        frame = frame.f_back
    return f"{module_of(Path(frame.f_code.co_filename))}.{frame.f_code.co_qualname}" if frame else None


class Trouble:
    """
    Stands between the service and its engines, and lets one call fail.

    Attributes:
        heard: The places that have called.
        is_over: Whether the call has failed.
    """

    def __init__(self, monkeypatch):
        self.heard = set()
        self.is_over = False
        self._is_due = lambda place, arguments: False
        self._error = None
        self._actions = {}
        for port, engine in PORTS.items():
            for name in port.__abstractmethods__:
                monkeypatch.setattr(engine, name, self._between(f"{port.__name__}.{name}", getattr(engine, name)))

    def arm(self, place, error, *, nth=1, when=lambda *arguments: True):
        """Let the nth call from `place` raise, of those whose arguments are as wanted."""
        self.is_over = False
        left = nth

        def is_due(at, arguments):
            nonlocal left
            left -= at == place and when(*arguments)
            return left == 0

        self._is_due, self._error = is_due, error

    def on(self, place, action):
        """Do something else whenever a call comes from `place`, and then let it pass."""
        self._actions[place] = action

    def _between(self, call, original):
        @functools.wraps(original)
        def called(engine, *arguments, **named):
            place = f"{caller()}: {call}"
            self.heard.add(place)
            if place in self._actions:
                self._actions[place]()
            if self.is_over or not self._is_due(place, arguments):
                return original(engine, *arguments, **named)
            self.is_over = True
            closing = original(engine, *arguments, **named) if call.endswith("__aexit__") else None
            return self._fail(closing)

        return called

    async def _fail(self, closing):
        if closing is not None:
            await closing  # a close that fails has let go all the same
        raise self._error()


class OldClock:
    """Stands where every retention is over."""

    def now(self):
        return LONG_AGO


def make_picture():
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(made, "png")
    return made.getvalue()


async def leave_behind(folder, *, is_ended, is_forgotten=False):
    """Leave a generation, and a key that is over by now, as a process of long ago would have; return its id and its output's URL."""
    async with (
        SqliteJournal(folder, OldClock(), min_free_bytes=0) as journal,
        LocalOutputs(folder / "outputs", OutputSettings(), OldClock()) as outputs,
    ):
        generation = Generation(
            id=new_id(),
            owner=ANONYMOUS,
            provider="puppet",
            request=Request(prompt="a lighthouse", params={}, options={}),
            policy=Policy(submit_seconds=30.0, stall_seconds=120.0, total_seconds=1800.0, cancel_seconds=10.0),
            created_at=LONG_AGO,
        )
        kept = await outputs.keep(generation.id, make_picture(), claimed_type=None, seed=None)
        facts = {"generation": generation.id, "provider": "puppet", "created_at": LONG_AGO, "outputs": (kept,)}
        first = Status(**facts, version=Version(1, 1), state=State.PROCESSING, phase=Phase.SAVING)
        intent = AttemptRecord(n=1, step=Step.INTENT, at=LONG_AGO, provider="puppet", durability=Durability.PROCESS, key="key")
        facts = {"owner": ANONYMOUS, "key": generation.id, "fingerprint": "f", "generation": generation.id, "provider": "puppet"}
        keyed = Keyed(**facts, until=LONG_AGO + timedelta(days=1))
        await journal.create(generation, StatusRecord(status=first), intent, keyed=keyed)
        if is_ended:
            end = {"state": State.SUCCEEDED, "phase": Phase.FINISHED, "outcome": Outcome.SUCCEEDED, "ended_at": LONG_AGO}
            ended = attrs.evolve(first, version=Version(1, 2), **end)
            await journal.append(generation.id, 1, StatusRecord(status=ended), durable=True)
        if is_forgotten:
            await journal.forget(generation.id)
            await outputs.purge(generation.id)
            await journal.sweep(generation.id)
    return generation.id, kept.url


@pytest.fixture(scope="session")
def calls():
    """Every method of the ports, as `Port.method`."""
    return {f"{port.__name__}.{name}" for port in PORTS for name in port.__abstractmethods__}


def parsed(file):
    """Read a module; the collector waits meanwhile, for Python 3.11 miscounts its depth where one runs somebody's finaliser."""
    gc.disable()
    try:
        return ast.parse(file.read_text())
    finally:
        gc.enable()


@pytest.fixture(scope="session")
def places():
    """Every place from which a port is called, as `module.function: Port.method`."""
    found = set(LIFETIMES)
    for file in ROOT.rglob("*.py"):
        if file.is_relative_to(ROOT / "client") or file.is_relative_to(ROOT / "testing"):
            continue  # what the command line opens for itself serves nobody
        references = References(module_of(file))
        references.visit(parsed(file))
        found |= references.found
    return found


@pytest.fixture(scope="session")
def places_of_lifetime(places):
    """Those from which it comes up, leaves, or learns that it has to."""
    return {
        place
        for place in places
        if place in LIFETIMES or place.startswith(("supervisor.", "web.serving.", "estimates.learning.Estimates.load"))
    }


@pytest.fixture(params=["full", "failed", "no space"])
def error(request, place):
    """Make what a call from `place` raises: each port's own words, and what an engine may have let through."""
    raw = {"no space": lambda: OSError(errno.ENOSPC, WORDS)}
    return {**ERRORS[place.rpartition(": ")[2].partition(".")[0]], **raw}[request.param]


@pytest.fixture
def words():
    """What each of these errors says."""
    return WORDS


@pytest.fixture(name="leave_behind")
def _leave_behind():
    return leave_behind


@pytest.fixture
def picture():
    return make_picture()


@pytest.fixture
def trouble(monkeypatch, places):
    """What stands between; so that nobody waits, the service tries again sooner than it would."""
    monkeypatch.setattr("safelight.retention._PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("safelight.runner.scribe._RETRY_SECONDS", 0.01)
    monkeypatch.setattr("safelight.courier._AGAIN_SECONDS", 0.01)
    monkeypatch.setattr("safelight.courier.PAUSES", (0.01,) * 8)
    trouble = Trouble(monkeypatch)
    yield trouble
    named = {place for place in trouble.heard if ".__" not in place and not place.startswith("None")}
    assert named <= places, "a call that the source does not show"
