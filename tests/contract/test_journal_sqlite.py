"""What only the journal on disk can do wrong: its thread, its syncs, its batches, its file and its folder."""

import asyncio
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import attrs
import pytest
import structlog

from safelight.engines.sqlite import commits
from safelight.engines.sqlite.check import Check
from safelight.engines.sqlite.connections import open_reader
from safelight.engines.sqlite.writes import Write
from safelight.errors import Conflict, JournalClosed, JournalError, JournalFull

PATIENCE = 30


@attrs.frozen
class Do(Write):
    """A write that does whatever a test wants done inside the writer's transaction."""

    what: object

    def apply(self, book):
        return self.what(book)


async def do(journal, what, *, is_durable=False):
    return await journal._writer.write(Do(what, is_durable=is_durable))


class Hold:
    """Keeps the writer's thread busy, so that what is handed in meanwhile becomes one batch."""

    def __init__(self, journal):
        self.journal, self.release = journal, threading.Event()

    async def __aenter__(self):
        reached = threading.Event()

        def wait(_):
            reached.set()
            assert self.release.wait(PATIENCE)

        self.task = asyncio.create_task(do(self.journal, wait))
        await until(reached.is_set)
        return self.release.set

    async def __aexit__(self, *_):
        self.release.set()
        await asyncio.wait([self.task])


class Wrapped:
    """The writer's connection, with one kind of statement that fails."""

    def __init__(self, connection, fails, error):
        self.connection, self.fails, self.error = connection, fails, error

    def execute(self, text, *rest):
        if text.startswith(self.fails):
            raise self.error
        return self.connection.execute(text, *rest)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def break_connection(journal, fails, error):
    committer = journal._writer._store.committer
    committer._connection = Wrapped(committer._connection, fails, error)


def behind(folder):
    """What a journal could leave behind: threads, open files, the lock."""
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("safelight-journal")]
    files = []
    for fd in Path("/proc/self/fd").iterdir():
        try:
            target = fd.readlink()
        except FileNotFoundError:
            continue  # the one that lists them
        if target.is_relative_to(folder):
            files.append(target)
    return threads, files


NOTHING = ([], [])


async def until(is_so):
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not is_so():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.001)


def full_sync_of_each_commit(statements):
    """For each transaction of a trace, whether it was committed at the level that syncs."""
    levels, level = [], None
    for text in statements:
        if text.startswith("PRAGMA synchronous"):
            level = text.endswith("FULL")
        elif text.startswith("BEGIN"):
            levels.append(level)
    return levels


async def traced(journal):
    """The statements of the writer from here on, beginning with a transaction of known level."""
    statements = []
    await do(journal, lambda book: book.connection.set_trace_callback(statements.append))
    await do(journal, lambda _: None, is_durable=True)
    return statements


# batches and syncs


async def test_what_waits_together_is_one_transaction(open_sqlite, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        statements = await traced(journal)
        async with Hold(journal) as release:
            appends = [journal.append(words.id(1), words.epoch, words.status(seq), durable=False) for seq in range(2, 102)]
            tasks = [asyncio.create_task(append) for append in appends]
            await asyncio.sleep(0)
            statements.clear()
            release()
            await asyncio.gather(*tasks)
        assert [text for text in statements if text.startswith(("BEGIN", "COMMIT"))] == ["COMMIT", "BEGIN IMMEDIATE", "COMMIT"]
        assert sum(text.startswith("INSERT") for text in statements) == 3, "100 rows are 64 and 32 and 4"


@pytest.mark.parametrize("durable_at", [None, 0, 7, 19])
async def test_one_durable_record_has_its_whole_batch_synced(open_sqlite, words, durable_at):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        statements = await traced(journal)
        async with Hold(journal) as release:
            tasks = [
                asyncio.create_task(journal.append(words.id(1), words.epoch, words.attempt(n), durable=n == durable_at))
                for n in range(20)
            ]
            await asyncio.sleep(0)
            release()
            await asyncio.gather(*tasks)
        held_back, batch = full_sync_of_each_commit(statements)[1:]
        assert (held_back, batch) == (False, durable_at is not None)


async def test_creates_and_claims_are_always_synced(open_sqlite, words):
    async with open_sqlite() as journal:
        statements = await traced(journal)
        await journal.create(words.generation(), words.status(1))
        await journal.append(words.id(1), words.epoch, words.status(2), durable=False)
        await journal.claim(words.id(1), "me")
        await journal.append(words.id(1), words.epoch + 1, words.status(3, epoch=words.epoch + 1), durable=True)
        assert full_sync_of_each_commit(statements) == [True, True, False, True, True]


async def test_the_level_that_was_asked_for_is_the_one_in_force(open_sqlite):
    def level(book):
        return book.connection.execute("PRAGMA synchronous").fetchone()[0]

    async with open_sqlite() as journal:
        assert [await do(journal, level, is_durable=flag) for flag in (True, False, True)] == [2, 1, 2]


async def test_a_write_that_breaks_its_transaction_is_found_and_its_neighbours_are_written(open_sqlite, words):
    def breaks(book):
        book.connection.execute("DELETE FROM records")
        raise ValueError("half done")

    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        async with Hold(journal) as release:
            tasks = [
                asyncio.create_task(
                    do(journal, breaks)
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


async def test_a_duplicate_of_an_ended_generation_does_not_spoil_those_that_wait_with_it(open_sqlite, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(5), words.end(1, 5))
        async with Hold(journal) as release:
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


async def test_a_full_file_refuses_what_does_not_fit_and_takes_what_does(open_sqlite, words):
    def limit(pages):
        def apply(book):
            used = book.connection.execute("PRAGMA page_count").fetchone()[0]
            book.connection.execute(f"PRAGMA max_page_count = {used + pages}")

        return apply

    long = "x" * 100_000
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        await do(journal, limit(3))
        async with Hold(journal) as release:
            calls = [
                journal.create(words.generation(2), words.status(1, 2)),
                journal.create(words.generation(3, prompt=long), words.status(1, 3)),
                journal.append(words.id(1), words.epoch, words.status(2, message=long), durable=False),
                journal.append(words.id(1), words.epoch, words.status(2), durable=False),
            ]
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.sleep(0)
            release()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in told] == [type(None), JournalFull, JournalFull, type(None)]
        assert await journal.find(words.id(3)) is None
        assert len(await journal.read(words.id(1))) == 2
        await do(journal, limit(1000))
        await journal.append(words.id(1), words.epoch, words.status(3, message=long), durable=True)
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
            await journal.append(words.id(1), words.epoch, words.status(seq, message="x" * 4000), durable=False)

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


async def test_a_checkpoint_that_fails_is_said_and_costs_no_write(open_sqlite, words, monkeypatch):
    monkeypatch.setattr(commits, "CHECKPOINT_PAGES", 1)
    with structlog.testing.capture_logs() as logged:
        async with open_sqlite() as journal:
            break_connection(journal, "PRAGMA wal_checkpoint", sqlite3.OperationalError("disk I/O error"))
            await journal.create(words.generation(), words.status(1))
            await journal.append(words.id(1), words.epoch, words.status(2), durable=True)
    assert "journal_checkpoint_failed" in [entry["event"] for entry in logged]
    async with open_sqlite() as journal:
        assert len(await journal.read(words.id(1))) == 2


@pytest.mark.parametrize("query", ["select_statuses", "select_attempts", "select_generation", "select_head"])
async def test_a_read_costs_as_much_as_it_returns(open_sqlite, folder, query):
    from safelight.engines.sqlite.sql import statement

    async with open_sqlite():
        with closing(open_reader(folder / "journal.sqlite3")) as reader:
            text = statement(query)
            plan = [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?"))]
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan


# the writer's death


def dies(_):
    raise SystemExit("the writer was told to")


async def test_every_waiting_and_every_later_call_is_told_why_the_writer_died(open_sqlite, folder, words):
    journal = open_sqlite()
    await journal.__aenter__()
    await journal.create(words.generation(), words.status(1))
    async with Hold(journal) as release:
        before = asyncio.create_task(do(journal, lambda _: None))
        death = asyncio.create_task(do(journal, dies))
        after = [
            asyncio.create_task(journal.append(words.id(1), words.epoch, words.status(seq), durable=True))
            for seq in range(2, 3000)
        ]
        await asyncio.sleep(0)
        release()
        told = await asyncio.wait_for(asyncio.gather(before, death, *after, return_exceptions=True), PATIENCE)
    assert {type(one) for one in told} == {JournalClosed}
    assert all("SystemExit: the writer was told to" in str(one) for one in told)
    for call in (journal.claim(words.id(1), "me"), journal.find(words.id(1)), journal.unfinished(), journal.room()):
        with pytest.raises(JournalClosed, match="the writer was told to"):
            await call
    await journal.__aexit__(None, None, None)
    assert behind(folder) == NOTHING
    async with open_sqlite() as journal:
        assert journal._writer._store.check is not None
        assert len(await journal.read(words.id(1))) == 1


@pytest.mark.parametrize("fails", ["COMMIT", "PRAGMA wal_checkpoint"])
async def test_nobody_writes_on_after_a_failed_sync(open_sqlite, folder, words, monkeypatch, fails):
    monkeypatch.setattr(commits, "CHECKPOINT_PAGES", 1)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    async with open_sqlite() as journal:
        break_connection(journal, fails, error)
        told = await asyncio.gather(journal.create(words.generation(), words.status(1)), return_exceptions=True)
        assert [type(one) for one in told] == ([JournalClosed] if fails == "COMMIT" else [type(None)])
        await until(lambda: behind(folder) == NOTHING)
        with pytest.raises(JournalClosed, match="disk I/O error"):
            await journal.create(words.generation(2), words.status(1, 2))


async def test_a_failed_sync_on_leaving_leaves_the_mark_of_an_unclean_stop(open_sqlite, folder, words):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        break_connection(journal, "PRAGMA wal_checkpoint", error)
    assert behind(folder) == NOTHING
    assert (folder / "journal.lock").read_text() == f"{os.getpid()}\n"


async def test_a_connection_that_can_no_longer_roll_back_is_the_writers_death(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        break_connection(journal, ("COMMIT", "ROLLBACK"), sqlite3.OperationalError("out of order"))
        with pytest.raises(JournalClosed, match="out of order"):
            await asyncio.wait_for(journal.create(words.generation(), words.status(1)), PATIENCE)
    assert behind(folder) == NOTHING


async def test_a_failing_statement_fails_its_call_and_not_the_next(open_sqlite, words):
    async with open_sqlite() as journal:
        committer = journal._writer._store.committer
        real = committer._connection
        break_connection(journal, "COMMIT", sqlite3.OperationalError("not now"))
        with pytest.raises(JournalError, match="not now"):
            await journal.create(words.generation(), words.status(1))
        committer._connection = real
        assert await journal.find(words.id(1)) is None
        await journal.create(words.generation(), words.status(1))


# starting and stopping


async def test_nothing_stays_behind_whenever_starting_is_cancelled(open_sqlite, folder):
    is_opened = False
    rounds = 0
    while not is_opened:
        journal = open_sqlite()
        task = asyncio.create_task(journal.__aenter__())
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        is_opened = not task.cancelled()
        if is_opened:
            await journal.__aexit__(None, None, None)
        assert behind(folder) == NOTHING
        rounds = rounds * 2 + 1
    assert rounds > 1


async def test_cancelled_while_waiting_for_the_file_it_lets_go_and_can_be_entered_again(open_sqlite, folder):
    folder.mkdir()
    journal = open_sqlite()
    with closing(sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE other (n)")
        task = asyncio.create_task(journal.__aenter__())
        await until((folder / "journal.lock").exists)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        other.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert behind(folder) == NOTHING
    async with journal:
        pass


async def test_cancelled_while_stopping_it_still_writes_what_was_handed_in_and_lets_go(open_sqlite, folder, words):
    journal = open_sqlite()
    await journal.__aenter__()
    await journal.create(words.generation(), words.status(1))
    async with Hold(journal) as release:
        append = asyncio.create_task(journal.append(words.id(1), words.epoch, words.status(2), durable=False))
        await asyncio.sleep(0)
        stopping = asyncio.create_task(journal.__aexit__(None, None, None))
        for _ in range(3):
            await asyncio.sleep(0)
            stopping.cancel()
        await asyncio.sleep(0)
        assert not stopping.done()
        with pytest.raises(JournalClosed):
            await journal.append(words.id(1), words.epoch, words.status(3), durable=False)
        release()
        with pytest.raises(asyncio.CancelledError):
            await stopping
    assert append.result() is None
    assert behind(folder) == NOTHING
    async with journal:
        assert len(await journal.read(words.id(1))) == 2


async def test_reads_that_were_asked_for_end_before_it_closes(open_sqlite, folder, words):
    journal = open_sqlite()
    await journal.__aenter__()
    await journal.create(words.generation(), words.status(1))
    reading = [asyncio.create_task(journal.read(words.id(1))) for _ in range(50)]
    await asyncio.sleep(0)
    await journal.__aexit__(None, None, None)
    assert all(len(page) == 1 for page in await asyncio.gather(*reading))
    assert behind(folder) == NOTHING


async def test_opened_and_closed_often_it_leaves_nothing_behind(open_sqlite, folder, words):
    for number in range(1, 30):
        async with open_sqlite() as journal:
            await journal.create(words.generation(number), words.status(1, number))
            await journal.find(words.id(number))
        assert behind(folder) == NOTHING


async def test_a_folder_that_cannot_be_made_is_said(open_sqlite, folder):
    folder.write_text("a file is in the way")
    with pytest.raises(JournalError, match=str(folder)):
        await open_sqlite().__aenter__()
    assert behind(folder) == NOTHING


# the format


def version_of(folder):
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


async def test_an_empty_file_of_version_zero_is_brought_to_the_newest(open_sqlite, folder, words):
    folder.mkdir()
    (folder / "journal.sqlite3").touch()
    assert version_of(folder) == 0
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    assert version_of(folder) == 1


async def test_a_migration_that_fails_leaves_the_version_before_it(open_sqlite, folder, monkeypatch):
    from safelight.engines.sqlite import connections

    good = connections.migrations()
    monkeypatch.setattr(connections, "migrations", lambda: [*good, "CREATE TABLE fresh (n);\nCREATE TABLE generations (n);"])
    with pytest.raises(JournalError, match="generations already exists"):
        await open_sqlite().__aenter__()
    assert version_of(folder) == 1
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fresh'").fetchone() == (0,)
    assert behind(folder) == NOTHING


async def test_a_newer_version_is_refused_by_name_and_its_files_are_left_untouched(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    file = folder / "journal.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    with pytest.raises(JournalError, match=r"format 99.*up to 1"):
        await open_sqlite().__aenter__()
    assert file.read_bytes() == before
    assert (folder / "journal.lock").read_text() == ""
    assert behind(folder) == NOTHING


async def test_a_newer_version_with_a_log_of_its_own_is_left_as_it_was(open_sqlite, folder, words, tmp_path):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        await do(journal, lambda book: book.connection.execute("PRAGMA user_version = 99"), is_durable=True)
        killed = tmp_path / "killed"
        killed.mkdir()
        for name in ("journal.sqlite3", "journal.sqlite3-wal"):
            (killed / name).write_bytes((folder / name).read_bytes())
    before = {path.name: path.read_bytes() for path in killed.iterdir()}
    assert before["journal.sqlite3-wal"]
    other = type(journal)(killed, words.clock(), min_free_bytes=0)
    with pytest.raises(JournalError, match="format 99"):
        await other.__aenter__()
    assert {name: (killed / name).read_bytes() for name in before} == before


async def test_what_is_no_database_is_refused_and_left_alone(open_sqlite, folder):
    folder.mkdir()
    (folder / "journal.sqlite3").write_bytes(b"something else entirely" * 100)
    with pytest.raises(JournalError, match="not a database"):
        await open_sqlite().__aenter__()
    assert (folder / "journal.sqlite3").read_bytes() == b"something else entirely" * 100
    assert behind(folder) == NOTHING


async def test_a_check_that_is_broken_off_leaves_the_mark(open_sqlite, folder, monkeypatch):
    async with open_sqlite():
        pass
    monkeypatch.setattr("safelight.engines.sqlite.check._STEPS_BETWEEN_LOOKS", 1)
    check = Check(folder / "journal.sqlite3")
    check._is_stopping = True
    with structlog.testing.capture_logs() as logged:
        check.start()
        check.stop()
    assert [entry["event"] for entry in logged] == ["journal_check_stopped"]
    assert not check.is_passed
