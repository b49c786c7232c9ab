"""The limit: the least that a server can do, in C."""

from __future__ import annotations

from pathlib import Path

from bench.load.building import built
from bench.peers.base import Server


class Limit(Server):
    """One epoll thread that sends one ready frame to every socket."""

    name = "limit"
    title = "C limit"

    def command(self) -> list[str]:
        """See `Server`."""
        return [str(built("limit", Path(__file__).parent / "broadcaster")), str(self.port)]
