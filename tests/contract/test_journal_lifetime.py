"""The journal's port, on every engine: many callers at once, opening, closing and calls at the wrong time."""

import asyncio

import pytest

from safelight.errors import Conflict, JournalClosed, JournalError, JournalFenced, NotFound


async def versions(journal, generation_id):
    return [str(status.version) for status in await journal.read(generation_id)]


async def begin(journal, words, number=1, *more):
    generation = words.generation(number)
    await journal.create(generation, words.status(1, number), *more)
    return generation.id


# many at once


async def test_hundreds_of_writers_keep_their_order_and_every_call_is_all_or_none(journal, words):
    async def live(number):
        await begin(journal, words, number, words.attempt(1))
        for n in range(2, 12):
            seq = 2 * n - 2
            pair = words.status(seq, number), words.attempt(n), words.status(seq + 1, number)
            told = await asyncio.gather(  # two of the same: one is too late, whole
                journal.append(words.id(number), words.epoch, *pair, durable=n % 5 == 0),
                journal.append(words.id(number), words.epoch, *pair, durable=False),
                return_exceptions=True,
            )
            assert told[0] is None
            assert isinstance(told[1], Conflict)

    await asyncio.gather(*(live(number) for number in range(1, 301)))
    for number in range(1, 301):
        assert [status.version.seq for status in await journal.read(words.id(number))] == list(range(1, 22))
        assert [attempt.n for attempt in await journal.attempts(words.id(number))] == list(range(1, 12))


async def test_a_refused_call_does_not_spoil_those_that_wait_with_it(journal, words):
    await begin(journal, words, 1)
    told = await asyncio.gather(
        journal.create(words.generation(2), words.status(1, 2)),
        journal.create(words.generation(1), words.status(1, 1)),
        journal.append(words.id(1), words.epoch, words.status(2), durable=False),
        journal.append(words.id(1), words.epoch - 1, words.status(3), durable=False),
        journal.append(words.id(9), words.epoch, words.status(3), durable=False),
        journal.append(words.id(1), words.epoch, words.status(3), durable=True),
        return_exceptions=True,
    )
    assert [type(one) for one in told] == [type(None), Conflict, type(None), JournalFenced, NotFound, type(None)]
    assert await versions(journal, words.id(1)) == [f"{words.epoch}-{seq}" for seq in (1, 2, 3)]
    assert await journal.find(words.id(2)) is not None


async def test_cancelling_waiting_calls_leaves_each_written_or_not_and_the_journal_at_work(journal, words):
    await asyncio.gather(*(begin(journal, words, number) for number in range(1, 101)))
    pairs = [
        asyncio.create_task(
            journal.append(words.id(number), words.epoch, words.status(2, number), words.attempt(2), durable=True),
        )
        for number in range(1, 101)
    ]
    await asyncio.sleep(0)
    for task in pairs[::2]:
        task.cancel()
    await asyncio.wait(pairs)
    for number, task in enumerate(pairs, 1):
        seqs = [status.version.seq for status in await journal.read(words.id(number))]
        attempts = [attempt.n for attempt in await journal.attempts(words.id(number))]
        assert (seqs, attempts) in (([1, 2], [2]), ([1], []))
        assert task.cancelled() or seqs == [1, 2]
        await journal.append(words.id(number), words.epoch, words.status(seqs[-1] + 1, number), durable=False)


async def test_cancelled_reads_leave_the_journal_at_work(journal, words):
    await begin(journal, words)
    tasks = [asyncio.create_task(journal.read(words.id(1))) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert await versions(journal, words.id(1)) == [f"{words.epoch}-1"]


# opening and closing


CALLS = {
    "lost": lambda journal, words: journal.lost(),
    "create": lambda journal, words: journal.create(words.generation(), words.status(1)),
    "claim": lambda journal, words: journal.claim(words.id(1), "me"),
    "append": lambda journal, words: journal.append(words.id(1), words.epoch, words.status(2), durable=True),
    "find": lambda journal, words: journal.find(words.id(1)),
    "read": lambda journal, words: journal.read(words.id(1)),
    "story": lambda journal, words: journal.story(words.id(1)),
    "unfinished": lambda journal, words: journal.unfinished(),
    "purge": lambda journal, words: journal.purge(words.noon),
    "room": lambda journal, words: journal.room(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_call_is_refused_before_opening_and_after_closing(closed_journal, words, call):
    with pytest.raises(JournalClosed):
        await call(closed_journal, words)
    async with closed_journal:
        await begin(closed_journal, words)
    with pytest.raises(JournalClosed):
        await call(closed_journal, words)


async def test_who_waits_for_its_loss_waits_while_it_is_open_and_is_told_of_the_close(closed_journal, words):
    async with closed_journal as opened:
        lost = asyncio.create_task(opened.lost())
        await asyncio.sleep(0)
        await begin(opened, words)
        assert not lost.done()
    assert isinstance(await lost, JournalClosed)


async def test_closing_again_is_harmless(closed_journal):
    await closed_journal.__aexit__(None, None, None)
    async with closed_journal as opened:
        assert opened is closed_journal
        await asyncio.gather(*(opened.__aexit__(None, None, None) for _ in range(3)))
    await closed_journal.__aexit__(None, None, None)


async def test_entering_what_is_open_is_refused_and_leaves_it_open(journal, words):
    with pytest.raises(JournalError, match="open already"):
        await journal.__aenter__()
    await begin(journal, words)


async def test_what_was_written_is_there_when_it_is_entered_again(closed_journal, words):
    async with closed_journal as journal:
        generation_id = await begin(journal, words, 1, words.attempt())
        epoch = await journal.claim(generation_id, "me")
        await journal.append(generation_id, epoch, words.status(2, epoch=epoch), durable=False)
    async with closed_journal as journal:
        assert await versions(journal, generation_id) == [f"{words.epoch}-1", f"{epoch}-2"]
        with pytest.raises(JournalFenced):
            await journal.append(generation_id, words.epoch, words.status(3), durable=True)
        assert await journal.claim(generation_id, "me") == epoch + 1
        await journal.append(generation_id, epoch + 1, words.end(3, epoch=epoch + 1), durable=True)


async def test_leaving_writes_what_was_handed_in(closed_journal, words):
    async with closed_journal as journal:
        await begin(journal, words)
        handed_in = [
            asyncio.create_task(journal.append(words.id(1), words.epoch, words.status(seq), durable=False))
            for seq in range(2, 300)
        ]
        await asyncio.sleep(0)
    assert await asyncio.gather(*handed_in) == [None] * 298
    async with closed_journal as journal:
        assert (await journal.find(words.id(1)))[1].version.seq == 299


async def test_room_is_counted_in_bytes_or_has_no_meaning(journal):
    room = await journal.room()
    assert room is None or room > 0
