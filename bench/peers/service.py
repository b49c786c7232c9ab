"""The service as its users have it: its own process, its journal on a real disk, its defaults but for what a row says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.peers.base import PATIENCE_SECONDS, NotUp, Server
from bench.places import HERE

PROVIDER = HERE / "provider"
_CONFIG = """
[providers.bench]
plugin = "bench"

[deadlines]
stall_seconds = 3600
"""
"""What holds still while thousands are made or connected is not to be ended for it."""
_UNUSED = 2**20
"""The channel of a run that holds still: only its snapshot is looked at."""
_LONGEST, _LONGEST_REF = 480, 200
_STAMP = 40
"""Bytes for the stamp and the number in a message."""


class Service(Server):
    """`safelight serve` with the benchmark's provider on its path; events reach it through the provider's desk."""

    name = "safelight"
    title = "Safelight"
    _ref: str | None = None

    def command(self) -> list[str]:
        """See `Server`."""
        (self.folder / "config.toml").write_text(_CONFIG, encoding="utf-8")
        settings = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        serve = ["serve", "--config", "config.toml", "--port", str(self.port), "--data", "data"]
        return [sys.executable, "-m", "safelight", *serve, *settings]

    @property
    def environment(self) -> dict[str, str]:
        """The provider is found as any installed plugin is."""
        return super().environment | {"PYTHONPATH": str(PROVIDER)}

    def is_up(self) -> bool:
        """See `Server`; it says itself where the desk is."""
        return super().is_up() and self._desk_file.exists()

    @property
    def publish_at(self) -> str:
        """The desk."""
        return f"127.0.0.1:{self._desk_file.read_text(encoding='ascii').strip()}"

    def channel(self, number: int, **run: Any) -> str:
        """Start a run; return the path of its stream."""
        return self.channels([number], **run)[0]

    def channels(self, numbers: Iterable[int], **run: Any) -> list[str]:
        """Start a run for each number; return the paths of their streams."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)) as connection:
            ids = [_ask(connection, "POST", "/v1/generations", self._draft(number, run))["sessionId"] for number in numbers]
        return [f"/v1/generations/{id_}/events" for id_ in ids]

    def snapshot(self, path: str) -> dict[str, Any]:
        """Return the newest snapshot of the run whose stream is at `path`."""
        return self.ask("GET", path.removesuffix("/events"))

    def message_bytes(self, data_bytes: int) -> int:
        """A snapshot says more than the message, which is cut at some length: a `ref` on every run from now on fills it up."""
        around = len(json.dumps(self.snapshot(self.channel(_UNUSED)), separators=(",", ":"))) + len(',"message":""')
        size = min(data_bytes - around, _LONGEST)
        if size < _STAMP:
            raise ValueError(f"a snapshot is {around} bytes without a message: {data_bytes} are not enough")
        missing = data_bytes - around - size - len(',"ref":""')
        self._ref = "r" * min(missing, _LONGEST_REF) if missing > 0 else None
        return size

    def ask(self, method: str, path: str) -> dict[str, Any]:
        """Return the answer to a call."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)) as connection:
            return _ask(connection, method, path)

    def _draft(self, number: int, run: Mapping[str, Any]) -> dict[str, Any]:
        return draft(number, **run) | ({"ref": self._ref} if self._ref else {})

    @property
    def _desk_file(self) -> Path:
        return self.folder / "data" / "providers" / "bench" / "port"


def draft(number: int, **run: Any) -> dict[str, Any]:
    """Return the body that starts a run."""
    return {"prompt": "a lighthouse at dusk", "options": {"channel": number, **run}}


def _ask(connection: HTTPConnection, method: str, path: str, body: object = None) -> dict[str, Any]:
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    said: dict[str, Any] = json.loads(answer.read() or b"null")
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        raise NotUp(f"{method} {path}: {answer.status} {said}")
    return said
