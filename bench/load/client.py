"""Driving the load client, and what it says as one object."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from bench.load.building import built
from bench.measuring.cores import pinned

_SOURCES = Path(__file__).parent / "sseload"
HARD_SECONDS = 300


class LoadFailed(Exception):
    """The load client could not do what it was asked."""


@attrs.frozen(kw_only=True)
class Times:
    """Quantiles of some times, in milliseconds; -1 without any."""

    n: int
    p50: float
    p99: float
    most: float

    @classmethod
    def read(cls, said: dict[str, Any]) -> Self:
        """Read what the client says in microseconds."""
        return cls(n=said["n"], p50=said["p50"] / 1e3, p99=said["p99"] / 1e3, most=said["max"] / 1e3)


@attrs.frozen(kw_only=True)
class Load:
    """
    What one run of the client saw. Counts are of its window.

    Attributes:
        connected: Streams that were opened.
        final: Streams that saw the event to be waited for.
        received: Events at viewers that read.
        bytes: On the wire, heads and chunk lengths included.
        missing: Numbers that were skipped.
        completed: Creations, or returns after the storm.
        cpu_seconds: The server's, by the kernel's account.
        rss_kib: The server's memory at start, connected, end, and at most.
        complaint: What the client said besides: the first refusal, the first stream that could not be opened.
    """

    connected: int
    failed: int
    ended: int
    final: int
    gzip: int
    published: int
    events: int
    received: int
    bytes: int
    comments: int
    missing: int
    disordered: int
    repeated: int
    completed: int
    connect_seconds: float
    storm_connect_seconds: float
    busy_seconds: float
    window_seconds: float
    cpu_seconds: float
    cpu_connect_seconds: float
    rss_kib: dict[str, int]
    latency: Times
    first_event: Times
    completing: Times
    complaint: str

    @classmethod
    def read(cls, said: dict[str, Any], complaint: str) -> Self:
        """Read the client's JSON."""
        same = {name: said[name] for name in _COUNTS}
        return cls(
            **same,
            connect_seconds=said["connect_s"],
            storm_connect_seconds=said["storm_connect_s"],
            busy_seconds=said["busy_s"],
            window_seconds=said["window_s"],
            cpu_seconds=said["cpu_s"],
            cpu_connect_seconds=said["cpu_connect_s"],
            rss_kib=said["rss_kib"],
            latency=Times.read(said["latency_us"]),
            first_event=Times.read(said["first_event_us"]),
            completing=Times.read(said["completed_us"]),
            complaint=complaint,
        )

    @property
    def cpu_us_per_delivery(self) -> float:
        """The server's microseconds for each event at each viewer."""
        return self.cpu_seconds * 1e6 / self.events


_COUNTS = (
    "connected", "failed", "ended", "final", "gzip", "published", "events", "received", "bytes", "comments", "missing",
    "disordered", "repeated", "completed",
)  # fmt: skip


def sseload() -> Path:
    """Return the client, built if need be."""
    return built("sseload", _SOURCES, "-lz")


def drive(at: str, path: str, *arguments: str, pids: Sequence[int] = (), cores: frozenset[int] | None = None) -> Load:
    """
    Run the client to its end.

    Raises:
        LoadFailed: It says why.
    """
    watched = ["--pid", ",".join(map(str, pids))] if pids else []
    done = subprocess.run(
        [str(sseload()), "--hard", str(HARD_SECONDS), *arguments, *watched, at, path],
        check=False,
        capture_output=True,
        text=True,
        timeout=HARD_SECONDS + 30,
        preexec_fn=None if cores is None else pinned(cores),
    )
    if done.returncode:
        raise LoadFailed(done.stderr.strip() or f"the load client ended with {done.returncode}, out of time: {done.stdout}")
    try:
        return Load.read(json.loads(done.stdout), done.stderr.strip())
    except ValueError as error:
        raise LoadFailed(f"the load client said {done.stdout!r}") from error
