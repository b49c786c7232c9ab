"""The journal on disk does what the journal in memory does, whatever is done to it, in batches and across restarts."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.engines.memory import MemoryJournal
from safelight.engines.sqlite import SqliteJournal
from safelight.errors import SafelightError
from safelight.ports import Keyed
from safelight.status import State
from safelight.versions import Version

NUMBERS = range(1, 5)
SMALL = st.integers(-1, 2)
NUMBER = st.sampled_from(NUMBERS)
KEYS = ("a", "b")
KEY = st.one_of(st.none(), st.tuples(st.sampled_from(KEYS), st.integers(-20, 50)))
RECORD = st.one_of(
    st.tuples(st.sampled_from(["status", "rich"]), st.sampled_from([0, 0, 0, 0, 0, 1, -1])),
    st.tuples(st.just("end"), st.integers(0, 30)),
    st.tuples(st.sampled_from(["attempt", "accepted", "outcome", "late"]), st.integers(1, 3)),
)
OPERATION = st.one_of(
    st.tuples(st.just("create"), NUMBER, st.lists(RECORD, max_size=2), KEY),
    st.tuples(st.just("append"), NUMBER, st.sampled_from([0, 0, 0, 0, 1, -1]), st.lists(RECORD, max_size=3), st.booleans()),
    st.tuples(st.just("claim"), NUMBER),
    st.tuples(st.just("purge"), st.integers(0, 30), st.integers(-1, 3)),
    st.tuples(st.just("forget"), NUMBER),
    st.tuples(st.just("sweep"), st.lists(NUMBER, max_size=2)),
    st.tuples(st.just("expire"), st.integers(-50, 50), st.integers(-1, 3)),
    st.tuples(st.just("expire_keys"), st.integers(-1, 3)),
)
STEP = st.one_of(
    st.tuples(st.just("batch"), st.lists(OPERATION, min_size=1, max_size=8)),
    st.tuples(st.just("clock"), st.integers(-50, 50)),
    st.tuples(st.just("reopen")),
)


async def told_by(call):
    """What a call returns, or the kind of its refusal."""
    try:
        told = await call
    except SafelightError as error:
        return type(error)
    return sorted(told) if isinstance(told, list) else told


class Pair:
    """Both engines on one clock, and the calls that make sense next."""

    def __init__(self, words, folder):
        self.words, self.clock = words, words.clock()
        self.model = MemoryJournal(self.clock)
        self.disk = SqliteJournal(folder, self.clock, min_free_bytes=0)

    async def head(self, number):
        life = self.model._lives.get(self.words.id(number))
        return (life.head.epoch, life.head.seq) if life else (self.words.epoch, 0)

    def records(self, number, epoch, seq, wanted):
        for kind, detail in wanted:
            if kind in {"attempt", "accepted", "outcome", "late"}:
                yield getattr(self.words, kind)(detail)
                continue
            seq += 1
            if kind == "end":
                yield self.words.end(seq, number, epoch, seconds=detail)
            elif kind == "rich":
                yield self.words.rich(seq + detail, number)
            else:
                yield self.words.status(seq + detail, number, epoch)

    def keyed(self, number, key, seconds):
        until = self.words.noon + timedelta(seconds=seconds)
        facts = {"owner": "anonymous", "fingerprint": "f", "provider": "sketch"}
        return Keyed(key=key, generation=self.words.id(number), until=until, **facts)

    async def call(self, operation):
        """Return the operation as a function of a journal."""
        match operation:
            case "create", number, wanted, key:
                records = [self.words.status(1, number), *self.records(number, self.words.epoch, 1, wanted)]
                keyed = self.keyed(number, *key) if key else None
                return lambda journal: journal.create(self.words.generation(number), *records, keyed=keyed)
            case "append", number, offset, wanted, durable:
                epoch, seq = await self.head(number)
                records = list(self.records(number, epoch + offset, seq, wanted))
                return lambda journal: journal.append(self.words.id(number), epoch + offset, *records, durable=durable)
            case "claim", number:
                return lambda journal: journal.claim(self.words.id(number), "me")
            case "purge", seconds, limit:
                return lambda journal: journal.purge(self.words.noon + timedelta(seconds=seconds), limit)
            case _:
                return self.clearing(operation)

    def clearing(self, operation):
        match operation:
            case "forget", number:
                return lambda journal: journal.forget(self.words.id(number))
            case "sweep", numbers:
                return lambda journal: journal.sweep(*map(self.words.id, numbers))
            case "expire", seconds, limit:
                return lambda journal: journal.expire(self.words.noon + timedelta(seconds=seconds), limit)
            case "expire_keys", limit:
                return lambda journal: journal.expire_keys(limit)

    async def batch(self, operations):
        """Do them one after the other in memory, and all at once on disk, where they queue up in the same order."""
        calls, expected = [], []
        for operation in operations:
            calls.append(await self.call(operation))
            expected.append(await told_by(calls[-1](self.model)))
        assert await asyncio.gather(*(told_by(call(self.disk)) for call in calls)) == expected

    async def compare(self):
        for number in NUMBERS:
            generation_id = self.words.id(number)
            assert await self.disk.find(generation_id) == await self.model.find(generation_id)
            assert await self.disk.story(generation_id) == await self.model.story(generation_id)
            for after in (None, Version(self.words.epoch, 2), Version(self.words.epoch + 1, 0), Version(0, 9)):
                for limit in (2, 100):
                    page = await self.model.read(generation_id, after, limit)
                    assert await self.disk.read(generation_id, after, limit) == page
            assert await self.disk.tombstone(generation_id) == await self.model.tombstone(generation_id)
        for key in KEYS:
            assert await self.disk.keyed("anonymous", key) == await self.model.keyed("anonymous", key)
        assert await self.disk.unfinished() == await self.model.unfinished()
        for states in (State, {State.PROCESSING}, {State.SUCCEEDED, State.FAILED}):
            page = await self.model.listing("anonymous", states=states, limit=3)
            assert await self.disk.listing("anonymous", states=states, limit=3) == page
        for limit in (-1, 2, 100):
            assert await self.disk.unswept(limit) == await self.model.unswept(limit)

    async def run(self, steps):
        await self.model.__aenter__()
        await self.disk.__aenter__()
        try:
            for step in steps:
                match step:
                    case "batch", operations:
                        await self.batch(operations)
                    case "clock", seconds:
                        self.clock.move(seconds)
                    case ("reopen",):
                        await self.disk.__aexit__(None, None, None)
                        await self.disk.__aenter__()
                await self.compare()
        finally:
            await self.disk.__aexit__(None, None, None)


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return tmp_path_factory.mktemp("model")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=8))
def test_disk_and_memory_tell_the_same(words, parent, steps):
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        asyncio.run(Pair(words, Path(folder)).run(steps))
