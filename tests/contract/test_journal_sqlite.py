"""What only the journal on disk can do wrong at its work: batches, syncs, a full medium, checkpoints."""

import asyncio
import os
import sqlite3
from contextlib import closing

import pytest
import structlog

from safelight.engines.sqlite import commits, writer
from safelight.engines.sqlite.connections import open_reader
from safelight.errors import Conflict, Gone, JournalError, JournalFull


def full_sync_of_each_commit(statements):
    """For each transaction of a trace, whether it was committed at the level that syncs."""
    levels, level = [], None
    for text in statements:
        if text.startswith("PRAGMA synchronous"):
            level = text.endswith("FULL")
        elif text.startswith("BEGIN"):
            levels.append(level)
    return levels


async def traced(journal, inside):
    """The statements of the writer from here on, beginning with a transaction of known level."""
    statements = []
    await inside.do(journal, lambda book: book.connection.set_trace_callback(statements.append))
    await inside.do(journal, lambda _: None, is_durable=True)
    return statements


# batches and syncs


async def test_what_waits_together_is_one_transaction(open_sqlite, words, inside):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        statements = await traced(journal, inside)
        async with inside.hold(journal) as release:
            appends = [journal.append(words.id(1), words.epoch, words.status(seq), durable=False) for seq in range(2, 102)]
            tasks = [asyncio.create_task(append) for append in appends]
            await asyncio.sleep(0)
            statements.clear()
            release()
            await asyncio.gather(*tasks)
        assert transactions(statements) == ["COMMIT", "BEGIN IMMEDIATE", "COMMIT"]
        assert sum(text.startswith("INSERT") for text in statements) == 3, "100 rows are 64 and 32 and 4"


def transactions(statements):
    return [text for text in statements if text.startswith(("BEGIN", "COMMIT"))]


async def test_progress_of_many_waits_for_more_of_it_until_something_must_last(open_sqlite, words, inside, monkeypatch):
    monkeypatch.setattr(writer, "_PROGRESS_SECONDS", 3600)
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        statements = await traced(journal, inside)
        await asyncio.gather(*(journal.append(words.id(1), words.epoch, words.status(seq), durable=False) for seq in (2, 3)))
        statements.clear()
        held_back = []
        for seq in (4, 5):
            held_back.append(asyncio.create_task(journal.append(words.id(1), words.epoch, words.status(seq), durable=False)))
            await asyncio.sleep(0)
        await journal.append(words.id(1), words.epoch, words.accepted(), durable=True)
        await asyncio.gather(*held_back)
        assert transactions(statements) == ["BEGIN IMMEDIATE", "COMMIT"]


async def test_progress_of_many_waits_no_longer_than_its_time(open_sqlite, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        for seq in range(2, 20, 2):
            pair = (journal.append(words.id(1), words.epoch, words.status(n), durable=False) for n in (seq, seq + 1))
            await asyncio.gather(*pair)


async def test_progress_of_one_waits_for_nothing(open_sqlite, words, monkeypatch):
    monkeypatch.setattr(writer, "_PROGRESS_SECONDS", 3600)
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        for seq in range(2, 10):
            await journal.append(words.id(1), words.epoch, words.status(seq), durable=False)


async def test_leaving_writes_the_progress_that_waits(open_sqlite, words, monkeypatch):
    monkeypatch.setattr(writer, "_PROGRESS_SECONDS", 3600)
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        await asyncio.gather(*(journal.append(words.id(1), words.epoch, words.status(seq), durable=False) for seq in (2, 3)))
        waiting = asyncio.create_task(journal.append(words.id(1), words.epoch, words.status(4), durable=False))
        await asyncio.sleep(0)
    await waiting


@pytest.mark.parametrize("durable_at", [None, 0, 7, 19])
async def test_one_durable_record_has_its_whole_batch_synced(open_sqlite, words, durable_at, inside):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        statements = await traced(journal, inside)
        async with inside.hold(journal) as release:
            tasks = [
                asyncio.create_task(journal.append(words.id(1), words.epoch, words.attempt(n), durable=n == durable_at))
                for n in range(20)
            ]
            await asyncio.sleep(0)
            release()
            await asyncio.gather(*tasks)
        held_back, batch = full_sync_of_each_commit(statements)[1:]
        assert (held_back, batch) == (False, durable_at is not None)


async def test_creates_and_claims_are_always_synced(open_sqlite, words, inside):
    async with open_sqlite() as journal:
        statements = await traced(journal, inside)
        await journal.create(words.generation(), words.status(1))
        await journal.append(words.id(1), words.epoch, words.status(2), durable=False)
        await journal.claim(words.id(1), "me")
        await journal.append(words.id(1), words.epoch + 1, words.status(3, epoch=words.epoch + 1), durable=True)
        assert full_sync_of_each_commit(statements) == [True, True, False, True, True]


async def test_the_level_that_was_asked_for_is_the_one_in_force(open_sqlite, inside):
    def level(book):
        return book.connection.execute("PRAGMA synchronous").fetchone()[0]

    async with open_sqlite() as journal:
        assert [await inside.do(journal, level, is_durable=flag) for flag in (True, False, True)] == [2, 1, 2]


async def test_a_write_that_breaks_its_transaction_is_found_and_its_neighbours_are_written(open_sqlite, words, inside):
    def breaks(book):
        book.connection.execute("DELETE FROM records")
        raise ValueError("half done")

    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        async with inside.hold(journal) as release:
            tasks = [
                asyncio.create_task(
                    inside.do(journal, breaks)
                    if n in {3, 11}
                    else journal.append(words.id(1), words.epoch, words.attempt(n), durable=True),
                )
                for n in range(20)
            ]
            await asyncio.sleep(0)
            release()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        assert {n for n, one in enumerate(told) if one is not None} == {3, 11}
        assert type(told[3]) is JournalError
        assert "half done" in str(told[3])
        assert [one.n for one in await journal.attempts(words.id(1))] == [n for n in range(20) if n not in {3, 11}]
        assert len(await journal.read(words.id(1))) == 1


async def test_an_end_and_the_word_to_forget_may_be_one_batch(open_sqlite, words, inside):
    async with open_sqlite() as journal:
        async with inside.hold(journal) as release:
            calls = [
                journal.create(words.generation(), words.status(1), words.attempt()),
                journal.append(words.id(1), words.epoch, words.end(2), words.late(), durable=False),
                journal.forget(words.id(1)),
                journal.forget(words.id(1)),
                journal.sweep(words.id(1)),
            ]
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.sleep(0)
            release()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in told] == [type(None), type(None), type(None), Gone, type(None)]
        assert await journal.find(words.id(1)) is None
        assert await journal.attempts(words.id(1)) == []
        assert (await journal.tombstone(words.id(1))).owner == "anonymous"
        assert await journal.unswept() == []


async def test_a_duplicate_of_an_ended_generation_does_not_spoil_those_that_wait_with_it(open_sqlite, words, inside):
    async with open_sqlite() as journal:
        await journal.create(words.generation(5), words.end(1, 5))
        async with inside.hold(journal) as release:
            tasks = [asyncio.create_task(journal.create(words.generation(n), words.status(1, n))) for n in range(10)]
            await asyncio.sleep(0)
            release()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in told] == [Conflict if n == 5 else type(None) for n in range(10)]


async def test_what_cannot_be_encoded_costs_its_own_caller_alone(open_sqlite, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        told = await asyncio.gather(
            journal.append(words.id(1), words.epoch, words.status(2, message="\ud800"), durable=True),
            journal.append(words.id(1), words.epoch, words.status(2), durable=True),
            journal.claim("\ud800", "me"),
            journal.append(words.id(1), words.epoch, words.status(3), durable=True),
            return_exceptions=True,
        )
        assert isinstance(told[0], UnicodeEncodeError)
        assert isinstance(told[2], JournalError)
        assert told[1] is told[3] is None


# a full medium


async def test_a_full_file_refuses_what_does_not_fit_and_takes_what_does(open_sqlite, words, inside):
    def limit(pages):
        def apply(book):
            used = book.connection.execute("PRAGMA page_count").fetchone()[0]
            book.connection.execute(f"PRAGMA max_page_count = {used + pages}")

        return apply

    long = "x" * 100_000
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        await inside.do(journal, limit(3))
        async with inside.hold(journal) as release:
            calls = [
                journal.create(words.generation(2), words.status(1, 2)),
                journal.create(words.generation(3, prompt=long), words.status(1, 3)),
                journal.append(words.id(1), words.epoch, words.status(2, degraded=(long,)), durable=False),
                journal.append(words.id(1), words.epoch, words.status(2), durable=False),
            ]
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.sleep(0)
            release()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in told] == [type(None), JournalFull, JournalFull, type(None)]
        assert await journal.find(words.id(3)) is None
        assert len(await journal.read(words.id(1))) == 2
        await inside.do(journal, limit(1000))
        await journal.append(words.id(1), words.epoch, words.status(3, degraded=(long,)), durable=True)
        await journal.create(words.generation(3, prompt=long), words.status(1, 3))


async def test_below_its_reserve_it_creates_nothing_and_goes_on_with_what_runs(open_sqlite, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    async with open_sqlite(min_free_bytes=2**62) as journal:
        with pytest.raises(JournalFull):
            await journal.create(words.generation(2), words.status(1, 2))
        await journal.append(words.id(1), words.epoch, words.status(2), durable=True)
        assert [one.generation.id for one in await journal.unfinished()] == [words.id(1)]


async def test_room_is_what_the_medium_has_free_for_us(open_sqlite, folder):
    async with open_sqlite() as journal:
        medium = os.statvfs(folder)
        assert abs(await journal.room() - medium.f_bavail * medium.f_frsize) < 2**30


# the log and its checkpoints


async def test_the_log_is_moved_into_the_file_and_starts_over(open_sqlite, folder, words, monkeypatch):
    monkeypatch.setattr(commits, "CHECKPOINT_PAGES", 50)
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        for seq in range(2, 400):
            await journal.append(words.id(1), words.epoch, words.status(seq, message="x" * 400), durable=False)
        assert (folder / "journal.sqlite3-wal").stat().st_size < 100 * 4200
        assert (folder / "journal.sqlite3").stat().st_size > 100_000
        assert len(await journal.read(words.id(1), limit=1000)) == 399


async def test_a_log_that_readers_kept_from_starting_over_is_cut_off_once_they_are_gone(open_sqlite, folder, words, monkeypatch):
    monkeypatch.setattr(commits, "CHECKPOINT_PAGES", 50)
    monkeypatch.setattr(commits, "TRUNCATE_PAGES", 100)

    async def write(journal, first, last):
        for seq in range(first, last):
            await journal.append(words.id(1), words.epoch, words.status(seq, degraded=("x" * 4000,)), durable=False)

    log = folder / "journal.sqlite3-wal"
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        with closing(open_reader(folder / "journal.sqlite3")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM records").fetchone()
            await write(journal, 2, 100)
            grown = log.stat().st_size
            assert grown > 100 * 4096
        await write(journal, 100, 120)
        assert log.stat().st_size < grown / 2


async def test_leaving_moves_the_whole_log_into_the_file(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    assert sorted(path.name for path in folder.iterdir()) == ["journal.lock", "journal.sqlite3"]
    assert (folder / "journal.lock").read_text() == ""


async def test_readers_cannot_write(open_sqlite, folder):
    async with open_sqlite():
        with (
            closing(open_reader(folder / "journal.sqlite3")) as reader,
            pytest.raises(sqlite3.OperationalError, match="readonly"),
        ):
            reader.execute("DELETE FROM records")


async def test_a_checkpoint_that_fails_is_said_and_costs_no_write(open_sqlite, words, monkeypatch, inside):
    monkeypatch.setattr(commits, "CHECKPOINT_PAGES", 1)
    with structlog.testing.capture_logs() as logged:
        async with open_sqlite() as journal:
            inside.break_connection(journal, "PRAGMA wal_checkpoint", sqlite3.OperationalError("disk I/O error"))
            await journal.create(words.generation(), words.status(1))
            await journal.append(words.id(1), words.epoch, words.status(2), durable=True)
    assert "journal_checkpoint_failed" in [entry["event"] for entry in logged]
    async with open_sqlite() as journal:
        assert len(await journal.read(words.id(1))) == 2


@pytest.mark.parametrize(
    "query",
    [
        "select_statuses",
        "select_story",
        "select_generation",
        "select_head",
        "select_by_owner",
        "select_by_ref",
        "select_tombstone",
        "select_ended",
        "delete_tombstones",
    ],
)
async def test_a_read_costs_as_much_as_it_returns(open_sqlite, folder, query):
    from safelight.engines.sqlite.sql import statement

    async with open_sqlite():
        with closing(open_reader(folder / "journal.sqlite3")) as reader:
            text = statement(query)
            plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?"))]
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan
