"""One generation, many viewers, one event at a time: what several rows need."""

from __future__ import annotations

from bench.load.client import Load
from bench.measuring.sheet import Wrong
from bench.peers import Server
from bench.rows.base import Bench

DATA_BYTES = 500
"""The data of an event: about what a snapshot with a short message has, and the same for every peer."""


def feed(
    bench: Bench, server: Server, *, viewers: int, events: int, data_bytes: int = DATA_BYTES, headers: tuple[str, ...] = ()
) -> Load:
    """
    Hand in one event after the other, each when the one before is at every viewer.

    Raises:
        Wrong: An event did not reach somebody.
    """
    size = server.message_bytes(data_bytes)
    path = server.channel(0, how="fed")
    more = [word for header in headers for word in ("-H", header)]
    load = bench.watch(
        server, path, "-n", viewers, "-W", 1, "-X", events, "-z", size, "-d", 90, "--publish", server.publish_path % 0, *more
    )
    if load.received != viewers * events or load.published != events:
        raise Wrong(f"{server.name}: {load.published} events for {viewers} viewers are {load.received} deliveries")
    return load
