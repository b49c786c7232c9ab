"""
How a run of everything is laid out: what takes longest comes first, and more at once than there are cores.

The lanes that take minutes, or need what CI has not, run only when they are asked for.
"""

import logging
import os
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from tests.warm import Warm

HERE = Path(__file__).parent
LIVE = HERE / "live"
SLOW = (HERE / "e2e", HERE / "clients")
"""Tests of processes and browsers, which wait for more than half of their time."""
WORKERS_PER_CORE = 2

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is compiled once need not be at every start of a process


def pytest_addoption(parser):
    parser.addoption("--live", action="store_true", help="run tests/live, against real servers and images, and nothing else")
    parser.addoption("--record", action="store_true", help="with --live: write what came of each lane to docs/live")


def pytest_ignore_collect(collection_path, config):
    if LIVE in (collection_path, *collection_path.parents):
        return None if config.getoption("--live") else True
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    return WORKERS_PER_CORE * len(os.sched_getaffinity(0))


def pytest_collection_modifyitems(items):
    """Put the slow first, so that what is left at the end is small enough to be shared out evenly."""
    items.sort(key=lambda item: not any(folder in item.path.parents for folder in SLOW))


@pytest.fixture(autouse=True)
def logs_as_before():
    """Whatever sets the log up for its own test, the command line among it, leaves none of that to the next."""
    root = logging.getLogger()
    before, handlers, level = structlog.get_config(), root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def warm():
    """Start processes of the command without what it takes to load it."""
    with closing(Warm()) as process:
        yield process
