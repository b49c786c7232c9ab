"""The keys of callers, on every engine: whatever is sent under one, and however often, is one generation."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from safelight.errors import Conflict, JournalClosed, JournalError
from safelight.ports import Keyed

DAY = 86_400


@pytest.fixture
def key(words):
    """Make what a key stands for: generation 1, unless said otherwise, for a day."""

    def make(number=1, **facts):
        until = words.noon + timedelta(days=1, microseconds=7)
        default = {"owner": "anonymous", "key": "k", "fingerprint": "f", "generation": words.id(number), "provider": "sketch"}
        return Keyed(**{**default, "until": until, **facts})

    return make


@pytest.fixture
def create(journal, words):
    async def create(number, keyed):
        return await journal.create(words.generation(number), words.status(1, number), words.attempt(), keyed=keyed)

    return create


async def test_a_key_stands_for_what_was_created_under_it(journal, words, key, create):
    assert await create(1, key()) is None
    assert await journal.keyed("anonymous", "k") == key()
    assert await journal.find(words.id(1)) is not None


async def test_a_create_without_a_key_takes_none(journal, create):
    assert await create(1, None) is None
    assert await journal.keyed("anonymous", "k") is None


async def test_a_create_under_a_known_key_writes_nothing_and_says_what_it_stands_for(journal, words, key, create):
    await create(1, key(1))
    assert await create(2, key(2, fingerprint="another")) == key(1)
    assert await journal.find(words.id(2)) is None
    assert await journal.attempts(words.id(2)) == []
    assert [left.generation.id for left in await journal.unfinished()] == [words.id(1)]


async def test_of_fifty_who_create_at_once_under_one_key_one_does(journal, words, key, create):
    told = await asyncio.gather(*(create(number, key(number)) for number in range(1, 51)))
    (winner,) = [number for number, known in enumerate(told, 1) if known is None]
    assert {known for known in told if known is not None} == {key(winner)}
    assert [left.generation.id for left in await journal.unfinished()] == [words.id(winner)]


async def test_the_same_key_of_another_owner_is_another_key(journal, words, key, create):
    await create(1, key(1))
    assert await create(2, key(2, owner="anna")) is None
    assert (await journal.keyed("anna", "k")).generation == words.id(2)
    assert (await journal.keyed("anonymous", "k")).generation == words.id(1)


async def test_keys_differ_by_every_character(journal, key, create):
    for number, text in enumerate(("k", "K", "k%", "'k", '"', "k'; DROP TABLE keys; --"), 1):
        assert await create(number, key(number, key=text)) is None
        assert await journal.keyed("anonymous", text) == key(number, key=text)


async def test_a_refused_create_takes_no_key(journal, key, create):
    await create(1, None)
    with pytest.raises(Conflict):
        await create(1, key())
    assert await journal.keyed("anonymous", "k") is None


async def test_a_key_stands_for_nothing_from_its_last_moment_on(journal, words, key, create, clock):
    await create(1, key(1, until=words.noon + timedelta(seconds=DAY)))
    clock.move(DAY - 1)
    assert await journal.keyed("anonymous", "k") is not None
    clock.move(1)
    assert await journal.keyed("anonymous", "k") is None
    again = key(2, until=words.noon + timedelta(days=2))
    assert await create(2, again) is None
    assert await journal.keyed("anonymous", "k") == again


async def test_a_key_outlives_its_generation(journal, words, key, create):
    await create(1, key())
    await journal.append(words.id(1), words.epoch, words.end(2), durable=True)
    await journal.forget(words.id(1))
    await journal.sweep(words.id(1))
    await journal.expire(words.noon + timedelta(days=1))
    assert await journal.keyed("anonymous", "k") == key()
    assert await create(2, key(2)) == key()


async def test_keys_that_are_over_are_deleted_up_to_the_limit_and_no_others(journal, words, key, create, clock):
    for number in range(1, 7):
        await create(number, key(number, key=f"k{number}", until=words.noon + timedelta(seconds=10 * (1 + number // 6))))
    clock.move(10)
    assert [await journal.expire_keys(limit) for limit in (2, 0, -1, 100, 100)] == [2, 0, 0, 3, 0]
    assert (await journal.keyed("anonymous", "k6")).generation == words.id(6)
    assert len(await journal.unfinished()) == 6


async def test_a_key_is_known_when_the_journal_is_opened_again(closed_journal, words, key):
    async with closed_journal as journal:
        await journal.create(words.generation(), words.status(1), keyed=key())
    async with closed_journal as journal:
        assert await journal.keyed("anonymous", "k") == key()
        assert await journal.create(words.generation(2), words.status(1, 2), keyed=key(2)) == key()


async def test_a_closed_journal_knows_no_keys(closed_journal):
    async with closed_journal as journal:
        pass
    for call in (journal.keyed("anonymous", "k"), journal.expire_keys()):
        with pytest.raises(JournalClosed):
            await call


async def test_doubles_in_one_transaction_find_each_other(open_sqlite, words, key, inside):
    async with open_sqlite() as journal, inside.hold(journal) as release:
        creates = [asyncio.create_task(journal.create(words.generation(n), words.status(1, n), keyed=key(n))) for n in (1, 2, 3)]
        await inside.until(lambda: not journal._writer._queue.empty())
        release()
        assert await asyncio.gather(*creates) == [None, key(1), key(1)]


async def test_a_create_that_breaks_the_transaction_leaves_no_key_behind(open_sqlite, folder, words, key, inside):
    async with open_sqlite() as journal:
        inside.break_connection(journal, "COMMIT", sqlite3.OperationalError("no"))
        with pytest.raises(JournalError):
            await journal.create(words.generation(), words.status(1), keyed=key())
        assert await journal.keyed("anonymous", "k") is None
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM generations").fetchone() == (0,)


async def test_a_journal_of_before_there_were_keys_takes_them(open_sqlite, make_old, words, key):
    make_old(2)
    async with open_sqlite() as journal:
        assert await journal.create(words.generation(), words.status(1), keyed=key()) is None
        assert await journal.keyed("anonymous", "k") == key()
