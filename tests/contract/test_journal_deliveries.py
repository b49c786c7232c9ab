"""What is owed to callers' webhooks, on every engine: written with the status that causes it, told in order, gone with it."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from safelight.errors import Conflict, JournalClosed, JournalFenced
from safelight.ports import Delivery
from safelight.status import State
from safelight.versions import Version


@pytest.fixture
def owed(words):
    """A delivery of a status, due at noon and so many seconds."""

    def make(seq, number=1, seconds=0.0, **facts):
        due_at = words.noon + timedelta(seconds=seconds, microseconds=7)
        return Delivery(generation=words.id(number), version=Version(words.epoch, seq), due_at=due_at, **facts)

    return make


@pytest.fixture
def begin(journal, words):
    async def begin(number=1, **facts):
        generation = attrs.evolve(words.generation(number), **facts)
        await journal.create(generation, words.status(1, number), words.attempt())

    return begin


@pytest.fixture
def append(journal, words, owed):
    """Write a status that a delivery is owed of."""

    async def append(seq, number=1, seconds=0.0):
        delivery = owed(seq, number, seconds)
        await journal.append(words.id(number), words.epoch, words.status(seq, number), durable=True, delivery=delivery)
        return delivery

    return append


async def test_a_delivery_is_owed_with_the_status_that_causes_it(journal, begin, append):
    await begin()
    assert await journal.owed() == []
    delivery = await append(2)
    assert await journal.owed() == await journal.deliveries("anonymous") == [delivery]


async def test_a_status_that_is_refused_owes_nothing(journal, words, begin, owed):
    await begin()
    with pytest.raises(JournalFenced):
        await journal.append(words.id(1), words.epoch - 1, words.status(2), durable=True, delivery=owed(2))
    with pytest.raises(Conflict):
        await journal.append(words.id(1), words.epoch, words.status(3), durable=True, delivery=owed(3))
    assert await journal.owed() == []


async def test_of_each_generation_the_oldest_may_be_made(journal, begin, append):
    for number in (1, 2):
        await begin(number)
    late, early = await append(2, seconds=50), await append(2, number=2, seconds=20)
    await append(3, seconds=10)
    await append(3, number=2, seconds=30)
    assert await journal.owed() == [early, late], "the first due first"
    assert await journal.owed(limit=1) == [early]
    assert await journal.owed(limit=0) == await journal.owed(limit=-1) == []


async def test_one_that_was_taken_lets_the_next_go(journal, begin, append):
    await begin()
    first, second = await append(2), await append(3)
    await journal.delivered(first)
    assert await journal.owed() == await journal.deliveries("anonymous") == [second]
    await journal.delivered(first)
    assert await journal.owed() == [second], "said twice it changes nothing"


async def test_one_that_is_put_off_is_kept_as_it_stands(journal, begin, append, words):
    await begin()
    first, second = await append(2), await append(3)
    again = attrs.evolve(first, due_at=words.noon + timedelta(hours=5), tries=3, detail="It answered 500 “no”.")
    await journal.put_off(again)
    assert await journal.owed() == [again], "what follows waits with it"
    assert await journal.deliveries("anonymous") == [again, second]


async def test_a_dead_one_is_kept_and_holds_nothing_up(journal, begin, append):
    await begin()
    first, second = await append(2), await append(3)
    dead = attrs.evolve(first, is_dead=True, tries=8, detail="It is gone.")
    await journal.put_off(dead)
    assert await journal.owed() == [second]
    assert await journal.deliveries("anonymous") == [dead, second]
    await journal.put_off(attrs.evolve(dead, is_dead=False))
    assert [delivery.version for delivery in await journal.owed()] == [first.version]


async def test_one_that_nobody_knows_is_passed_over(journal, begin, owed):
    await begin()
    await journal.put_off(owed(2), owed(2, number=9))
    await journal.delivered(owed(2))
    await journal.delivered(owed(2, number=9))
    await journal.put_off()
    assert await journal.owed() == []


async def test_deliveries_are_their_owners(journal, begin, append):
    await begin()
    await begin(2, owner="anna")
    mine, hers = await append(2), await append(2, number=2)
    assert await journal.deliveries("anonymous") == [mine]
    assert await journal.deliveries("anna") == [hers]
    assert await journal.deliveries("anna", generation_id=hers.generation) == [hers]
    assert await journal.deliveries("anna", generation_id=mine.generation) == []
    assert await journal.deliveries("bert") == await journal.deliveries("anna", limit=0) == []


@pytest.mark.parametrize("how", ["forget", "purge"])
async def test_what_is_forgotten_owes_nothing(journal, begin, append, words, how):
    for number in (1, 2):
        await begin(number)
        await append(2, number)
    end = words.end(3, state=State.FAILED)
    await journal.append(words.id(1), words.epoch, end, durable=True)
    if how == "forget":
        await journal.forget(words.id(1))
    else:
        assert await journal.purge(words.noon + timedelta(days=1)) == [words.id(1)]
    assert [delivery.generation for delivery in await journal.deliveries("anonymous")] == [words.id(2)]
    assert [delivery.generation for delivery in await journal.owed()] == [words.id(2)]


async def test_a_claim_of_a_later_epoch_comes_after(journal, begin, append, words, owed):
    await begin()
    first = await append(2)
    epoch = await journal.claim(words.id(1), "another")
    later = attrs.evolve(owed(3), version=Version(epoch, 3))
    await journal.append(words.id(1), epoch, words.status(3, epoch=epoch), durable=True, delivery=later)
    assert await journal.owed() == [first]
    assert await journal.deliveries("anonymous") == [first, later]


async def test_written_and_taken_in_one_batch_it_is_gone(journal, begin, append):
    await begin()
    first = await append(2)
    second, _, _ = await asyncio.gather(append(3), journal.put_off(attrs.evolve(first, tries=1)), journal.delivered(first))
    assert await journal.owed() == [second]


async def test_it_outlives_the_process(closed_journal, words, owed):
    async with closed_journal as journal:
        await journal.create(words.generation(), words.status(), words.attempt())
        await journal.append(words.id(1), words.epoch, words.status(2), durable=True, delivery=owed(2))
    async with closed_journal as journal:
        assert await journal.owed() == [owed(2)]


@pytest.mark.parametrize("call", ["owed", "deliveries", "put_off", "delivered"])
async def test_a_closed_journal_says_so(closed_journal, owed, call):
    arguments = {"owed": (), "deliveries": ("anonymous",), "put_off": (owed(2),), "delivered": (owed(2),)}[call]
    with pytest.raises(JournalClosed):
        await getattr(closed_journal, call)(*arguments)
