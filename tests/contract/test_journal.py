"""Every sentence of the journal's port, on every engine."""

import asyncio
from datetime import timedelta

import pytest

from safelight.errors import Conflict, JournalFenced, NotFound
from safelight.ports import Unfinished
from safelight.status import State
from safelight.versions import Version


async def versions(journal, generation_id, **which):
    return [str(status.version) for status in await journal.read(generation_id, **which)]


async def begin(journal, words, number=1, *more):
    generation = words.generation(number)
    await journal.create(generation, words.status(1, number), *more)
    return generation.id


# create


async def test_created_generation_is_found_as_it_was_written(journal, words):
    generation = words.generation()
    await journal.create(generation, words.status(1), words.attempt())
    assert await journal.find(generation.id) == (generation, words.status(1).status)
    assert await journal.attempts(generation.id) == [words.attempt()]


async def test_everything_a_status_can_say_comes_back(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.rich(2), durable=False)
    assert await journal.read(generation_id) == [words.status(1).status, words.rich(2).status]


async def test_everything_an_attempt_can_say_comes_back(journal, words):
    generation_id = await begin(journal, words, 1, words.attempt())
    await journal.append(generation_id, words.epoch, words.accepted(), durable=True)
    await journal.append(generation_id, words.epoch, words.late(), words.outcome(), words.attempt(2), durable=True)
    assert await journal.attempts(generation_id) == [words.attempt(), words.accepted(), words.outcome(), words.attempt(2)]


async def test_creating_an_id_that_exists_is_a_conflict_and_changes_nothing(journal, words):
    generation_id = await begin(journal, words)
    with pytest.raises(Conflict):
        await journal.create(words.generation(1, prompt="another"), words.status(1), words.attempt())
    assert await journal.find(generation_id) == (words.generation(), words.status(1).status)
    assert await journal.attempts(generation_id) == []


async def test_creating_an_id_that_ended_is_a_conflict_and_changes_nothing(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.end(2), durable=True)
    with pytest.raises(Conflict):
        await journal.create(words.generation(), words.status(1), words.attempt())
    assert await versions(journal, generation_id) == [f"{words.epoch}-1", f"{words.epoch}-2"]
    assert await journal.attempts(generation_id) == []


@pytest.mark.parametrize("first", [(), (2,), (1, 3), (1, 1)], ids=str)
async def test_a_generation_that_does_not_begin_at_seq_one_is_refused_whole(journal, words, first):
    with pytest.raises(Conflict):
        await journal.create(words.generation(), words.attempt(), *(words.status(seq) for seq in first))
    assert await journal.find(words.id(1)) is None
    assert await journal.attempts(words.id(1)) == []


async def test_a_generation_may_be_created_ended(journal, words):
    await journal.create(words.generation(), words.end(1))
    assert await journal.unfinished() == []
    assert await journal.purge(words.noon + timedelta(hours=1)) == [words.id(1)]


# append


async def test_statuses_are_appended_in_order_under_the_first_claim(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.status(2), words.status(3), durable=False)
    await journal.append(generation_id, words.epoch, words.status(4), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-{seq}" for seq in (1, 2, 3, 4)]


@pytest.mark.parametrize("offset", [-1, 1, 2**70])
async def test_any_epoch_but_the_newest_is_fenced(journal, words, offset):
    generation_id = await begin(journal, words)
    epoch = words.epoch + offset
    with pytest.raises(JournalFenced):
        await journal.append(generation_id, epoch, words.status(2, epoch=epoch), words.attempt(), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1"]
    assert await journal.attempts(generation_id) == []


async def test_attempts_too_are_fenced(journal, words):
    generation_id = await begin(journal, words)
    with pytest.raises(JournalFenced):
        await journal.append(generation_id, words.epoch - 1, words.attempt(), durable=True)
    assert await journal.attempts(generation_id) == []


@pytest.mark.parametrize("seq", [0, 1, 3, 2**70])
async def test_a_status_out_of_sequence_is_a_conflict_and_nothing_beside_it_is_written(journal, words, seq):
    generation_id = await begin(journal, words)
    with pytest.raises(Conflict):
        await journal.append(generation_id, words.epoch, words.attempt(), words.status(seq), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1"]
    assert await journal.attempts(generation_id) == []
    await journal.append(generation_id, words.epoch, words.status(2), durable=True)


async def test_a_status_that_carries_another_epoch_than_the_call_is_a_conflict(journal, words):
    generation_id = await begin(journal, words)
    with pytest.raises(Conflict):
        await journal.append(generation_id, words.epoch, words.status(2, epoch=words.epoch + 1), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1"]


async def test_a_gap_inside_one_call_refuses_all_of_it(journal, words):
    generation_id = await begin(journal, words)
    with pytest.raises(Conflict):
        await journal.append(generation_id, words.epoch, words.status(2), words.status(4), durable=False)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1"]


async def test_appending_to_nothing_is_not_found(journal, words):
    with pytest.raises(NotFound):
        await journal.append(words.id(1), words.epoch, words.status(1), durable=True)
    assert await journal.find(words.id(1)) is None


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED])
async def test_no_status_follows_the_end(journal, words, state):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.end(2, state=state), durable=True)
    with pytest.raises(Conflict):
        await journal.append(generation_id, words.epoch, words.late(), words.status(3), durable=True)
    with pytest.raises(Conflict):
        await journal.append(generation_id, words.epoch, words.end(3), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1", f"{words.epoch}-2"]


async def test_no_status_follows_the_end_inside_one_call_either(journal, words):
    generation_id = await begin(journal, words)
    with pytest.raises(Conflict):
        await journal.append(generation_id, words.epoch, words.end(2), words.status(3), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1"]


async def test_late_and_attempt_records_follow_the_end(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.end(2), words.outcome(1), durable=True)
    await journal.append(generation_id, words.epoch, words.late(), words.outcome(2), durable=True)
    assert await journal.attempts(generation_id) == [words.outcome(1), words.outcome(2)]
    assert (await journal.find(generation_id))[1].is_terminal


async def test_an_append_of_nothing_still_asks_for_the_newest_claim(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, durable=True)
    with pytest.raises(JournalFenced):
        await journal.append(generation_id, words.epoch - 1, durable=True)


# claim


async def test_a_claim_fences_the_claim_before_it(journal, words, clock):
    generation_id = await begin(journal, words)
    clock.move(100)
    epoch = await journal.claim(generation_id, "another")
    assert epoch == words.epoch + 100
    with pytest.raises(JournalFenced):
        await journal.append(generation_id, words.epoch, words.status(2), durable=True)
    await journal.append(generation_id, epoch, words.status(2, epoch=epoch), durable=True)
    assert await versions(journal, generation_id) == [f"{words.epoch}-1", f"{epoch}-2"]


async def test_claims_rise_even_when_the_clock_goes_back(journal, words, clock):
    generation_id = await begin(journal, words)
    clock.move(-1000)
    assert [await journal.claim(generation_id, "me") for _ in range(3)] == [words.epoch + n for n in (1, 2, 3)]


async def test_claims_at_once_all_get_epochs_of_their_own_and_the_highest_counts(journal, words):
    generation_id = await begin(journal, words)
    epochs = await asyncio.gather(*(journal.claim(generation_id, str(n)) for n in range(50)))
    assert sorted(epochs) == [words.epoch + n for n in range(1, 51)]
    for epoch in sorted(epochs)[:-1]:
        with pytest.raises(JournalFenced):
            await journal.append(generation_id, epoch, words.attempt(), durable=True)
    await journal.append(generation_id, max(epochs), words.status(2, epoch=max(epochs)), durable=True)


async def test_claiming_nothing_is_not_found(journal, words):
    with pytest.raises(NotFound):
        await journal.claim(words.id(1), "me")


async def test_an_ended_generation_can_be_claimed_and_stays_ended(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.end(2), durable=True)
    epoch = await journal.claim(generation_id, "me")
    with pytest.raises(JournalFenced):
        await journal.append(generation_id, words.epoch, words.late(), durable=True)
    for seq in (2, 3):
        with pytest.raises(Conflict, match="has ended"):
            await journal.append(generation_id, epoch, words.status(seq, epoch=epoch), durable=True)
    await journal.append(generation_id, epoch, words.outcome(), durable=True)
    assert await journal.unfinished() == []


# read


async def test_reading_goes_in_pages_from_the_first_to_the_last(journal, words):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, *(words.status(seq) for seq in range(2, 251)), durable=False)
    pages = [await journal.read(generation_id)]
    for _ in range(3):
        pages.append(await journal.read(generation_id, pages[-1][-1].version if pages[-1] else None))
    assert [len(page) for page in pages] == [100, 100, 50, 0]
    assert [status.version.seq for page in pages for status in page] == list(range(1, 251))


async def test_a_cursor_is_compared_by_epoch_first(journal, words, clock):
    generation_id = await begin(journal, words)
    await journal.append(generation_id, words.epoch, words.status(2), durable=False)
    clock.move(5)
    epoch = await journal.claim(generation_id, "me")
    await journal.append(generation_id, epoch, words.status(3, epoch=epoch), durable=False)
    assert await versions(journal, generation_id, after=Version(words.epoch, 1)) == [f"{words.epoch}-2", f"{epoch}-3"]
    assert await versions(journal, generation_id, after=Version(words.epoch, 900)) == [f"{epoch}-3"]
    assert await versions(journal, generation_id, after=Version(epoch, 0)) == [f"{epoch}-3"]
    assert await versions(journal, generation_id, after=Version(epoch, 3)) == []
    assert await versions(journal, generation_id, after=Version(0, 0), limit=1) == [f"{words.epoch}-1"]


async def test_a_cursor_as_large_as_the_wire_allows_reads_as_empty(journal, words):
    generation_id = await begin(journal, words)
    assert await journal.read(generation_id, Version.parse("9" * 20 + "-" + "9" * 20)) == []


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_of_nothing_reads_and_purges_nothing(journal, words, limit):
    await journal.create(words.generation(), words.end(1))
    assert await journal.read(words.id(1), limit=limit) == []
    assert await journal.purge(words.noon + timedelta(days=1), limit=limit) == []


async def test_what_is_unknown_reads_as_empty(journal, words):
    await begin(journal, words, 1, words.attempt())
    assert await journal.read(words.id(2)) == []
    assert await journal.attempts(words.id(2)) == []
    assert await journal.find(words.id(2)) is None


async def test_each_write_is_seen_by_the_reads_after_it(journal, words):
    generation_id = await begin(journal, words)
    for seq in range(2, 60):
        await journal.append(generation_id, words.epoch, words.status(seq), words.attempt(seq), durable=False)
        found, page, attempts = await asyncio.gather(
            journal.find(generation_id),
            journal.read(generation_id, Version(words.epoch, seq - 1)),
            journal.attempts(generation_id),
        )
        assert found[1] == page[0] == words.status(seq).status
        assert attempts[-1].n == seq


async def test_what_is_read_may_be_changed_by_its_reader(journal, words):
    generation_id = await begin(journal, words, 1, words.attempt())
    (await journal.read(generation_id)).clear()
    (await journal.attempts(generation_id)).clear()
    assert len(await journal.read(generation_id)) == len(await journal.attempts(generation_id)) == 1


# unfinished


async def test_unfinished_generations_come_oldest_first_with_newest_status_and_all_attempts(journal, words):
    for number in (1, 2, 3, 4):
        await begin(journal, words, number, words.attempt())
    await journal.append(words.id(1), words.epoch, words.status(2, 1), words.accepted(), words.late(), durable=True)
    await journal.append(words.id(3), words.epoch, words.end(2, 3), durable=True)
    await journal.append(words.id(1), words.epoch, words.outcome(), words.attempt(2), durable=True)
    assert await journal.unfinished() == [
        Unfinished(
            generation=words.generation(1),
            status=words.status(2, 1).status,
            attempts=(words.attempt(), words.accepted(), words.outcome(), words.attempt(2)),
        ),
        Unfinished(generation=words.generation(2), status=words.status(1, 2).status, attempts=(words.attempt(),)),
        Unfinished(generation=words.generation(4), status=words.status(1, 4).status, attempts=(words.attempt(),)),
    ]


# purge


async def test_purge_takes_those_that_ended_before_the_moment_and_leaves_the_rest(journal, words):
    for number, seconds in ((1, 10.0), (2, 20.0), (3, 20.000001), (4, 30.0)):
        await begin(journal, words, number, words.attempt())
        await journal.append(words.id(number), words.epoch, words.end(2, number, seconds=seconds), words.late(), durable=True)
    await begin(journal, words, 5)
    assert await journal.purge(words.noon + timedelta(seconds=20)) == [words.id(1)]
    assert await versions(journal, words.id(2)) == [f"{words.epoch}-1", f"{words.epoch}-2"]
    assert await journal.attempts(words.id(2)) == [words.attempt()]
    assert await journal.purge(words.noon + timedelta(seconds=20, microseconds=2)) == [words.id(2), words.id(3)]
    for number in (1, 2, 3):
        assert await journal.find(words.id(number)) is None
        assert await journal.read(words.id(number)) == []
        assert await journal.attempts(words.id(number)) == []
    assert await versions(journal, words.id(4)) == [f"{words.epoch}-1", f"{words.epoch}-2"]
    assert [one.generation.id for one in await journal.unfinished()] == [words.id(5)]


async def test_purge_never_takes_a_running_generation_however_old(journal, words):
    await begin(journal, words)
    assert await journal.purge(words.noon + timedelta(days=36500)) == []
    await journal.append(words.id(1), words.epoch, words.status(2), durable=True)


async def test_purge_takes_the_earliest_and_no_more_than_its_limit(journal, words):
    for number in range(1, 8):
        await journal.create(words.generation(number), words.end(1, number, seconds=100.0 - number))
    later = words.noon + timedelta(days=1)
    assert sorted(await journal.purge(later, limit=3)) == [words.id(5), words.id(6), words.id(7)]
    assert sorted(await journal.purge(later)) == [words.id(number) for number in (1, 2, 3, 4)]
    assert await journal.purge(later) == []


async def test_what_was_purged_is_unknown_to_every_call(journal, words):
    await journal.create(words.generation(), words.end(1))
    await journal.purge(words.noon + timedelta(days=1))
    with pytest.raises(NotFound):
        await journal.append(words.id(1), words.epoch, words.late(), durable=True)
    with pytest.raises(NotFound):
        await journal.claim(words.id(1), "me")
    await begin(journal, words, 1)
    assert await versions(journal, words.id(1)) == [f"{words.epoch}-1"]


async def test_an_end_a_purge_and_what_comes_after_may_all_wait_together(journal, words):
    await begin(journal, words)
    told = await asyncio.gather(
        journal.append(words.id(1), words.epoch, words.end(2), durable=False),
        journal.purge(words.noon + timedelta(days=1)),
        journal.append(words.id(1), words.epoch, words.late(), durable=False),
        journal.create(words.generation(), words.status(1), words.attempt(9)),
        return_exceptions=True,
    )
    assert told[:2] == [None, [words.id(1)]]
    assert isinstance(told[2], NotFound)
    assert told[3] is None
    assert await versions(journal, words.id(1)) == [f"{words.epoch}-1"]
    assert await journal.attempts(words.id(1)) == [words.attempt(9)]


async def test_an_end_that_does_not_say_when_is_now(journal, words, clock):
    clock.move(50)
    await journal.create(words.generation(), words.end(1, seconds=None))
    assert await journal.unfinished() == []
    assert await journal.purge(words.noon + timedelta(seconds=50)) == []
    assert await journal.purge(words.noon + timedelta(seconds=51)) == [words.id(1)]
