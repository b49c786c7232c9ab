"""What only the journal on disk can do wrong with its life: the writer's death, starting, stopping, formats."""

import asyncio
import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from safelight.engines.sqlite import commits
from safelight.engines.sqlite.check import Check
from safelight.engines.sqlite.sql import migrations
from safelight.errors import JournalClosed, JournalError

PATIENCE = 30
NEWEST = len(migrations())


# the writer's death


def dies(_):
    raise SystemExit("the writer was told to")


async def test_every_waiting_and_every_later_call_is_told_why_the_writer_died(open_sqlite, folder, words, inside):
    journal = open_sqlite()
    await journal.__aenter__()
    await journal.create(words.generation(), words.status(1))
    lost = asyncio.create_task(journal.lost())
    async with inside.hold(journal) as release:
        before = asyncio.create_task(inside.do(journal, lambda _: None))
        death = asyncio.create_task(inside.do(journal, dies))
        after = [
            asyncio.create_task(journal.append(words.id(1), words.epoch, words.status(seq), durable=True))
            for seq in range(2, 3000)
        ]
        await asyncio.sleep(0)
        release()
        told = await asyncio.wait_for(asyncio.gather(before, death, *after, return_exceptions=True), PATIENCE)
    told.append(await lost)
    assert {type(one) for one in told} == {JournalClosed}
    assert all("SystemExit: the writer was told to" in str(one) for one in told)
    for call in (journal.claim(words.id(1), "me"), journal.find(words.id(1)), journal.unfinished(), journal.room()):
        with pytest.raises(JournalClosed, match="the writer was told to"):
            await call
    await journal.__aexit__(None, None, None)
    assert inside.behind(folder) == inside.nothing
    async with open_sqlite() as journal:
        assert journal._writer._store.check is not None
        assert len(await journal.read(words.id(1))) == 1


@pytest.mark.parametrize("fails", ["COMMIT", "PRAGMA wal_checkpoint"])
async def test_nobody_writes_on_after_a_failed_sync(open_sqlite, folder, words, monkeypatch, fails, inside):
    monkeypatch.setattr(commits, "CHECKPOINT_PAGES", 1)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    async with open_sqlite() as journal:
        inside.break_connection(journal, fails, error)
        told = await asyncio.gather(journal.create(words.generation(), words.status(1)), return_exceptions=True)
        assert [type(one) for one in told] == ([JournalClosed] if fails == "COMMIT" else [type(None)])
        await inside.until(lambda: inside.behind(folder) == inside.nothing)
        with pytest.raises(JournalClosed, match="disk I/O error"):
            await journal.create(words.generation(2), words.status(1, 2))


async def test_a_failed_sync_on_leaving_leaves_the_mark_of_an_unclean_stop(open_sqlite, folder, words, inside):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        inside.break_connection(journal, "PRAGMA wal_checkpoint", error)
    assert inside.behind(folder) == inside.nothing
    assert (folder / "journal.lock").read_text() == f"{os.getpid()}\n"


async def test_a_connection_that_can_no_longer_roll_back_is_the_writers_death(open_sqlite, folder, words, inside):
    async with open_sqlite() as journal:
        inside.break_connection(journal, ("COMMIT", "ROLLBACK"), sqlite3.OperationalError("out of order"))
        with pytest.raises(JournalClosed, match="out of order"):
            await asyncio.wait_for(journal.create(words.generation(), words.status(1)), PATIENCE)
    assert inside.behind(folder) == inside.nothing


async def test_a_failing_statement_fails_its_call_and_not_the_next(open_sqlite, words, inside):
    async with open_sqlite() as journal:
        committer = journal._writer._store.committer
        real = committer._connection
        inside.break_connection(journal, "COMMIT", sqlite3.OperationalError("not now"))
        with pytest.raises(JournalError, match="not now"):
            await journal.create(words.generation(), words.status(1))
        committer._connection = real
        assert await journal.find(words.id(1)) is None
        await journal.create(words.generation(), words.status(1))


def replace(folder):
    (folder / "another").write_bytes(b"")
    (folder / "another").replace(folder / "journal.sqlite3")


@pytest.mark.parametrize("take", [shutil.rmtree, lambda folder: (folder / "journal.sqlite3").unlink(), replace])
@pytest.mark.parametrize(
    "call",
    [
        lambda journal, _: journal.room(),
        lambda journal, words: journal.create(words.generation(2), words.status(1, 2)),
        lambda journal, words: journal.append(words.id(1), words.epoch, words.status(2), durable=False),
    ],
)
async def test_nobody_writes_on_into_a_file_that_was_taken_away(open_sqlite, folder, words, inside, take, call):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        take(folder)
        with pytest.raises(JournalClosed, match=f"The journal {folder / 'journal.sqlite3'} was deleted or replaced"):
            await asyncio.wait_for(call(journal, words), PATIENCE)
        assert isinstance(await asyncio.wait_for(journal.lost(), PATIENCE), JournalClosed)
    assert inside.behind(folder) == inside.nothing


async def test_a_file_that_cannot_be_looked_at_is_not_taken_for_one_that_is_gone(open_sqlite, words, monkeypatch):
    def fails(path):
        raise OSError(errno.EIO, "I/O error", str(path))

    async with open_sqlite() as journal:
        monkeypatch.setattr(Path, "stat", fails)
        await journal.create(words.generation(), words.status(1))
        assert await journal.find(words.id(1)) is not None


# starting and stopping


async def test_nothing_stays_behind_whenever_starting_is_cancelled(open_sqlite, folder, inside):
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
        assert inside.behind(folder) == inside.nothing
        rounds = rounds * 2 + 1
    assert rounds > 1


async def test_cancelled_while_waiting_for_the_file_it_lets_go_and_can_be_entered_again(open_sqlite, folder, inside):
    folder.mkdir()
    journal = open_sqlite()
    with closing(sqlite3.connect(folder / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE other (n)")
        task = asyncio.create_task(journal.__aenter__())
        await inside.until((folder / "journal.lock").exists)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        other.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert inside.behind(folder) == inside.nothing
    async with journal:
        pass


async def test_cancelled_while_stopping_it_still_writes_what_was_handed_in_and_lets_go(open_sqlite, folder, words, inside):
    journal = open_sqlite()
    await journal.__aenter__()
    await journal.create(words.generation(), words.status(1))
    async with inside.hold(journal) as release:
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
    assert inside.behind(folder) == inside.nothing
    async with journal:
        assert len(await journal.read(words.id(1))) == 2


async def test_reads_that_were_asked_for_end_before_it_closes(open_sqlite, folder, words, inside):
    journal = open_sqlite()
    await journal.__aenter__()
    await journal.create(words.generation(), words.status(1))
    reading = [asyncio.create_task(journal.read(words.id(1))) for _ in range(50)]
    await asyncio.sleep(0)
    await journal.__aexit__(None, None, None)
    assert all(len(page) == 1 for page in await asyncio.gather(*reading))
    assert inside.behind(folder) == inside.nothing


async def test_opened_and_closed_often_it_leaves_nothing_behind(open_sqlite, folder, words, inside):
    for number in range(1, 30):
        async with open_sqlite() as journal:
            await journal.create(words.generation(number), words.status(1, number))
            await journal.find(words.id(number))
        assert inside.behind(folder) == inside.nothing


async def test_a_folder_that_cannot_be_made_is_said(open_sqlite, folder, inside):
    folder.write_text("a file is in the way")
    with pytest.raises(JournalError, match=str(folder)):
        await open_sqlite().__aenter__()
    assert inside.behind(folder) == inside.nothing


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
    assert version_of(folder) == NEWEST


async def test_a_migration_that_fails_leaves_the_version_before_it(open_sqlite, folder, monkeypatch, inside):
    from safelight.engines.sqlite import connections

    good = connections.migrations()
    monkeypatch.setattr(connections, "migrations", lambda: [*good, "CREATE TABLE fresh (n);\nCREATE TABLE generations (n);"])
    with pytest.raises(JournalError, match="generations already exists"):
        await open_sqlite().__aenter__()
    assert version_of(folder) == NEWEST
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fresh'").fetchone() == (0,)
    assert inside.behind(folder) == inside.nothing


async def test_a_newer_version_is_refused_by_name_and_its_files_are_left_untouched(open_sqlite, folder, words, inside):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    file = folder / "journal.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    with pytest.raises(JournalError, match=rf"format 99.*up to {NEWEST}"):
        await open_sqlite().__aenter__()
    assert file.read_bytes() == before
    assert (folder / "journal.lock").read_text() == ""
    assert inside.behind(folder) == inside.nothing


async def test_a_newer_version_with_a_log_of_its_own_is_left_as_it_was(open_sqlite, folder, words, tmp_path, inside):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        await inside.do(journal, lambda book: book.connection.execute("PRAGMA user_version = 99"), is_durable=True)
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


async def test_what_is_no_database_is_refused_and_left_alone(open_sqlite, folder, inside):
    folder.mkdir()
    (folder / "journal.sqlite3").write_bytes(b"something else entirely" * 100)
    with pytest.raises(JournalError, match="not a database"):
        await open_sqlite().__aenter__()
    assert (folder / "journal.sqlite3").read_bytes() == b"something else entirely" * 100
    assert inside.behind(folder) == inside.nothing


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
