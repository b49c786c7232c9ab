"""What was told of one job: statuses come by stream and by poll, and each line of the log is told once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from safelight.providers import Logged, Noted, Queued, Started, Update
from safelight.providers.toolbox import told
from safelight_fal.settings import Words

_MOST_LINES = 50_000
_LEVELS = {"ERROR": "error", "WARN": "warning", "WARNING": "warning", "DEBUG": "debug"}


class Story:
    """
    The story of one job.

    Attributes:
        is_cancel_asked: Whether the queue took a cancel of ours.
        lost_at: Since when, by the loop's clock, the queue knows no such job.
    """

    def __init__(self, words: Words) -> None:
        self.is_cancel_asked = False
        self.lost_at: float | None = None
        self._words = words
        self._heard: set[int] = set()
        self._is_running = False
        self._newest: Update = Queued()

    @property
    def newest(self) -> Update:
        """Where it stands; said again, it is a sign of life."""
        return self._newest

    def is_over(self, said: dict[str, Any]) -> bool:
        """Whether a status is the last."""
        return said.get("status") in self._words.completed

    def stand(self, said: dict[str, Any]) -> Iterator[Update]:
        """Yield where the job stands, and what is new in its log: a poll tells all of it, the stream only what is new."""
        word = said.get("status")
        if word in self._words.queued:
            self._newest = Queued(_position(said.get("queue_position")))
            yield self._newest
            if self._is_running:
                yield Noted("The job was put back into the queue.")
            self._is_running = False
        elif word in self._words.running:
            self._newest, self._is_running = Started(), True
            yield self._newest
        elif not self.is_over(said):
            yield Noted(f"The queue calls it {word!r:.40}.")
        yield from self._log(said.get("logs"))

    def measured(self, said: dict[str, Any]) -> Iterator[Update]:
        """Yield what the last status measured."""
        metrics = said.get("metrics")
        for name, value in metrics.items() if isinstance(metrics, dict) else ():
            yield Logged(f"metric {str(name)[:80]} = {str(value)[:80]}", level="debug")

    def _log(self, lines: Any) -> Iterator[Update]:
        for line in lines if isinstance(lines, list) else ():
            if not isinstance(line, dict) or not isinstance(message := line.get("message"), str):
                continue
            heard = hash((line.get("timestamp"), message)) if isinstance(line.get("timestamp"), str) else hash(message)
            if heard in self._heard or len(self._heard) >= _MOST_LINES:
                continue
            self._heard.add(heard)
            for part in re.split(r"[\r\n]", message):
                yield from told(part, level=_LEVELS.get(str(line.get("level")).upper(), "info"))


def _position(said: Any) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None
