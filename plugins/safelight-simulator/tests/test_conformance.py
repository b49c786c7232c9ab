"""The laws of every provider, kept by both forms of the simulator."""

from typing import ClassVar

import pytest

from safelight.structuring import structure
from safelight.testing import ProviderLaws, Situation, Stage
from safelight_simulator.ledger import Ledger
from safelight_simulator.plugin import RemoteSimulator, Simulator
from safelight_simulator.settings import LocalSettings, RemoteSettings, capabilities

PLAYS = {
    Situation.SUCCEEDS: {"scenario": "success", "seconds": 0.2},
    Situation.SLOW: {"scenario": "success", "seconds": 0.3},
    Situation.WAITS: {"scenario": "queue", "seconds": 30},
    Situation.FAILS: {"scenario": "failure", "seconds": 0.2},
    Situation.REFUSED: {"submit": "rejected"},
    Situation.UNANSWERED: {"submit": "unknown_but_running", "seconds": 0.2},
}


class Playhouse(Stage):
    def ask(self, situation):
        return {"prompt": "a lighthouse", "options": PLAYS.get(situation, {"scenario": "success", "seconds": 30})}


class RemotePlayhouse(Playhouse):
    early_outputs = 1

    def __init__(self, tmp_path, **settings):
        self.settings = {"poll_seconds": 0.05, **settings}
        self.folder = tmp_path

    def ask(self, situation):
        script = [{"do": "started"}, {"do": "output"}, {"do": "wait", "seconds": 1.0}, {"do": "succeed"}]
        return {"prompt": "x", "options": {"script": script}} if situation is Situation.LASTS else super().ask(situation)

    @property
    def submissions(self):
        """What stands in the books of every simulated upstream below the test's folder."""
        folders = {file.parent for file in self.folder.rglob("ledger.jsonl")}
        return sum(len(Ledger(folder).submissions()) for folder in folders)

    def go_on(self):
        """It plays on by itself."""


class TestSimulator(ProviderLaws):
    provider = Simulator
    capabilities = capabilities(LocalSettings())

    @pytest.fixture
    def stage(self):
        return Playhouse()


class TestRemoteSimulator(ProviderLaws):
    provider = RemoteSimulator
    capabilities = capabilities(RemoteSettings())

    @pytest.fixture
    def stage(self, tmp_path):
        return RemotePlayhouse(tmp_path)


class TestPolledSimulator(ProviderLaws):
    """What the others do not try: an upstream that is only asked, and takes nothing back that it has begun."""

    said: ClassVar = {"push": "poll", "cancel": "queued_only"}
    provider = RemoteSimulator
    capabilities = capabilities(structure(said, RemoteSettings))

    @pytest.fixture
    def stage(self, tmp_path):
        return RemotePlayhouse(tmp_path, **self.said)
