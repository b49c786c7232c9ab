"""
Every generation ends: a property, held by thousands of scripts of the simulator on a clock of its own.

Whatever a provider and the store do, and whenever somebody cancels, pauses or goes on, a generation ends by its `deadlineAt`,
once; nothing goes back on the way, nobody who asked is left without an answer, and no task stays behind.
"""

import asyncio
import contextlib
from collections import Counter

import attrs
import looptime
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.boundary import STOP_SECONDS
from safelight.breaker import Breaker
from safelight.errors import NotPausable, OutputRefused, OutputUnreachable, StorageFull
from safelight.providers import CancelKind, Charged, Durability, Job, NotSent, OutcomeUnknown, Request, Resources, Started
from safelight.records import Step
from safelight.runner import Attempts, Runner, endings
from safelight.status import Phase, State
from safelight_simulator.acts import CODES, Act
from safelight_simulator.books import Books
from safelight_simulator.ledger import Entry
from safelight_simulator.local import Simulator
from safelight_simulator.options import SAYINGS, Options, RemoteOptions
from safelight_simulator.params import Params
from safelight_simulator.remote import RemoteSimulator
from safelight_simulator.scenarios import SCENARIOS
from safelight_simulator.settings import LocalSettings, RemoteSettings

POLICY = {
    "submit_seconds": 30.0,
    "stall_seconds": 20.0,
    "queue_seconds": 60.0,
    "total_seconds": 120.0,
    "cancel_seconds": 10.0,
    "max_pause_seconds": 50.0,
}
ID = "0" * 32
ANSWER_SECONDS = 2 * (POLICY["cancel_seconds"] + STOP_SECONDS)
"""Who wants something is answered within two calls of the upstream: one that is under way, and their own."""
LONG_AFTER = 2000.0
"""Virtual seconds in which the most stubborn script comes to its own end."""

seconds = st.sampled_from([0.0, 0.01, 0.5, 3.0, 9.0, 19.0, 25.0, 70.0, 200.0])
charged = st.sampled_from([None, "no", "yes", "unknown"])
times = st.sampled_from([None, 1, 2])


def act(do, **fields):
    return st.builds(Act, do=st.just(do), **fields)


ACTS = st.one_of(
    act("wait", seconds=seconds),
    act("queued", position=st.sampled_from([None, 0, 7])),
    act("started"),
    act("progress", fraction=st.sampled_from([None, 0.0, 0.3, 0.7, 1.0]), step=st.just(3), steps=st.just(8)),
    act("eta", seconds=seconds),
    act("preview", data=st.just("a look")),
    act("output", data=st.just("a picture")),
    act("note"),
    act("log"),
    act("unknown"),
    act("garbage"),
    act("repeat", times=times),
    act("stall"),
    act("deaf", seconds=st.sampled_from([1.0, 15.0, 60.0])),
    act("hangup", times=times),
    act("succeed", charged=charged),
    act("fail", code=st.sampled_from(CODES), retryable=st.booleans(), charged=charged),
    act("canceled", charged=charged),
    act(
        "raise",
        error=st.sampled_from(
            ["NotSent", "ProviderUnavailable", "ProviderRateLimited", "Rejected", "ProviderTimeout", "RuntimeError"]
        ),
        seconds=st.sampled_from([None, 0.0, 5.0, 86_400.0]),
        charged=charged,
        times=times,
    ),
    *(act(do, times=times) for do in ("system_exit", "keyboard_interrupt", "cancel_self", "forge_cancel", "spawn_crash")),
)


def speakable(acts):
    """Leave out repetitions of nothing."""
    kept, said = [], False
    for one in acts:
        said = said or one.do in SAYINGS
        if one.do != "repeat" or said:
            kept.append(one)
    return tuple(kept)


SCRIPTS = st.lists(ACTS, max_size=9).map(speakable)
HANDED_IN = {
    "jitter": st.sampled_from([0.0, 0.5]),
    "submit": st.sampled_from(
        [None, None, "accepted", "not_sent", "rejected", "rate_limited", "unknown", "unknown_but_running", "crash", "hang"]
    ),
    "submit_seconds": st.sampled_from([0.0, 0.0, 2.0, 29.0, 31.0, 500.0]),
    "submit_times": times,
    "charge": st.sampled_from(["accept", "success", "never"]),
}
PLAYED = ({"script": SCRIPTS}, {"script": SCRIPTS}, {"scenario": st.sampled_from(list(SCENARIOS)), "seconds": seconds})


def options(kind, **more):
    return st.one_of(*(st.builds(kind, **HANDED_IN, **played, **more) for played in PLAYED))


LOCAL = st.tuples(
    st.builds(
        LocalSettings,
        durability=st.sampled_from([Durability.PROCESS, Durability.CONNECTION]),
        cancel=st.sampled_from(CancelKind),
        hazards=st.just(True),
    ),
    options(Options),
    st.none(),
)
REMOTE = st.tuples(
    st.builds(
        RemoteSettings,
        cancel=st.sampled_from(CancelKind),
        push=st.sampled_from(["watch", "poll", "both"]),
        poll_seconds=st.sampled_from([0.05, 1.0, 30.0]),
        hazards=st.just(True),
    ),
    options(
        RemoteOptions,
        cancel=st.sampled_from([None, "confirmed", "requested", "too_late", "unsupported", "error", "hang"]),
        cancel_seconds=st.sampled_from([0.0, 1.0, 9.5, 60.0]),
    ),
    st.sampled_from([None, "honest", "refused", "lost", "hang"]),
)
MOMENTS = st.sampled_from([0.0, 0.001, 0.4, 1.0, 2.5, 8.0, 20.0, 31.0, 55.0, 119.9])
WISHES = st.lists(st.tuples(MOMENTS, st.sampled_from(["cancel", "pause", "resume"])), max_size=4)


PASSING = [OutputUnreachable("The store answered 503."), StorageFull("No room.")]
TROUBLES = st.one_of(
    st.lists(st.sampled_from([None, OutputRefused("Too large."), *PASSING]), max_size=3),
    st.sampled_from(PASSING).map(lambda trouble: [trouble] * 1000),  # for longer than any deadline
)
"""What the next outputs and previews meet in the store."""


@attrs.define
class MemoryBooks:
    """What the upstreams of one test have written down."""

    entries: list = attrs.field(factory=list)
    strikes: Counter = attrs.field(factory=Counter)


@pytest.fixture
def books(monkeypatch):
    """The simulator's ledger in memory, and no painting: neither a disk nor a thread has a place on a virtual clock."""
    kept = MemoryBooks()

    async def note(self, event, job, *, key="", charged=False, **facts):
        kept.entries.append(Entry(event=event, at=self._clock.now(), job=job, key=key, charged=charged, facts=facts))
        return kept.entries[-1]

    async def strikes(self, whose, fault, most):
        kept.strikes[whose, fault] += 1
        return most is None or kept.strikes[whose, fault] <= most

    async def picture(*facts, **more):
        return b"a picture"

    monkeypatch.setattr("safelight_simulator.stage.picture", picture)
    monkeypatch.setattr(Books, "note", note)
    monkeypatch.setattr(Books, "strikes", strikes)
    return kept


def findable(mood, books):
    """A class of upstreams that can say, or should, what became of a submission."""

    class Findable(RemoteSimulator):
        async def find(self, key):
            if mood == "hang":
                await asyncio.Event().wait()
            if mood != "honest":
                raise {"refused": NotSent, "lost": OutcomeUnknown}[mood]("Nobody answers.")
            return next((Job(entry.job) for entry in books.entries if entry.key == key), None)

    return Findable


@attrs.define
class Story:
    """One generation, everything that is to happen to it, and what came of it."""

    world: object
    books: MemoryBooks
    spawned: list = attrs.field(factory=list)
    troubles: list = attrs.field(factory=list)

    def candidate(self, name, part):
        options_of, options, mood = part
        kind = Simulator if isinstance(options_of, LocalSettings) else RemoteSimulator
        kind = findable(mood, self.books) if mood else kind
        resources = Resources(instance=name, session=object(), clock=self.world.clock, spawn=self.spawn, folder=None)
        made = self.world.candidate(name, kind(options_of, resources))
        return attrs.evolve(made, request=Request(prompt="A lamp.", params=Params(), options=options))

    def spawn(self, work, *, name):
        self.spawned.append(asyncio.create_task(self._contained(work), name=name))

    async def _contained(self, work):
        with contextlib.suppress(RuntimeError):
            await work

    async def tell(self, parts, wishes, attempts, *, is_unknown_retried, crowd):
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.troubles.append(context))
        await self._begin(parts, attempts, is_unknown_retried=is_unknown_retried, crowd=crowd)
        asked = [asyncio.create_task(self._wish(*wish)) for wish in wishes]
        await asyncio.sleep(LONG_AFTER)
        assert all(task.done() for task in (self.world.task, *asked))
        await asyncio.gather(*asked)
        for task in self.spawned:
            task.cancel()
        await asyncio.gather(*self.spawned, return_exceptions=True)
        return await self.world.end()

    async def _begin(self, parts, attempts, *, is_unknown_retried, crowd):
        world = self.world
        names = [f"lighthouse-{number}" if number else "lighthouse" for number in range(len(parts))]
        route = [self.candidate(*named) for named in zip(names, parts, strict=True)]
        route = [attrs.evolve(one, instance=attrs.evolve(one.instance, is_unknown_retried=is_unknown_retried)) for one in route]
        world.breakers = {name: Breaker(name, failures=5, seconds=30) for name in names}
        world.slots = {one.instance.name: world.make_slots(one.instance) for one in route}
        for name, seconds in zip(names, crowd, strict=False):
            self._crowd(world.slots[name], seconds)
        await world.journal.__aenter__()
        seat = world.slots[route[0].instance.name].take("anna")
        generation, first, intent = await world.create(route[0].instance.provider, attempts=attempts, place=seat.place, **POLICY)
        world.hub.subscribe(ID, world.reader).catch_up()
        world.runner = Runner(world.tools, generation, first, Attempts([intent]), route, epoch=1, seat=seat)
        world.task = asyncio.create_task(world.runner.run())

    @staticmethod
    def _crowd(slots, seconds):
        """Have somebody else sit in the one slot for so long; None: for ever."""
        slots.at_once = 1
        other = slots.take("somebody else")
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, other.leave)

    async def _wish(self, moment, what):
        await asyncio.sleep(moment)
        async with asyncio.timeout(ANSWER_SECONDS):
            with contextlib.suppress(NotPausable):
                if what == "cancel":
                    await self.world.runner.cancel()
                else:
                    await self.world.runner.hold(still=what == "pause")


def judge(story, end):
    """Make sure of everything that is promised to who waits."""
    world = story.world
    assert not story.troubles, story.troubles
    assert world.reader.seen[-1][0] <= POLICY["total_seconds"] + POLICY["cancel_seconds"], "later than deadlineAt"
    states = [status.state is State.PROCESSING for status in world.shown[:-1]]
    assert states == sorted(states), "a status went back"
    progress = [status.progress for status in world.shown if status.progress is not None]
    assert progress == sorted(progress), "progress fell"
    is_success = end.state is State.SUCCEEDED
    assert (end.phase, end.error is None, end.progress == 100) == (Phase.FINISHED, is_success, is_success)
    assert end.outputs or not is_success


async def judge_money(story, end, parts, *, is_unknown_retried):
    """Make sure of everything that is promised to who pays."""
    records = await story.world.journal.attempts(ID)
    outcomes = [record for record in records if record.step is Step.OUTCOME]
    assert [record.n for record in outcomes] == list(range(1, len(outcomes) + 1)), "one outcome for each attempt"
    assert {record.n for record in records} == {record.n for record in outcomes}
    if not is_unknown_retried:
        assert all(record.result != endings.UNKNOWN for record in outcomes[:-1]), "submitted again while nobody knew"
    is_silent = all(one.charged is None for _, options, _ in parts for one in options.script)
    if is_silent and any(entry.charged for entry in story.books.entries):
        assert end.charged is not Charged.NO, "somebody was charged"


@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(
    parts=st.lists(st.one_of(LOCAL, REMOTE), min_size=1, max_size=3),
    wishes=WISHES,
    attempts=st.integers(1, 3),
    is_unknown_retried=st.booleans(),
    troubles=TROUBLES,
    slowness=st.lists(st.sampled_from([0.0, 5.0, 300.0]), max_size=3),
    crowd=st.lists(st.sampled_from([0.0, 5.0, 300.0, None]), max_size=2),
)
def test_every_generation_ends_by_its_deadline_and_once(
    make_world, books, parts, wishes, attempts, is_unknown_retried, troubles, slowness, crowd
):
    books.entries.clear()
    books.strikes.clear()
    world = make_world()
    world.outputs.fails, world.outputs.seconds = list(troubles), list(slowness)
    story = Story(world, books)

    async def tell():
        end = await story.tell(parts, wishes, attempts, is_unknown_retried=is_unknown_retried, crowd=crowd)
        judge(story, end)
        await judge_money(story, end, parts, is_unknown_retried=is_unknown_retried)

    with contextlib.closing(looptime.new_event_loop()) as loop:
        loop.run_until_complete(tell())


@pytest.mark.looptime
async def test_a_run_that_overhears_its_cancel_and_talks_on_to_nobody_leaves_no_task(world):
    async def crash():
        raise RuntimeError("The helper has a bug.")

    async def generate(control):
        control.spawn(crash(), name="helper")
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        for _ in range(3):
            yield Started()

    await world.start(world.local(generate))
    await asyncio.sleep(60)
    assert (await world.end()).code == "provider_crashed"
