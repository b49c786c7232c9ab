"""The lanes that take minutes, or need what CI has not, run only when they are asked for."""

from pathlib import Path

LIVE = Path(__file__).parent / "live"


def pytest_addoption(parser):
    parser.addoption("--live", action="store_true", help="run tests/live, against real servers and images, and nothing else")
    parser.addoption("--record", action="store_true", help="with --live: write what came of each lane to docs/live")


def pytest_ignore_collect(collection_path, config):
    if LIVE in (collection_path, *collection_path.parents):
        return None if config.getoption("--live") else True
    return None
