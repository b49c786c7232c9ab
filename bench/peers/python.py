"""The peers in Python: each an application of one file, under `apps`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import ClassVar

from bench.peers.base import Server
from bench.places import ROOT


class Application(Server):
    """A server that is a module of `bench.peers.apps`."""

    module: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("aiohttp", "aiohttp_sse")

    @classmethod
    def lacks(cls) -> str | None:
        """See `Server`."""
        missing = [name for name in cls.needs if find_spec(name) is None]
        return f"pip install {' '.join(missing)}" if missing else None

    def command(self) -> list[str]:
        """See `Server`."""
        return [sys.executable, "-m", f"bench.peers.apps.{self.module}", str(self.port)]

    @property
    def environment(self) -> dict[str, str]:
        """The checkout is on the path."""
        return super().environment | {"PYTHONPATH": str(ROOT)}


class Prototype(Application):
    """What aiohttp can do: a frame encoded once, written to each transport in one loop, and nothing of a service."""

    name = "prototype"
    title = "bare aiohttp, encoded once"
    module = "prototype"


class Documented(Application):
    """aiohttp-sse as its documentation shows it: a task and a queue for each viewer."""

    name = "aiohttp-sse"
    title = "aiohttp-sse as documented"
    module = "documented"


class SseStarlette(Application):
    """sse-starlette on uvicorn with uvloop and httptools, as its documentation shows it."""

    name = "sse-starlette"
    title = "sse-starlette, uvicorn"
    module = "starlette"
    needs = ("sse_starlette", "uvicorn", "uvloop", "httptools")


class SeedLoop(Application):
    """The loop this service replaced: every viewer's connection polls the upstream once a second for itself."""

    name = "seed"
    title = "a polling loop per viewer"
    module = "seed"
