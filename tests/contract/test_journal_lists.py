"""Lists, forgetting and tombstones: every sentence of the journal's port about them, on every engine."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from safelight.errors import Conflict, Gone, JournalClosed, NotFound
from safelight.ports import Place, Tombstone
from safelight.status import State

LATER = timedelta(days=1)


async def begin(journal, words, number=1, *, end=None, **asked):
    """Create a generation, as asked; with `end`, one that ended so."""
    generation = attrs.evolve(words.generation(number), **asked)
    await journal.create(generation, words.end(1, number, state=end) if end else words.status(1, number))
    return generation.id


async def numbers(journal, owner="anonymous", **which):
    page = await journal.listing(owner, **which)
    return [int(status.generation, 16) for status in page.statuses]


# listing


async def test_a_list_begins_with_the_newest_created_and_shows_each_by_its_newest_status(journal, words):
    for number in (2, 3, 1):
        await begin(journal, words, number)
    await journal.append(words.id(1), words.epoch, words.rich(2, 1), durable=False)
    page = await journal.listing("anonymous")
    assert page.statuses == (words.status(1, 3).status, words.status(1, 2).status, words.rich(2, 1).status)
    assert page.next is None


async def test_of_those_created_at_one_moment_the_largest_id_comes_first(journal, words):
    for number in (2, 9, 5):
        await begin(journal, words, number, created_at=words.noon)
    assert await numbers(journal) == [9, 5, 2]
    assert await numbers(journal, before=Place(words.noon, words.id(9))) == [5, 2]


async def test_moments_one_microsecond_apart_are_not_one_moment(journal, words):
    await begin(journal, words, 9, created_at=words.noon)
    await begin(journal, words, 1, created_at=words.noon + timedelta(microseconds=1))
    first = await journal.listing("anonymous", limit=1)
    assert first.next == Place(words.noon + timedelta(microseconds=1), words.id(1))
    assert await numbers(journal, before=first.next) == [9]


async def test_a_list_holds_what_its_owner_has_and_nothing_else(journal, words):
    await begin(journal, words, 1, owner="anna")
    await begin(journal, words, 2, owner="ben")
    await begin(journal, words, 3, owner="anna")
    assert await numbers(journal, "anna") == [3, 1]
    assert await numbers(journal, "ben") == [2]
    assert await numbers(journal, "Anna") == []


async def test_a_list_of_states_follows_what_each_has_come_to(journal, words):
    await begin(journal, words, 1)
    await begin(journal, words, 2, end=State.FAILED)
    await begin(journal, words, 3, end=State.SUCCEEDED)
    started = words.status(1, 4, state=State.STARTED)
    await journal.create(words.generation(4), started)
    assert await numbers(journal, states={State.STARTED}) == [4]
    assert await numbers(journal, states={State.PROCESSING}) == [1]
    assert await numbers(journal, states={State.SUCCEEDED, State.FAILED}) == [3, 2]
    await journal.append(words.id(4), words.epoch, words.status(2, 4), words.end(3, 4), durable=True)
    await journal.append(words.id(1), words.epoch, words.end(2, 1, state=State.FAILED), durable=True)
    assert await numbers(journal, states={State.STARTED, State.PROCESSING}) == []
    assert await numbers(journal, states={State.SUCCEEDED}) == [4, 3]
    assert await numbers(journal, states={State.FAILED}) == [2, 1]
    assert await numbers(journal, states=set(State)) == await numbers(journal) == [4, 3, 2, 1]


async def test_a_state_that_moves_twice_in_one_batch_ends_at_the_second(journal, words):
    await journal.create(words.generation(1), words.status(1, 1, state=State.STARTED))
    await asyncio.gather(
        journal.append(words.id(1), words.epoch, words.status(2, 1), durable=False),
        journal.append(words.id(1), words.epoch, words.end(3, 1), durable=False),
    )
    assert await numbers(journal, states={State.PROCESSING}) == []
    assert await numbers(journal, states={State.SUCCEEDED}) == [1]


@pytest.mark.parametrize("ref", ["order 7", "", "ünï\u0000code", "%", "a'b\"c"])
async def test_a_list_by_ref_holds_exactly_those(journal, words, ref):
    await begin(journal, words, 1, ref=ref)
    await begin(journal, words, 2, ref=ref + " ")
    await begin(journal, words, 3, ref=None)
    await begin(journal, words, 4, ref=ref, end=State.FAILED)
    await begin(journal, words, 5, ref=ref, owner="anna")
    assert await numbers(journal, ref=ref) == [4, 1]
    assert await numbers(journal, ref=ref, states={State.FAILED}) == [4]


async def test_pages_follow_one_another_to_an_end_that_says_so(journal, words):
    for number in range(1, 8):
        await begin(journal, words, number, end=State.FAILED if number % 2 else None)
    pages, before = [], None
    while True:
        page = await journal.listing("anonymous", before=before, limit=3)
        pages.append([int(status.generation, 16) for status in page.statuses])
        if (before := page.next) is None:
            break
    assert pages == [[7, 6, 5], [4, 3, 2], [1]]
    assert (await journal.listing("anonymous", limit=7)).next is None
    assert (await journal.listing("anonymous", limit=6)).next is not None


@pytest.mark.parametrize("limit", [0, -5])
async def test_a_page_holds_one_at_least_so_that_following_it_comes_to_an_end(journal, words, limit):
    for number in (1, 2):
        await begin(journal, words, number)
    page = await journal.listing("anonymous", limit=limit)
    assert len(page.statuses) == 1
    assert await numbers(journal, before=page.next, limit=limit) == [1]


async def test_the_rest_of_a_list_stands_still_while_new_ones_arrive_and_old_ones_are_forgotten(journal, words):
    for number in range(1, 7):
        await begin(journal, words, number, end=State.FAILED)
    first = await journal.listing("anonymous", limit=2)
    await begin(journal, words, 9)
    await journal.forget(words.id(5))  # the very one that the cursor names
    await journal.forget(words.id(3))
    assert await numbers(journal, before=first.next) == [4, 2, 1]


# forget


async def test_what_was_forgotten_is_nowhere_and_its_tombstone_says_whose_it_was(journal, words, clock):
    await begin(journal, words, 1, owner="anna", end=State.FAILED)
    await begin(journal, words, 2, end=State.FAILED)
    await journal.append(words.id(1), words.epoch, words.attempt(), words.late(), durable=True)
    clock.move(7.25)
    await journal.forget(words.id(1))
    assert await journal.find(words.id(1)) is None
    assert await journal.read(words.id(1)) == []
    assert await journal.attempts(words.id(1)) == []
    assert await numbers(journal, "anna") == []
    assert await journal.purge(words.noon + LATER) == [words.id(2)]
    stone = Tombstone(id=words.id(1), owner="anna", forgotten_at=words.noon + timedelta(seconds=7.25))
    assert await journal.tombstone(words.id(1)) == stone


async def test_what_runs_is_not_forgotten(journal, words):
    await begin(journal, words)
    with pytest.raises(Conflict):
        await journal.forget(words.id(1))
    assert await journal.tombstone(words.id(1)) is None
    await journal.append(words.id(1), words.epoch, words.status(2), durable=True)


async def test_what_is_unknown_cannot_be_forgotten_and_has_no_tombstone(journal, words):
    with pytest.raises(NotFound) as refused:
        await journal.forget(words.id(1))
    assert not isinstance(refused.value, Gone)
    assert await journal.tombstone(words.id(1)) is None


@pytest.mark.parametrize("how", ["forget", "purge"])
async def test_every_write_to_what_was_forgotten_says_that_it_is_gone(journal, words, how):
    await begin(journal, words, end=State.FAILED)
    await (journal.forget(words.id(1)) if how == "forget" else journal.purge(words.noon + LATER))
    for call in (
        journal.forget(words.id(1)),
        journal.claim(words.id(1), "me"),
        journal.append(words.id(1), words.epoch, words.late(), durable=True),
    ):
        with pytest.raises(Gone):
            await call


async def test_of_two_who_forget_at_once_the_second_is_told_that_it_is_gone(journal, words):
    await begin(journal, words)
    told = await asyncio.gather(
        journal.append(words.id(1), words.epoch, words.end(2), words.late(), durable=False),
        journal.forget(words.id(1)),
        journal.forget(words.id(1)),
        return_exceptions=True,
    )
    assert told[:2] == [None, None]
    assert isinstance(told[2], Gone)
    assert await journal.attempts(words.id(1)) == []


# tombstones


async def test_each_of_the_purged_leaves_a_tombstone_with_its_owner(journal, words, clock):
    for number, owner in ((1, "anna"), (2, "ben")):
        await begin(journal, words, number, owner=owner, end=State.FAILED)
    await begin(journal, words, 3)
    clock.move(100)
    assert await journal.purge(words.noon + LATER) == [words.id(1), words.id(2)]
    at = words.noon + timedelta(seconds=100)
    assert await journal.tombstone(words.id(1)) == Tombstone(id=words.id(1), owner="anna", forgotten_at=at)
    assert await journal.tombstone(words.id(2)) == Tombstone(id=words.id(2), owner="ben", forgotten_at=at)
    assert await journal.tombstone(words.id(3)) is None


async def test_the_forgotten_wait_to_be_swept_in_the_order_they_were_forgotten(journal, words):
    for number in (1, 2, 3, 4):
        await begin(journal, words, number, end=State.FAILED)
    for number in (3, 1, 4):
        await journal.forget(words.id(number))
    assert await journal.unswept() == [words.id(3), words.id(1), words.id(4)]
    assert await journal.unswept(2) == [words.id(3), words.id(1)]
    await journal.sweep(words.id(1), words.id(2), words.id(8))
    assert await journal.unswept() == [words.id(3), words.id(4)]
    assert await journal.tombstone(words.id(1)) is not None
    await journal.sweep()
    await journal.sweep(words.id(3), words.id(4))
    assert await journal.unswept() == []


async def test_a_tombstone_stays_until_it_is_old_and_swept(journal, words, clock):
    for number in (1, 2, 3):
        await begin(journal, words, number, end=State.FAILED)
        await journal.forget(words.id(number))
        clock.move(10)
    await journal.sweep(words.id(1), words.id(3))
    assert await journal.expire(words.noon) == 0
    assert await journal.expire(words.noon + timedelta(seconds=20)) == 1, "2 is not swept, 3 is not old"
    assert await journal.tombstone(words.id(1)) is None
    assert await journal.tombstone(words.id(2)) is not None
    assert await journal.tombstone(words.id(3)) is not None
    with pytest.raises(NotFound) as refused:
        await journal.forget(words.id(1))
    assert not isinstance(refused.value, Gone)


async def test_no_more_tombstones_expire_at_once_than_the_limit(journal, words):
    for number in range(1, 6):
        await begin(journal, words, number, end=State.FAILED)
        await journal.forget(words.id(number))
    await journal.sweep(*map(words.id, range(1, 6)))
    assert [await journal.expire(words.noon + LATER, limit) for limit in (2, 0, -1, 100, 100)] == [2, 0, 0, 3, 0]


async def test_what_was_forgotten_stays_so_when_the_journal_is_opened_again(closed_journal, words):
    async with closed_journal as journal:
        for number in (1, 2, 3):
            await begin(journal, words, number, end=State.FAILED)
        await journal.forget(words.id(2))
        await journal.forget(words.id(1))
        await journal.sweep(words.id(2))
    async with closed_journal as journal:
        assert await numbers(journal) == [3]
        assert await journal.unswept() == [words.id(1)]
        assert (await journal.tombstone(words.id(2))).owner == "anonymous"


async def test_a_closed_journal_lists_and_forgets_nothing(closed_journal, words):
    async with closed_journal as journal:
        await begin(journal, words, end=State.FAILED)
    for call in (
        journal.listing("anonymous"),
        journal.forget(words.id(1)),
        journal.tombstone(words.id(1)),
        journal.unswept(),
        journal.sweep(words.id(1)),
        journal.expire(words.noon),
    ):
        with pytest.raises(JournalClosed):
            await call
