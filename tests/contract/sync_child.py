"""A process with a journal on a medium that counts its syncs: `sync_child.py <folder>`; it says how many each kind of call cost."""

import asyncio
import json
import sys
from pathlib import Path

from conftest import HandClock, Words
from power_child import Medium

from safelight.engines.sqlite import SqliteJournal, commits
from safelight.records import Step

WORDS = Words()
MANY = 200


async def main(folder):
    medium, counted = Medium(), {}
    commits.CHECKPOINT_PAGES = 10_000  # when the log is moved into the file depends on how calls fell into batches

    async def count(what, *calls):
        before = medium.syncs
        await asyncio.gather(*calls)
        counted[what] = medium.syncs - before

    async with SqliteJournal(folder, HandClock(), min_free_bytes=0) as journal:

        def create(number):
            return journal.create(WORDS.generation(number), WORDS.status(1, number), WORDS.attempt())

        def append(number, *records, durable):
            return journal.append(WORDS.id(number), WORDS.epoch, *records, durable=durable)

        await create(0)
        await count("intent", create(1))
        await count("progress", append(1, WORDS.status(2, 1), durable=False))
        await count("accepted", append(1, WORDS.status(3, 1), WORDS.attempt(step=Step.ACCEPTED), durable=True))
        await count("outcome", append(1, WORDS.end(4, 1), WORDS.outcome(), durable=True))
        await count("claim", journal.claim(WORDS.id(0), "somebody"))
        await count("many intents", *(create(number) for number in range(2, MANY)))
        await count("many progresses", *(append(number, WORDS.status(2, number), durable=False) for number in range(2, MANY)))
        mixed = (append(number, WORDS.status(3, number), durable=number == MANY // 2) for number in range(2, MANY))
        await count("an accepted among progresses", *mixed)
    sys.stdout.write(json.dumps(counted))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
