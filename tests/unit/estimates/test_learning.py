"""What is learned of runs, by their kinds; what outlives the process; what is said of one on its way."""

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from safelight.engines.memory import MemoryJournal
from safelight.errors import JournalFull
from safelight.estimates import Estimates, Kind, Timing, open_estimates
from safelight.estimates.learning import MOST_KINDS
from safelight.ports import SystemClock
from safelight.status import Eta, Outcome, Phase, State, Status
from safelight.versions import Version

BOX = Kind("box", "m", 0, 20)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def status(phase=Phase.RUNNING, **facts):
    state = State.STARTED if phase in {Phase.WAITING, Phase.QUEUED} else State.PROCESSING
    return Status(
        **{
            "generation": "0" * 32,
            "provider": "box",
            "version": Version(1, 1),
            "state": state,
            "phase": phase,
            "created_at": NOON,
            **facts,
        }
    )


ENDED = status(Phase.FINISHED, state=State.SUCCEEDED, outcome=Outcome.SUCCEEDED, ended_at=NOON)


def taught(*seconds, what="work", kind=BOX):
    estimates = Estimates()
    for took in seconds:
        estimates.learn(what, kind, took)
    return estimates


def test_a_kind_nobody_has_run_yet_is_judged_by_its_model_and_then_by_its_provider():
    estimates = taught(5.0, 5.0, 5.0)
    for kind in (BOX, Kind("box", "m", 3, 50), Kind("box", "another")):
        assert estimates.history("work", kind).is_known
    assert not estimates.history("work", Kind("barn")).is_known
    assert not estimates.history("whole", BOX).is_known


def test_two_runs_of_a_kind_are_fewer_than_enough_even_if_the_model_has_many():
    estimates = taught(5.0, 5.0, 5.0)
    estimates.learn("work", Kind("box", "m", 9), 50.0)
    assert len(estimates.history("work", Kind("box", "m", 9)).seconds) == 4


async def test_what_was_learned_outlives_the_process():
    async with MemoryJournal(SystemClock()) as journal:
        async with open_estimates(journal) as estimates:
            for _ in range(3):
                estimates.learn("work", BOX, 5.0)
        async with open_estimates(journal) as again:
            assert again.history("work", BOX).seconds == [5.0] * 3


@pytest.mark.looptime
async def test_it_is_written_now_and_then_and_not_with_every_run():
    async with MemoryJournal(SystemClock()) as journal, open_estimates(journal) as estimates:
        estimates.learn("work", BOX, 5.0)
        assert await journal.remembered("") == {}
        await asyncio.sleep(6)
        assert len(await journal.remembered("eta|")) == 3


async def test_kinds_beyond_the_most_are_forgotten_the_one_not_learned_of_for_longest_first():
    async with MemoryJournal(SystemClock()) as journal:
        estimates = Estimates()
        for number in range(MOST_KINDS + 10):
            estimates.learn("work", Kind(f"box-{number}"), 1.0)
        await estimates.save(journal)
        kept = await journal.remembered("eta|")
        assert len(kept) == MOST_KINDS
        assert "eta|work|box-0" not in kept
        for _ in range(3):
            estimates.learn("work", Kind(f"box-{MOST_KINDS}"), 1.0)
        assert estimates.history("work", Kind(f"box-{MOST_KINDS}")).is_known


async def test_a_journal_that_takes_nothing_loses_nothing_of_what_was_learned():
    class Full(MemoryJournal):
        is_full = True

        async def remember(self, name, fact):
            if self.is_full:
                raise JournalFull("No room.")
            await super().remember(name, fact)

    async with Full(SystemClock()) as journal:
        estimates = taught(1.0)
        with pytest.raises(JournalFull):
            await estimates.save(journal)
        journal.is_full = False
        await estimates.save(journal)
        assert len(await journal.remembered("eta|")) == 3


@pytest.mark.parametrize("fact", [b"not json", b"[]", b"[2]", b'{"a": 1}', b"[0.9, -1]"])
async def test_what_cannot_be_read_is_named_and_left_alone(fact):
    async with MemoryJournal(SystemClock()) as journal:
        await journal.remember("eta|work|box", fact)
        with capture_logs() as lines:
            async with open_estimates(journal) as estimates:
                assert not estimates.history("work", Kind("box")).is_known
        assert [line["event"] for line in lines] == ["estimate_unreadable"]


def nobody():
    return None


@pytest.mark.looptime
async def test_a_run_is_timed_from_its_acceptance_and_from_its_first_work():
    estimates = Estimates()
    timing = Timing(estimates, BOX, nobody)
    timing.accepted()
    timing.eta(status(Phase.WAITING))
    await asyncio.sleep(30)
    timing.eta(status())
    await asyncio.sleep(5)
    timing.ended(ENDED)
    assert estimates.of_provider("whole", "box").seconds == [35.0]
    assert estimates.of_provider("work", "box").seconds == [5.0]


@pytest.mark.looptime
@pytest.mark.parametrize(
    "ending",
    [
        status(Phase.FINISHED, state=State.FAILED, outcome=Outcome.FAILED, error="No.", ended_at=NOON),
        status(Phase.FINISHED, state=State.FAILED, outcome=Outcome.CANCELED, error="Canceled", ended_at=NOON),
    ],
)
async def test_nothing_is_learned_of_a_run_that_did_not_succeed(ending):
    estimates = Estimates()
    timing = Timing(estimates, BOX, nobody)
    timing.accepted()
    timing.ended(ending)
    assert estimates.of_provider("whole", "box").seconds == []


@pytest.mark.looptime
async def test_nothing_is_said_or_learned_of_a_run_that_was_held_still():
    estimates = taught(10.0, 10.0, 10.0)
    timing = Timing(estimates, BOX, nobody)
    timing.accepted()
    assert timing.eta(status()).p50 == 10.0
    assert timing.eta(status(Phase.PAUSED)) is None
    assert timing.eta(status()) is None
    timing.ended(ENDED)
    assert len(estimates.of_provider("work", "box").seconds) == 3


@pytest.mark.looptime
async def test_nothing_is_said_or_learned_of_a_run_whose_beginning_another_process_saw():
    estimates = taught(60.0, 60.0, 60.0)
    timing = Timing(estimates, BOX, nobody)
    assert timing.eta(status(progress=80)) is None
    await asyncio.sleep(1)
    assert timing.eta(status(progress=82)) is None
    timing.ended(ENDED)
    assert len(estimates.of_provider("work", "box").seconds) == 3


@pytest.mark.looptime
async def test_work_that_begins_after_another_process_has_handed_it_in_is_timed_from_then():
    timing = Timing(taught(60.0, 60.0, 60.0), BOX, nobody)
    timing.eta(status(Phase.WAITING))
    await asyncio.sleep(30)
    assert timing.eta(status()).p50 == 60.0


@pytest.mark.looptime
async def test_the_providers_own_word_stands():
    timing = Timing(taught(10.0, 10.0, 10.0), BOX, nobody)
    timing.accepted()
    said = Eta(p50=3.0)
    assert timing.eta(status(eta=said)) is said


@pytest.mark.looptime
async def test_what_is_said_shrinks_as_time_goes_by_and_is_not_said_for_ever():
    timing = Timing(taught(10.0, 10.0, 12.0), BOX, nobody)
    timing.accepted()
    assert timing.eta(status()).p50 == 10.0
    await asyncio.sleep(4)
    assert timing.eta(status()).p50 == 6.0
    await asyncio.sleep(20)
    assert timing.eta(status()) is None
