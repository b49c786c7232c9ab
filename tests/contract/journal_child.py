"""A process with a journal on disk, for tests that kill it, starve it or leave it waiting: `journal_child.py <what> <folder>`."""

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

from conftest import HandClock, Words

from safelight.engines.sqlite import SqliteJournal
from safelight.errors import JournalError, JournalFull

WORDS = Words()
GENERATIONS = 5


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def append(journal):
    """Append for ever, and say each number and seq once it is acknowledged."""
    for number in range(GENERATIONS):
        await journal.create(WORDS.generation(number), WORDS.status(1, number), WORDS.attempt())
        say("wrote", number, 1)

    async def live(number):
        seq = 1
        while True:
            seq += 1
            await journal.append(WORDS.id(number), WORDS.epoch, WORDS.status(seq, number), durable=seq % 7 == 0)
            say("wrote", number, seq)

    await asyncio.gather(*(live(number) for number in range(GENERATIONS)))


async def wait(journal):
    """Hold the folder until standard input ends."""
    say("open", await journal.room() is not None)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def starve(journal):
    """Run into the largest size a file may have, then be given room again."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    await journal.create(WORDS.generation(), WORDS.status(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    seq, long = 1, "x" * 4000
    refused = 0
    while refused < 3:
        try:
            await journal.append(
                WORDS.id(1), WORDS.epoch, WORDS.status(seq + 1, degraded=(long,)), WORDS.attempt(seq), durable=True
            )
            seq += 1
        except JournalFull:
            refused += 1
    say("full", seq, (await journal.find(WORDS.id(1)))[1].version.seq, len(await journal.attempts(WORDS.id(1))))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for _ in range(50):
        await journal.append(WORDS.id(1), WORDS.epoch, WORDS.status(seq + 1, degraded=(long,)), WORDS.attempt(seq), durable=True)
        seq += 1
    say("again", seq, len(await journal.attempts(WORDS.id(1))))


async def forget(journal):
    """Hand something in and end without leaving the journal."""
    await journal.create(WORDS.generation(), WORDS.status(1))
    say("forgot")


async def main(what, folder):
    journal = SqliteJournal(Path(folder), HandClock(), min_free_bytes=0)
    try:
        await journal.__aenter__()
    except JournalError as error:
        say(type(error).__name__, error)
        return
    say("opened", os.getpid())
    await {"append": append, "wait": wait, "starve": starve, "forget": forget}[what](journal)
    if what != "forget":
        await journal.__aexit__(None, None, None)
        say("left")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
