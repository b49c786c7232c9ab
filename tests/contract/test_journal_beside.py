"""The journal on disk, looked into from outside."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from safelight.engines.sqlite import reads
from safelight.engines.sqlite.beside import look
from safelight.engines.sqlite.sql import migrations
from safelight.errors import JournalError

CHILD = Path(__file__).with_name("journal_child.py")
FORMAT_1 = Path(__file__).with_name("journal_v1.sql")


def story(folder, generation_id):
    return look(folder, partial(reads.story, generation_id=generation_id))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_beside_a_writer_everything_it_has_said_is_read_and_it_goes_on(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1), words.attempt())
        for seq in range(2, 40):
            await journal.append(words.id(1), words.epoch, words.status(seq), durable=False)
            assert await asyncio.to_thread(story, folder, words.id(1)) == await journal.story(words.id(1))
        assert await asyncio.to_thread(story, folder, words.id(2)) is None


async def test_a_folder_left_in_order_is_read_and_left_as_it_was(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1), words.late())
        told = await journal.story(words.id(1))
    before = files(folder)
    folder.chmod(0o500)
    try:
        assert story(folder, words.id(1)) == told
    finally:
        folder.chmod(0o700)
    assert files(folder) == before


async def test_what_a_killed_process_left_is_read_and_stays_for_the_next(open_sqlite, folder, words):
    child = await asyncio.create_subprocess_exec(sys.executable, CHILD, "append", folder, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(30):
        for _ in range(20):
            await child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    await child.communicate()
    log = (folder / "journal.sqlite3-wal").read_bytes()
    [generation_id] = look(folder, partial(reads.ids, beginning="", limit=1))
    told = story(folder, generation_id)
    assert (folder / "journal.sqlite3-wal").read_bytes() == log, "a checkpoint is the writer's alone"
    assert told.statuses
    async with open_sqlite() as journal:
        assert await journal.story(generation_id) == told


async def test_ids_are_found_by_their_beginning_the_forgotten_among_them(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        for number in (0x1A, 0x1B, 0x2A):
            await journal.create(words.generation(number), words.end(1, number))
        await journal.forget(words.id(0x1B))

        def ids(beginning, limit=10):
            return look(folder, partial(reads.ids, beginning=beginning, limit=limit))

        one, two, three = words.id(0x1A), words.id(0x1B), words.id(0x2A)
        assert ids("") == ids("0" * 30) == [one, two, three]
        assert ids(one[:31]) == [one, two]
        assert ids(two) == [two]
        assert ids("", 2) == [one, two]
        assert ids("f") == ids(one + "0") == []
        assert look(folder, partial(reads.tombstone, generation_id=two)).id == two


def test_a_folder_without_a_journal_is_said_to_be_one(folder):
    with pytest.raises(JournalError, match="There is no journal in the data folder"):
        story(folder, "0" * 32)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("change", "words"), [(1, "a newer one wrote it"), (-1, "its next start on that folder brings it there")]
)
async def test_another_format_is_said_and_not_guessed_at(open_sqlite, folder, change, words):
    async with open_sqlite():
        pass
    version = len(migrations()) + change
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(JournalError, match=f"has format {version}.*{words}"):
        story(folder, "0" * 32)


def test_what_is_no_journal_is_said_in_our_words(folder):
    folder.mkdir()
    (folder / "journal.sqlite3").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(JournalError, match=rf"The journal {folder}/journal\.sqlite3 failed: .*not a database\.$"):
        story(folder, "0" * 32)


def test_a_folder_that_cannot_be_looked_into_is_said_in_our_words(folder):
    folder.mkdir()
    with pytest.raises(JournalError, match="cannot be looked into: File name too long"):
        story(folder / ("x" * 300), "0" * 32)


async def test_a_writer_that_comes_in_the_middle_of_a_look_makes_it_look_again(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    looks = []

    def query(connection):
        looks.append(connection.execute("PRAGMA query_only").fetchone())
        if len(looks) == 1:
            os.close(os.open(folder / "journal.sqlite3-wal", os.O_CREAT | os.O_WRONLY, 0o600))
        return reads.story(connection, words.id(1))

    assert look(folder, query).statuses == [words.status(1).status]
    assert len(looks) == 2


async def test_records_of_a_version_that_noted_no_moments_are_told_without(open_sqlite, folder, words):
    folder.mkdir()
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        connection.executescript(FORMAT_1.read_text(encoding="utf-8"))
    async with open_sqlite() as journal:
        await journal.append(words.id(1), words.epoch, words.late(), durable=True)
    told = story(folder, words.id(1))
    assert [entry.at is None for entry in told.entries] == [True] * (len(told.entries) - 1) + [False]
