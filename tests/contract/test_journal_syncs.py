"""How often the journal has the medium make something last: once for what must, however many ask at once; never for progress."""

import json
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("sync_child.py")


def test_what_must_last_is_synced_once_for_all_who_ask_together_and_progress_is_not(tmp_path):
    done = subprocess.run([sys.executable, CHILD, tmp_path], stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    counted = json.loads(done.stdout.splitlines()[-1])
    assert counted == {
        "intent": 1,
        "progress": 0,
        "accepted": 1,
        "outcome": 1,
        "claim": 1,
        "many intents": 1,
        "many progresses": 0,
        "an accepted among progresses": 1,
    }
