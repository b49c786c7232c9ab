"""The collector of a serving process, each time in one of its own."""

import subprocess
import sys

BEGIN = """
import gc
import weakref
from safelight.web.collecting import Collector, spare

class Circle:
    def __init__(self):
        self.itself = self

loaded = [[] for _ in range(1000)]
spare()
"""
QUIET_AND_BUSY = """
used = now = 0.0
collector = Collector(cpu=lambda: used, clock=lambda: now)
look_after = 100, 1, 1_000_000  # three looks at what survived one
def settle(circle):  # where no look at new objects finds it
    gc.collect()
    gc.set_threshold(*look_after)
    kept = [[] for _ in range(1000)]
    gc.set_threshold(1_000_000)
    return weakref.ref(circle), kept
"""


def said(program):
    return subprocess.run([sys.executable, "-c", BEGIN + program], capture_output=True, text=True, check=True).stdout.split()


def test_what_was_loaded_is_left_alone_and_new_garbage_is_still_found():
    program = """
print(gc.get_freeze_count() >= len(loaded), gc.get_threshold()[0] >= 10_000)
Circle()
print(gc.collect() >= 1)
"""
    assert said(program) == ["True"] * 3


def test_no_look_is_at_many_objects():
    program = """
from collections import Counter
looks = Counter()
def looked(phase, facts):
    if phase == "start":
        looks[facts["generation"]] = max(looks[facts["generation"]], *map(len, map(gc.get_objects, range(facts["generation"] + 1))))
gc.callbacks.append(looked)
alive = [[] for _ in range(300_000)]
print(sorted(looks), max(looks.values()) < 50_000)
"""
    assert said(program) == ["[0,", "1]", "True"]


def test_what_gathered_is_looked_at_when_nothing_is_going_on():
    program = """
circle = Circle()
ref, kept = settle(circle)
del circle
now, used = 1.0, 0.5
print(collector.look(), ref() is None)
now = 2.0
print(collector.look(), ref() is None)
now = 3.0
print(collector.look())
"""
    assert said(QUIET_AND_BUSY + program) == ["False", "False", "True", "True", "False"]


def test_what_was_in_use_is_looked_at_again_once_an_hour():
    program = """
circle = Circle()
ref, kept = settle(circle)
now = 1.0
print(collector.look(), gc.get_freeze_count() > 2000)
del circle
ref2, kept2 = settle(Circle())
now = 3599.0
print(collector.look(), ref() is None)
ref3, kept3 = settle(Circle())
now = 3600.0
print(collector.look(), ref() is None)
"""
    assert said(QUIET_AND_BUSY + program) == ["True", "True", "True", "False", "True", "True"]


def test_a_crowd_that_came_is_left_alone_without_a_look():
    program = """
circle = Circle()
look_after = 10, 1, 1_000_000  # thirty looks at what survived one
ref, kept = settle(circle)
del circle
now = 1.0
print(collector.look(), ref() is None, gc.get_freeze_count() > 2000)
look_after = 100, 1, 1_000_000
ref2, kept2 = settle(Circle())
now = 2.0
print(collector.look(), ref2() is None)
"""
    assert said(QUIET_AND_BUSY + program) == ["True", "False", "True", "True", "True"]
