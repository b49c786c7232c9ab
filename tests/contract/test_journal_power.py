"""The journal on disk after a loss of power: what was promised to last is there, and what is there has no gap."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from safelight.engines.sqlite import SqliteJournal

CHILD = Path(__file__).with_name("power_child.py")
CUTS = 25


@pytest.fixture(scope="module")
def medium(tmp_path_factory):
    """Folders as cuts of power left them, and for each what somebody had been promised, and what only told."""
    folder = tmp_path_factory.mktemp("medium")
    done = subprocess.run([sys.executable, CHILD, folder, str(CUTS)], stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    cuts = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"promised"')]
    assert len(cuts) == CUTS
    return folder, cuts


@pytest.mark.parametrize("kind", ["bare", "torn"])
async def test_what_was_promised_to_last_outlives_a_loss_of_power_and_there_is_no_gap(medium, clock, words, kind):
    folder, cuts = medium
    lost = 0
    for place, cut in enumerate(cuts):
        async with SqliteJournal(folder / f"cut-{place}-{kind}", clock, min_free_bytes=0) as journal:
            for number, (seq, attempts) in cut["promised"].items():
                generation = words.id(int(number))
                kept = [status.version.seq for status in await journal.read(generation, limit=10**6)]
                assert kept == list(range(1, len(kept) + 1))
                assert len(kept) >= seq
                assert len(await journal.attempts(generation)) >= attempts
                await journal.append(generation, words.epoch, words.status(len(kept) + 1, int(number)), durable=True)
                lost += cut["told"][number] - len(kept)
    assert lost, "power was never cut: what need not last was there as well"
