"""The collector of a serving process."""

import subprocess
import sys

SERVING = """
import gc
from safelight.web import collecting

loaded = [[] for _ in range(1000)]
collecting.spare()
print(gc.get_freeze_count() >= len(loaded), gc.get_threshold()[0] > 10_000)
circle = []
circle.append(circle)
del circle
print(gc.collect() >= 1)
"""


def test_what_was_loaded_is_left_alone_and_new_garbage_is_still_found():
    said = subprocess.run([sys.executable, "-c", SERVING], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True"] * 3
