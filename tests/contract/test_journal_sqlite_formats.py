"""A journal that an earlier version wrote is brought to the newest format with everything that was in it."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from safelight.engines.sqlite.connections import open_reader
from safelight.engines.sqlite.sql import migrations
from safelight.errors import JournalError
from safelight.status import State

FORMAT_1 = Path(__file__).with_name("journal_v1.sql").read_text(encoding="utf-8")
PROMPT = "a lighthouse\nat “night” 🌊"
REF = 'one "quoted" \\ ref'


@pytest.fixture
async def upgraded(open_sqlite, folder):
    """A journal of format 1, opened by this version."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        connection.executescript(FORMAT_1)
    async with open_sqlite() as journal:
        yield journal


async def ids(journal, owner="anonymous", **which):
    return [status.generation for status in (await journal.listing(owner, **which)).statuses]


async def test_everything_that_was_written_is_read_as_before(upgraded, words):
    one = attrs.evolve(words.generation(1, prompt=PROMPT))
    assert await upgraded.find(words.id(1)) == (one, words.rich(2, 1).status)
    assert await upgraded.attempts(words.id(1)) == [words.attempt(), words.accepted()]
    assert [status.version.seq for status in await upgraded.read(words.id(3))] == [1, 2, 3]
    assert [left.generation for left in await upgraded.unfinished()] == [one]
    assert await upgraded.read(words.id(3), limit=1) == [words.status(1, 3, state=State.PROCESSING).status]
    three, status = await upgraded.find(words.id(3))
    assert (three.owner, three.ref, status.state) == ("anna", REF, State.FAILED)


async def test_what_was_written_before_there_were_lists_is_on_them(upgraded, words):
    assert await ids(upgraded) == [words.id(2), words.id(1), words.id(4)]
    assert await ids(upgraded, states={State.PROCESSING}) == [words.id(1)]
    assert await ids(upgraded, states={State.SUCCEEDED}) == [words.id(2), words.id(4)]
    assert await ids(upgraded, ref="für später") == [words.id(1), words.id(4)]
    assert await ids(upgraded, "anna", ref=REF, states={State.FAILED}) == [words.id(3)]


async def test_moments_are_kept_to_the_microsecond_with_a_fraction_and_without(upgraded, words):
    with closing(open_reader(upgraded._folder / "journal.sqlite3")) as reader:
        stored = dict(reader.execute("SELECT id, created_at FROM generations"))
    noon = words.epoch * 1_000_000
    assert stored == {
        words.id(1): noon + 1,
        words.id(2): noon + 2,
        words.id(3): noon,
        words.id(4): noon - 20_000 * 86_400 * 1_000_000 + 999_999,
    }


async def test_what_ran_goes_on_and_what_ended_is_purged(upgraded, words):
    await upgraded.append(words.id(1), words.epoch, words.end(3, 1), words.outcome(), durable=True)
    assert await ids(upgraded, states={State.SUCCEEDED}) == [words.id(2), words.id(1), words.id(4)]
    assert sorted(await upgraded.purge(words.noon + timedelta(seconds=8))) == [words.id(2), words.id(3)]
    assert (await upgraded.tombstone(words.id(3))).owner == "anna"
    assert await upgraded.attempts(words.id(2)) == []
    await upgraded.forget(words.id(1))
    assert await ids(upgraded) == [words.id(4)]


async def test_an_upgraded_file_is_laid_out_as_a_new_one(upgraded, folder, tmp_path):
    new = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(new)) as connection:
        connection.executescript(";\n".join(migrations()))
    layouts = []
    for file in (folder / "journal.sqlite3", new):
        with closing(sqlite3.connect(file)) as connection:
            layouts.append(set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")))
    assert layouts[0] == layouts[1]


async def test_an_upgrade_that_finds_no_state_of_a_generation_changes_nothing(open_sqlite, folder):
    folder.mkdir()
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        connection.executescript(FORMAT_1)
        connection.execute("DELETE FROM records WHERE generation = 2")
        connection.commit()
    with pytest.raises(JournalError, match=r"generations_2\.state"):
        await open_sqlite().__aenter__()
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM generations").fetchone() == (4,)
