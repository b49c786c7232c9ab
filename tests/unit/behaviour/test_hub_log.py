"""Lines of an upstream's log: for those who want them and can take them now, and for nobody later."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from safelight.frames import LogLine, chunk
from safelight.hub import Hub
from safelight.status import Phase, State, Status
from safelight.versions import Version
from safelight.viewer import Viewer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FIRST = Status(
    generation="a",
    provider="lighthouse",
    version=Version(1, 1),
    state=State.STARTED,
    phase=Phase.SUBMITTING,
    created_at=NOON,
)


class Reader(Viewer):
    """Notes the lines it hears; `then` runs at each."""

    is_paused = False

    def __init__(self, *, wants_log=True, then=None):
        self.wants_log = wants_log
        self.lines = []
        self.lags = 0
        self.then = then

    def show(self, frame):
        """Frames are told of elsewhere."""

    def hear(self, line):
        self.lines.append(json.loads(line.event.split(b"data: ")[1])["line"])
        if self.then:
            self.then()

    def lag(self):
        self.lags += 1

    def cut(self, reason):
        """Nothing is cut here."""


@pytest.fixture
def hub():
    hub = Hub(linger_seconds=60)
    hub.open(FIRST, "anna")
    return hub


async def test_a_line_is_heard_by_those_who_want_the_log_and_by_nobody_else(hub):
    wants, does_not = Reader(), Reader(wants_log=False)
    hub.subscribe("a", wants)
    hub.subscribe("a", does_not)
    await hub.tell("a", NOON, "step 1")
    assert (wants.lines, does_not.lines) == (["step 1"], [])


async def test_a_reader_that_is_behind_loses_lines_and_is_not_told_later(hub):
    reader = Reader()
    subscription = hub.subscribe("a", reader)
    reader.is_paused = True
    await hub.tell("a", NOON, "lost")
    reader.is_paused = False
    subscription.catch_up()
    await hub.tell("a", NOON, "heard")
    assert reader.lines == ["heard"]
    assert reader.lags == 0, "a lost line is no reason to catch up"


async def test_who_left_hears_nothing_more_even_while_a_crowd_is_told(hub):
    readers = [Reader() for _ in range(600)]
    subscriptions = [hub.subscribe("a", reader) for reader in readers]
    readers[0].then = subscriptions[599].close
    await hub.tell("a", NOON, "one")
    assert [len(reader.lines) for reader in readers] == [1] * 599 + [0]
    for subscription in subscriptions:
        subscription.close()
    await hub.tell("a", NOON, "two")
    assert [len(reader.lines) for reader in readers] == [1] * 599 + [0]


async def test_a_crowd_does_not_keep_the_loop_to_itself(hub):
    turns = []
    for _ in range(600):
        hub.subscribe("a", Reader(then=lambda: turns.append("told")))
    telling = asyncio.create_task(hub.tell("a", NOON, "one"))
    await asyncio.sleep(0)
    assert 0 < len(turns) < 600
    await telling
    assert len(turns) == 600


async def test_a_line_about_what_is_not_in_memory_is_nobodys(hub):
    await hub.tell("b", NOON, "nobody")


async def test_a_viewer_that_wants_the_log_has_to_say_how_it_hears(hub):
    with pytest.raises(NotImplementedError):
        Viewer.hear(Reader(), LogLine("a", NOON, "x"))


async def test_a_generation_that_is_forgotten_leaves_memory_and_its_readers_see_the_end(hub):
    reader = Reader()
    subscription = hub.subscribe("a", reader)
    hub.forget("a")
    assert hub.newest("a") is None
    assert hub.subscribe("a", Reader()) is None
    subscription.catch_up()
    assert subscription.seen == FIRST.version
    hub.forget("a")


def test_a_line_is_one_event_with_a_name_and_no_id():
    line = LogLine("a", NOON, "50 %\n\ndata: x\r ½")
    head, data, *rest = line.event.decode().split("\n")
    assert (head, rest) == ("event: log", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == {
        "sessionId": "a",
        "at": "2026-01-01T12:00:00.000Z",
        "line": "50 %\n\ndata: x\r ½",
    }
    assert line.chunked == chunk(line.event)


def test_a_line_is_cut_at_two_thousand_characters():
    assert len(json.loads(LogLine("a", NOON, "½" * 5000).event.split(b"data: ")[1])["line"]) == 2000
