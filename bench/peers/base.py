"""A server under test: a process on its own cores, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from bench.measuring.cores import pinned

PATIENCE_SECONDS = 30.0
_TURN_SECONDS = 0.005


class NotUp(Exception):
    """A server did not start."""


class Server(ABC):
    """
    One process that streams events; enter it to start it.

    Attributes:
        name: What figures call it.
        title: What charts call it.
        publish_path: Where an event of channel `%d` is handed in.
        settings: What this run changes of its defaults; the service alone has any.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    publish_path: ClassVar[str] = "/pub/%d"

    def __init__(self, folder: Path, cores: frozenset[int], settings: Mapping[str, object] | None = None) -> None:
        self.settings = dict(settings or {})
        self.folder = folder
        self.port = free_port()
        self._cores = cores

    @classmethod
    def lacks(cls) -> str | None:
        """Return what would have to be installed for it, None if nothing."""
        return None

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts it, on `port`."""

    @property
    def environment(self) -> dict[str, str]:
        """What its process finds in the environment."""
        return {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose work counts."""
        return (self._process.pid,)

    @property
    def at(self) -> str:
        """Where its streams are."""
        return f"127.0.0.1:{self.port}"

    @property
    def publish_at(self) -> str:
        """Where events are handed in."""
        return self.at

    def channel(self, number: int, **run: Any) -> str:  # noqa: ARG002 - peers have channels, not runs
        """Make a channel if need be; return the path of its stream."""
        return f"/sub/{number}"

    def message_bytes(self, data_bytes: int) -> int:
        """Return how long a message may be for the whole event to have so much data."""
        return data_bytes

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                preexec_fn=pinned(self._cores),
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        workers = set(self.pids) - {self._process.pid} if self._process.poll() is None else set()
        self._process.kill()  # what it would say in leaving is nobody's figure
        self._process.wait()
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.is_up():
            if self._process.poll() is not None or time.monotonic() > end:
                raise NotUp(f"{self.name} did not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(_TURN_SECONDS)

    def is_up(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def free_port() -> int:
    """Return a port of loopback that nobody has, from below those that the kernel gives to clients: thousands of them come and go."""
    least = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    while True:
        port = random.randrange(least // 2, least)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
