"""Everything that is measured: the service, and its peers beside it."""

from __future__ import annotations

from bench.peers.base import Server
from bench.peers.limit import Limit
from bench.peers.nchan import Nchan
from bench.peers.node import BetterSse
from bench.peers.python import Documented, Prototype, SeedLoop, SseStarlette
from bench.peers.service import Service

SERVERS: dict[str, type[Server]] = {
    server.name: server for server in (Service, Limit, Nchan, Prototype, Documented, SseStarlette, BetterSse, SeedLoop)
}
"""By the name that figures carry."""

__all__ = ["SERVERS", "Server"]
