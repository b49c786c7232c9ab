"""Both engines of the journal, a clock that is set by hand, and words to write into them."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from safelight.engines.memory import MemoryJournal
from safelight.engines.sqlite import SqliteJournal
from safelight.engines.sqlite.sql import migrations
from safelight.engines.sqlite.writes import Write
from safelight.generation import Generation, Policy, Request
from safelight.records import AttemptRecord, Durability, LateRecord, StatusRecord, Step
from safelight.status import Attempt, Cancel, Charged, Eta, Outcome, Output, Phase, Queue, State, Status, Steps
from safelight.versions import Version

PATIENCE = 30
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())


class HandClock:
    """Shows noon until it is moved."""

    def __init__(self):
        self.at = NOON

    def now(self):
        return self.at

    def move(self, seconds):
        self.at += timedelta(seconds=seconds)


class Words:
    """Generations and records, `EPOCH` being the first claim of each."""

    noon = NOON
    epoch = EPOCH
    clock = staticmethod(HandClock)

    def id(self, number):
        return f"{number:032x}"

    def generation(self, number=1, prompt="a lighthouse"):
        return Generation(
            id=self.id(number),
            owner="anonymous",
            provider="sketch",
            request=Request(prompt=prompt, model="m", params={"width": 64, "seed": None}, options={"pen": ["a", 1.5]}),
            policy=Policy(submit_seconds=30.0, stall_seconds=120.0, total_seconds=1800.0, cancel_seconds=10.0),
            created_at=NOON + timedelta(microseconds=number),
            ref="für später",
        )

    def status(self, seq=1, number=1, epoch=EPOCH, **facts):
        facts = {"state": State.PROCESSING, "phase": Phase.RUNNING, "progress": seq % 100, **facts}
        return StatusRecord(
            status=Status(generation=self.id(number), provider="sketch", version=Version(epoch, seq), created_at=NOON, **facts),
        )

    def rich(self, seq, number=1):
        """A status that says everything there is to say."""
        return self.status(
            seq,
            number,
            outputs=(Output(url="/o/1", type="image/png", bytes=9, sha256="ab", width=1, height=2, seed=3),),
            message="½ done",
            steps=Steps(1, 2, "steps", "draw"),
            queue=Queue(0, 3),
            eta=Eta(p50=1.5, p90=2.5),
            attempt=Attempt(n=1, of=2, provider="sketch"),
            cancel=Cancel.REQUESTED,
            degraded=("thumbnail",),
            started_at=NOON,
            progress_floor=7,
        )

    def end(self, seq, number=1, epoch=EPOCH, seconds=60.0, state=State.SUCCEEDED):
        outcome = Outcome.SUCCEEDED if state is State.SUCCEEDED else Outcome.FAILED
        at = None if seconds is None else NOON + timedelta(seconds=seconds)
        return self.status(seq, number, epoch, state=state, phase=Phase.FINISHED, outcome=outcome, progress=None, ended_at=at)

    def attempt(self, n=1, step=Step.INTENT, **facts):
        return AttemptRecord(n=n, step=step, at=NOON, provider="sketch", durability=Durability.REMOTE, key=f"key-{n}", **facts)

    def accepted(self, n=1):
        return self.attempt(n, Step.ACCEPTED, job={"handle": ["x", 1, None]})

    def outcome(self, n=1):
        return self.attempt(n, Step.OUTCOME, result="succeeded", charged=Charged.YES, detail="fine")

    def late(self, n=1):
        return LateRecord(n=n, at=NOON, kind="Succeeded", facts={"cost": 1.5})


@pytest.fixture
def words():
    return Words()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture(params=["memory", "sqlite"])
def closed_journal(request, clock, tmp_path):
    """Each engine, not yet entered."""
    if request.param == "memory":
        return MemoryJournal(clock)
    return SqliteJournal(tmp_path / "data", clock, min_free_bytes=0)


@pytest.fixture
async def journal(closed_journal):
    """Each engine, open and empty."""
    async with closed_journal:
        yield closed_journal


@pytest.fixture
def folder(tmp_path):
    """A data folder that does not exist yet."""
    return tmp_path / "data"


@pytest.fixture
def make_old(folder):
    """Make an empty journal as an earlier version left it, by the number of its format."""

    def make(version):
        folder.mkdir()
        with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
            for script in migrations()[:version]:
                connection.executescript(script)
            connection.execute(f"PRAGMA user_version = {version}")

    return make


@pytest.fixture
def open_sqlite(folder, clock):
    """The engine on disk, on one folder."""
    return lambda **settings: SqliteJournal(folder, clock, **{"min_free_bytes": 0, **settings})


@attrs.frozen
class Do(Write):
    """A write that does whatever a test wants done inside the writer's transaction."""

    what: object

    def apply(self, book):
        return self.what(book)


async def do(journal, what, *, is_durable=False):
    return await journal._writer.write(Do(what, is_durable=is_durable))


class Hold:
    """Keeps the writer's thread busy, so that what is handed in meanwhile becomes one batch."""

    def __init__(self, journal):
        self.journal, self.release = journal, threading.Event()

    async def __aenter__(self):
        reached = threading.Event()

        def wait(_):
            reached.set()
            assert self.release.wait(PATIENCE)

        self.task = asyncio.create_task(do(self.journal, wait))
        await until(reached.is_set)
        return self.release.set

    async def __aexit__(self, *_):
        self.release.set()
        await asyncio.wait([self.task])


class Wrapped:
    """The writer's connection, with one kind of statement that fails."""

    def __init__(self, connection, fails, error):
        self.connection, self.fails, self.error = connection, fails, error

    def execute(self, text, *rest):
        if text.startswith(self.fails):
            raise self.error
        return self.connection.execute(text, *rest)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def break_connection(journal, fails, error):
    committer = journal._writer._store.committer
    committer._connection = Wrapped(committer._connection, fails, error)


def behind(folder):
    """What a journal could leave behind: threads, open files, the lock."""
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("safelight-journal")]
    files = []
    for fd in Path("/proc/self/fd").iterdir():
        try:
            target = fd.readlink()
        except FileNotFoundError:
            continue  # the one that lists them
        if target.is_relative_to(folder):
            files.append(target)
    return threads, files


async def until(is_so):
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.001)


class Inside:
    """Hands on what reaches into the engine on disk."""

    do = staticmethod(do)
    until = staticmethod(until)
    behind = staticmethod(behind)
    break_connection = staticmethod(break_connection)
    hold = Hold
    nothing = ([], [])


@pytest.fixture
def inside():
    return Inside
