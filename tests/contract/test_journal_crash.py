"""The journal on disk when its process is killed, its folder is wanted twice, and its medium is full."""

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from safelight.errors import JournalLocked

CHILD = Path(__file__).with_name("journal_child.py")
GENERATIONS = range(5)
PATIENCE = 30


@contextmanager
def child(what, folder):
    """Run a journal in another process; its log goes to nobody, its words are read line by line."""
    process = subprocess.Popen(
        [sys.executable, CHILD, what, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def words_of(process, *first):
    """The next line that begins with one of these; others are log lines."""
    for line in process.stdout:
        if line.split() and line.split()[0] in first:
            return line.split()
    raise AssertionError(f"the child ended without a word of {first}")


def kill_while_appending(folder, acknowledged):
    """Return for each generation the highest seq that was acknowledged before the kill."""
    newest = {}
    with child("append", folder) as process:
        for _ in range(acknowledged):
            _, number, seq = words_of(process, "wrote")
            newest[int(number)] = int(seq)
        process.kill()
        for line in process.stdout:
            if line.startswith("wrote ") and line.endswith("\n"):
                _, number, seq = line.split()
                newest[int(number)] = int(seq)
    return newest


async def seqs(journal, words, number):
    return [status.version.seq for status in await journal.read(words.id(number), limit=10**9)]


async def goes_on(journal, words, number):
    """Whether the generation can be appended to where it stands."""
    found = await journal.find(words.id(number))
    await journal.append(words.id(number), words.epoch, words.status(found[1].version.seq + 1, number), durable=True)


@pytest.mark.parametrize("acknowledged", [1, 40, 5000])
async def test_every_acknowledged_write_survives_kill_nine_and_there_is_no_gap(open_sqlite, folder, words, acknowledged):
    newest = kill_while_appending(folder, acknowledged)
    async with open_sqlite() as journal:
        for number, seq in newest.items():
            kept = await seqs(journal, words, number)
            assert kept == list(range(1, len(kept) + 1))
            assert len(kept) >= seq
            await goes_on(journal, words, number)


async def test_killed_again_and_again_it_keeps_everything(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(99), words.status(1, 99))
    for _ in range(3):
        with child("wait", folder) as process:
            words_of(process, "open")
            process.kill()
        async with open_sqlite() as journal:
            await goes_on(journal, words, 99)
    async with open_sqlite() as journal:
        assert await seqs(journal, words, 99) == [1, 2, 3, 4]


TEARS = {
    "cut by a byte": lambda log: log[:-1],
    "cut inside the last page": lambda log: log[:-3000],
    "cut by many pages": lambda log: log[:-50_001],
    "last bytes overwritten": lambda log: log[:-100] + os.urandom(100),
    "a page in the middle overwritten": lambda log: log[: len(log) // 2] + os.urandom(4096) + log[len(log) // 2 + 4096 :],
    "followed by garbage": lambda log: log + os.urandom(10_000),
    "gone": lambda _: b"",
}


@pytest.mark.parametrize("tear", TEARS.values(), ids=TEARS)
async def test_a_torn_log_loses_no_more_than_its_tail_and_leaves_no_gap(open_sqlite, folder, words, tear):
    async with open_sqlite() as journal:
        await journal.create(words.generation(99), words.status(1, 99))
    newest = kill_while_appending(folder, 300)
    log = folder / "journal.sqlite3-wal"
    log.write_bytes(tear(log.read_bytes()))
    async with open_sqlite() as journal:
        assert await seqs(journal, words, 99) == [1], "what was checkpointed is not in the log"
        for number in newest:
            kept = await seqs(journal, words, number)
            assert kept == list(range(1, len(kept) + 1))
            if kept:
                assert await journal.attempts(words.id(number)) == [words.attempt()]
                await goes_on(journal, words, number)


async def test_a_second_process_is_refused_and_told_who_holds_the_folder(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        with child("wait", folder) as process:
            line = " ".join(words_of(process, "JournalLocked", "opened"))
        assert line.startswith("JournalLocked ")
        assert str(folder) in line
        assert f"process {os.getpid()}" in line
        await journal.create(words.generation(), words.status(1))


async def test_a_folder_held_by_another_process_is_free_once_that_one_is_dead(open_sqlite, folder):
    with child("wait", folder) as process:
        pid = words_of(process, "opened")[1]
        with pytest.raises(JournalLocked, match=rf"{folder}.*{pid}"):
            await open_sqlite().__aenter__()
        process.kill()
        process.wait(PATIENCE)
        async with open_sqlite():
            pass


async def test_two_journals_of_one_process_do_not_share_a_folder_either(open_sqlite, words):
    async with open_sqlite() as journal:
        with pytest.raises(JournalLocked):
            await open_sqlite().__aenter__()
        await journal.create(words.generation(), words.status(1))


async def test_a_holder_that_has_not_said_who_it_is_is_another_process(open_sqlite, folder):
    async with open_sqlite():
        (folder / "journal.lock").write_text("")
        with pytest.raises(JournalLocked, match="another process"):
            await open_sqlite().__aenter__()


def test_a_full_medium_refuses_calls_whole_and_takes_them_again_with_room(folder):
    with child("starve", folder) as process:
        _, acknowledged, newest, attempts = words_of(process, "full")
        assert int(acknowledged) > 5, "it ran into the limit, not into the first write"
        assert newest == acknowledged
        assert int(attempts) == int(acknowledged) - 1
        assert words_of(process, "again")[1:] == [str(int(acknowledged) + 50), str(int(acknowledged) + 49)]
        words_of(process, "left")
        assert process.wait(PATIENCE) == 0


async def test_a_program_that_forgets_to_leave_ends_and_loses_nothing(open_sqlite, folder, words):
    with child("forget", folder) as process:
        words_of(process, "forgot")
        assert process.wait(PATIENCE) == 0
    async with open_sqlite() as journal:
        assert await seqs(journal, words, 1) == [1]


async def checked(logged):
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not (events := [entry for entry in logged if entry["event"] == "journal_checked"]):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.001)
    return events[0]


async def test_the_file_is_checked_after_an_unclean_stop_and_only_then(open_sqlite, folder):
    kill_while_appending(folder, 100)
    with structlog.testing.capture_logs() as logged:
        async with open_sqlite():
            assert (await checked(logged))["problems"] == []
    with structlog.testing.capture_logs() as logged:
        async with open_sqlite() as journal:
            assert journal._writer._store.check is None
    assert [entry["event"] for entry in logged] == ["journal_opened"]
    assert not logged[0]["is_unclean"]


async def test_a_damaged_file_is_reported_at_every_start_until_it_is_sound(open_sqlite, folder, words):
    async with open_sqlite() as journal:
        await journal.create(words.generation(), words.status(1))
        for seq in range(2, 200):
            await journal.append(words.id(1), words.epoch, words.status(seq, message="x" * 400), durable=False)
    file = folder / "journal.sqlite3"
    sound = file.read_bytes()
    file.write_bytes(sound[:-4096] + os.urandom(4096))
    (folder / "journal.lock").write_text("1\n")
    for _ in range(2):
        with structlog.testing.capture_logs() as logged:
            async with open_sqlite():
                entry = await checked(logged)
        assert (entry["log_level"], len(entry["problems"]) > 0) == ("error", True)
    file.write_bytes(sound)
    with structlog.testing.capture_logs() as logged:
        async with open_sqlite():
            assert (await checked(logged))["problems"] == []
    assert (folder / "journal.lock").read_text() == ""
