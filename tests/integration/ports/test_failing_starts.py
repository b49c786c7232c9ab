"""Each call of a port fails once while the service comes up or leaves: a sentence, an exit code, and no half service."""

import asyncio
import json
import logging
import os
import signal

import pytest
import structlog

from safelight.cli import main
from safelight.config.model import Config, Data
from safelight.core import Safelight
from safelight.status import Outcome

LONG = 10**10
LOST = "web.serving._lost: Journal.lost"
STARTS = {
    "equipment.equipped: Journal.__aenter__": 1,
    "equipment.equipped: Outputs.__aenter__": 1,
    "estimates.learning.Estimates.load: Journal.remembered": 1,
    "supervisor.Supervisor.recover: Journal.unfinished": 1,
    "supervisor.Supervisor._take_over: Journal.claim": 2,
    "supervisor.Supervisor._end: Journal.append": 2,
}
"""And of how many calls the last one fails."""
LEAVES = [
    "equipment.equipped: Journal.__aexit__",
    "equipment.equipped: Outputs.__aexit__",
    LOST,
]


@pytest.fixture
def left(tmp_path, leave_behind):
    """Two generations that an earlier process has not brought to their end."""
    return [asyncio.run(leave_behind(tmp_path / "data", is_ended=False))[0] for _ in range(2)]


@pytest.fixture
def serve_to_the_end(tmp_path, trouble, capsys, monkeypatch):
    """Run the command, which has to leave once it is up; return its exit code, what it logged, what it said to people."""
    monkeypatch.chdir(tmp_path)
    settings = {"data.retention_seconds": LONG, "server.drain_seconds": 0, "logs.format": "json"}
    overrides = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    trouble.on(LOST, lambda: os.kill(os.getpid(), signal.SIGTERM))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    others = {name: logging.getLogger(name).level for name in ("asyncio", "aiohttp.access")}

    def serve():
        with pytest.raises(SystemExit) as left:
            main(["serve", "--port", "0", "--data", "data", *overrides])
        said = capsys.readouterr().err.splitlines()
        events = {json.loads(line)["event"] for line in said if line.startswith("{")}
        return left.value.code, events, [line for line in said if not line.startswith("{")]

    yield serve
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in others.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


async def recovered(folder, left):
    """Come up once more, and make sure that what was left has one honest end."""
    async with Safelight(Config(data=Data(folder=str(folder), retention_seconds=LONG))) as core:
        assert await core.journal.unfinished() == []
        for generation in left:
            statuses = await core.journal.read(generation)
            assert [status.version.seq for status in statuses] == [1, 2]
            assert [status.is_terminal for status in statuses] == [False, True]
            assert statuses[-1].outcome is Outcome.INTERRUPTED


@pytest.mark.parametrize("place", STARTS)
def test_a_call_that_fails_at_the_start_is_said_in_one_sentence_and_nothing_is_served(
    place, error, trouble, tmp_path, left, serve_to_the_end, words
):
    trouble.arm(place, error, nth=STARTS[place])
    code, events, (sentence,) = serve_to_the_end()
    assert (code, trouble.is_over) == (1, True)
    assert sentence.startswith("safelight: ")
    assert words in sentence
    assert not events & {"service_opened", "service_listening"}
    asyncio.run(recovered(tmp_path / "data", left))


@pytest.mark.parametrize("place", LEAVES)
def test_a_call_that_fails_at_the_end_is_said_in_one_sentence_too(place, error, trouble, tmp_path, left, serve_to_the_end, words):
    trouble.arm(place, error)
    code, events, (sentence,) = serve_to_the_end()
    assert (code, trouble.is_over) == (1, True)
    assert sentence.startswith("safelight: ")
    assert words in sentence
    assert "service_listening" in events
    asyncio.run(recovered(tmp_path / "data", left))


def test_every_call_by_which_the_service_comes_up_or_leaves_fails_in_a_test_of_this_page(places_of_lifetime):
    assert {*STARTS, *LEAVES} == places_of_lifetime
