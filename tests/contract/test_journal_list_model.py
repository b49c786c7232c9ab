"""Whatever lives a journal has seen, a list of it is what a plain dictionary says, on every engine and in pages of any size."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.engines.memory import MemoryJournal
from safelight.engines.sqlite import SqliteJournal
from safelight.ports import EVERY_STATE
from safelight.status import State

OWNERS = ["anna", "ben"]
REFS = [None, "", "a", "b"]
STATES = st.one_of(st.just(EVERY_STATE), st.sets(st.sampled_from(State), min_size=1))
DEED = st.one_of(
    st.tuples(st.just("create"), st.sampled_from(OWNERS), st.sampled_from(REFS), st.integers(-2, 2), st.sampled_from(State)),
    st.tuples(st.just("move"), st.integers(0, 30), st.sampled_from(State)),
    st.tuples(st.just("forget"), st.integers(0, 30)),
)
WISH = st.tuples(st.sampled_from(OWNERS), STATES, st.sampled_from(REFS), st.integers(1, 4))


@attrs.define
class Told:
    """What the dictionary knows of a generation."""

    id: str
    owner: str
    ref: str | None
    at: int
    state: State
    seq: int = 1


class World:
    """A journal, and a dictionary that was told the same."""

    def __init__(self, words, journal):
        self.words, self.journal = words, journal
        self.told = {}
        self.made = 0

    def record(self, told):
        number = int(told.id, 16)
        if told.state in {State.SUCCEEDED, State.FAILED}:
            return self.words.end(told.seq, number, state=told.state)
        return self.words.status(told.seq, number, state=told.state)

    def chosen(self, which, *, is_ended):
        """One of those that have ended, or of those that have not."""
        fit = [told for told in self.told.values() if (told.state in {State.SUCCEEDED, State.FAILED}) is is_ended]
        return fit[which % len(fit)] if fit else None

    async def do(self, deed):
        match deed:
            case "create", owner, ref, at, state:
                self.made += 1
                number = self.made * 7919 % 1000  # ids rise and fall while time goes on
                told = Told(self.words.id(number), owner, ref, at, state)
                moment = self.words.noon + timedelta(microseconds=at)
                generation = attrs.evolve(self.words.generation(number), owner=owner, ref=ref, created_at=moment)
                await self.journal.create(generation, self.record(told))
                self.told[told.id] = told
            case "move", which, state:
                if told := self.chosen(which, is_ended=False):
                    told.state, told.seq = state, told.seq + 1
                    await self.journal.append(told.id, self.words.epoch, self.record(told), durable=False)
            case "forget", which:
                if told := self.chosen(which, is_ended=True):
                    await self.journal.forget(told.id)
                    del self.told[told.id]

    def expected(self, owner, states, ref):
        fit = [told for told in self.told.values() if told.owner == owner and told.state in states and ref in {None, told.ref}]
        return [told.id for told in sorted(fit, key=lambda told: (told.at, told.id), reverse=True)]

    async def walk(self, owner, states, ref, limit, deeds=()):
        """Follow the pages to the end; between two of them something is done."""
        seen, before, deeds = [], None, list(deeds)
        while True:
            page = await self.journal.listing(owner, states=states, ref=ref, before=before, limit=limit)
            assert len(page.statuses) <= limit
            assert len(seen) <= self.made, "it goes round in a circle"
            seen += [status.generation for status in page.statuses]
            if (before := page.next) is None:
                return seen
            assert len(page.statuses) == limit
            if deeds:
                await self.do(deeds.pop(0))

    async def all_lists(self, deeds, wishes):
        for deed in deeds:
            await self.do(deed)
        for owner, states, ref, limit in wishes:
            assert await self.walk(owner, states, ref, limit) == self.expected(owner, states, ref)

    async def moving_list(self, deeds, meanwhile, wish):
        for deed in deeds:
            await self.do(deed)
        owner, _, ref, limit = wish
        before = self.expected(owner, EVERY_STATE, ref)
        seen = await self.walk(owner, EVERY_STATE, ref, limit, meanwhile)
        after = set(self.expected(owner, EVERY_STATE, ref))
        assert len(seen) == len(set(seen)), "shown twice"
        assert [id_ for id_ in before if id_ in after] == [id_ for id_ in seen if id_ in before and id_ in after], "skipped"


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return tmp_path_factory.mktemp("lists")


@pytest.fixture(params=["memory", "sqlite"])
def run(request, words, parent):
    """Run one of a world's tests on a fresh journal of the engine."""

    async def inside(journal, what, *given):
        async with journal:
            await getattr(World(words, journal), what)(*given)

    def run(what, *given):
        if request.param == "memory":
            asyncio.run(_in_memory(what, *given))
            return
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            asyncio.run(inside(SqliteJournal(Path(folder), words.clock(), min_free_bytes=0), what, *given))

    async def _in_memory(what, *given):
        await inside(MemoryJournal(words.clock()), what, *given)

    return run


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, max_size=25), wishes=st.lists(WISH, min_size=1, max_size=6))
def test_every_list_is_what_a_dictionary_says(run, deeds, wishes):
    run("all_lists", deeds, wishes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, min_size=4, max_size=25), meanwhile=st.lists(DEED, max_size=12), wish=WISH)
def test_who_follows_a_list_that_moves_meets_everything_that_stays_exactly_once(run, deeds, meanwhile, wish):
    run("moving_list", deeds, meanwhile, wish)
