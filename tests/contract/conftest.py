"""Both engines of the journal, a clock that is set by hand, and words to write into them."""

from datetime import UTC, datetime, timedelta

import pytest

from safelight.engines.memory import MemoryJournal
from safelight.engines.sqlite import SqliteJournal
from safelight.generation import Generation, Policy, Request
from safelight.records import AttemptRecord, Durability, LateRecord, StatusRecord, Step
from safelight.status import Attempt, Cancel, Charged, Eta, Outcome, Output, Phase, Queue, State, Status, Steps
from safelight.versions import Version

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
def open_sqlite(folder, clock):
    """The engine on disk, on one folder."""
    return lambda **settings: SqliteJournal(folder, clock, **{"min_free_bytes": 0, **settings})
