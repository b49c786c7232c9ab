"""What SQLite drops of its log in silence is said: pages that were written and cannot be read any more."""

import sqlite3
import struct
from contextlib import closing

import pytest
import structlog

from safelight.engines.sqlite.sql import migrations

HEADER, FRAME, PAGE = 32, 24, 4096
NAME = "journal.sqlite3"


@pytest.fixture
async def killed(open_sqlite, folder, words, tmp_path):
    """The folder of a journal as a kill left it, with the appends of one life in its log."""
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
    async with open_sqlite() as journal:
        for seq in range(2, 12):
            await journal.append(words.id(1), words.epoch, words.status(seq), durable=True)
        left = tmp_path / "killed"
        left.mkdir()
        for name in (NAME, f"{NAME}-wal"):
            (left / name).write_bytes((folder / name).read_bytes())
    return left


@pytest.fixture
def opened(words, open_sqlite):
    """Open a folder; return what is said of its tail, and how many statuses it holds."""

    async def run(folder):
        with structlog.testing.capture_logs() as lines:
            async with type(open_sqlite())(folder, words.clock(), min_free_bytes=0) as journal:
                seqs = [record.version.seq for record in await journal.read(words.id(1))]
        assert seqs == list(range(1, len(seqs) + 1)), "what is left is a beginning without a gap"
        return [(line["pages"], line["taken"]) for line in lines if line["event"] == "journal_tail_dropped"], len(seqs)

    return run


def frames_of(wal):
    """Return the offset of each frame, and whether it ends a transaction."""
    data = wal.read_bytes()
    offsets = range(HEADER, len(data) - PAGE, FRAME + PAGE)
    return [(offset, struct.unpack_from(">I", data, offset + 4)[0] > 0) for offset in offsets]


def flip(file, offset):
    data = bytearray(file.read_bytes())
    data[offset] ^= 0xFF
    file.write_bytes(data)


async def test_a_log_that_can_be_read_whole_is_not_worth_a_word(killed, opened):
    assert await opened(killed) == ([], 11)
    assert await opened(killed) == ([], 11), "nor is one that was left in order"


async def test_pages_behind_a_damaged_one_are_dropped_and_counted(killed, opened):
    wal = killed / f"{NAME}-wal"
    frames = frames_of(wal)
    ends = [number for number, (_, is_end) in enumerate(frames, start=1) if is_end]
    flip(wal, frames[ends[3]][0] + FRAME + 100)  # the first page of the fifth append
    said, count = await opened(killed)
    assert (said, count) == ([(ends[-1] - ends[3], ends[3])], 5)


@pytest.mark.parametrize("offset", [0, 9, 16, 25])
async def test_a_log_whose_head_is_damaged_is_dropped_whole_and_counted(killed, opened, offset):
    wal = killed / f"{NAME}-wal"
    ends = [number for number, (_, is_end) in enumerate(frames_of(wal), start=1) if is_end]
    flip(wal, offset)
    assert await opened(killed) == ([(ends[-1], 0)], 1)


async def test_what_an_earlier_round_of_the_log_left_behind_is_no_loss(killed, opened):
    with closing(sqlite3.connect(killed / NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        connection.execute("PRAGMA user_version = 0")  # begins the log anew, over its first page alone
        version = len(migrations())
        connection.execute(f"PRAGMA user_version = {version}")
        left = killed.with_name("again")
        left.mkdir()
        for name in (NAME, f"{NAME}-wal"):
            (left / name).write_bytes((killed / name).read_bytes())
    assert len(frames_of(left / f"{NAME}-wal")) > 2
    assert await opened(left) == ([], 11)
