"""Servers under test start, are known by their processes, and leave nothing behind."""

import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from bench.peers import SERVERS
from bench.peers.base import NotUp, Server

EVERY_CORE = frozenset(range(1024))


class Master(Server):
    """A server whose work is done by a child, as that of nginx is."""

    name = "master"
    title = "Master"

    def command(self):
        serve = f"exec {sys.executable} -m http.server {self.port} --bind 127.0.0.1"
        return ["sh", "-c", f"sleep 1000 & {serve}"]

    @property
    def pids(self):
        master = self._process.pid
        return tuple(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))


class Stillborn(Server):
    """A server that does not start."""

    name = "stillborn"
    title = "Stillborn"

    def command(self):
        return ["sh", "-c", "echo no such port >&2; exit 3"]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_server_is_up_when_it_is_entered_and_nothing_is_left_of_it_after(tmp_path, eventually):
    with Master(tmp_path / "run", EVERY_CORE) as server:
        [worker] = server.pids
        assert is_alive(worker)
        with urlopen(f"http://{server.at}/") as answer:
            assert answer.status == 200
    eventually(lambda: is_alive(worker), lambda alive: not alive)
    assert not (tmp_path / "run").exists()


def test_server_that_does_not_start_says_why(tmp_path):
    with pytest.raises(NotUp, match="stillborn did not start: no such port"), Stillborn(tmp_path / "run", EVERY_CORE):
        pass


def test_every_server_has_a_name_and_a_title_of_its_own():
    assert all(server.name == name for name, server in SERVERS.items())
    assert len({server.title for server in SERVERS.values()}) == len(SERVERS)
