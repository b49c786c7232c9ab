"""What Cog says of one job, by stream or by snapshot, as updates: each thing once, however often it is repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from safelight.providers import (
    Canceled,
    Failed,
    Logged,
    Noted,
    Produced,
    Progressed,
    ProviderProtocol,
    Started,
    Succeeded,
    Update,
)
from safelight.providers.toolbox import Event, Lines, told

_ADDRESS = re.compile(r"(?:data:|https?://)", re.IGNORECASE)
_BLOCKED = re.compile(r"\bnsfw\b|safety (?:checker|filter)|content policy|flagged as sensitive", re.IGNORECASE)
_WRAPPING = re.compile(r"^(?:Prediction failed: )+")


class Narrator:
    """
    The story of one job.

    Attributes:
        has_ended: Whether its end was told.
    """

    def __init__(self, *, is_concatenated: bool) -> None:
        self.has_ended = False
        self._is_concatenated = is_concatenated
        self._is_measured = False
        self._told: set[int] = set()
        self._heard = 0
        self._at = 0
        self._lines = Lines()

    def begin(self) -> None:
        """Note that what follows is told from the beginning again."""
        self._at = 0

    def hear(self, event: Event) -> Iterator[Update]:
        """Yield what an event of the stream says."""
        said = event.said()
        match event.name:
            case "" | "start":
                yield Started()  # said again it changes nothing, and is a sign of life
            case "log":
                yield from self._log(str(said.get("data", "")))
            case "metric":
                yield from self._metric(said.get("name"), said.get("value"))
            case "output" if isinstance(said.get("index"), int):
                yield from self._output(said["index"], said.get("chunk"))
            case "completed":
                yield from self.end(said)
            case _:
                yield Logged(f"Cog says '{event.name[:40]}': {_short(said)}", level="warning")

    def stand(self, prediction: dict[str, Any]) -> Iterator[Update]:
        """Yield what is new in a snapshot of a running job."""
        yield from self._word(prediction.get("status"))
        yield from self._whole(prediction)

    def end(self, prediction: dict[str, Any]) -> Iterator[Update]:
        """
        Yield what is new in the last snapshot, then how the job ended.

        Raises:
            ProviderProtocol: It does not say how.
        """
        yield from self._whole(prediction)
        yield from told(self._lines.end(), is_measured=self._is_measured)
        match prediction.get("status"):
            case "succeeded":
                yield from self._texts(prediction.get("output"))
                yield Succeeded()
            case "failed":
                sentence = _WRAPPING.sub("", str(prediction.get("error") or "The model failed without a reason."))
                yield Failed(sentence, code="content_policy" if _BLOCKED.search(sentence) else "provider_rejected")
            case "canceled":
                yield Canceled()
            case word:
                raise ProviderProtocol(f"The Cog server ended a job as {word!r:.40}.")
        self.has_ended = True

    def _word(self, word: Any) -> Iterator[Update]:
        if word == "processing":
            yield Started()
        elif word != "starting":
            yield Noted(f"Cog calls it {word!r:.40}.")

    def _whole(self, prediction: dict[str, Any]) -> Iterator[Update]:
        self.begin()
        yield from self._log(str(prediction.get("logs") or ""))
        metrics = prediction.get("metrics")
        if isinstance(metrics, dict):
            for name, value in metrics.items():
                yield from self._metric(name, value)
        for index, item in enumerate(_items(prediction.get("output"))):
            yield from self._output(index, item)

    def _output(self, index: int, item: Any) -> Iterator[Update]:
        if index not in self._told and (addresses := list(_addresses(item))):
            self._told.add(index)
            yield from map(Produced, addresses)

    def _texts(self, output: Any) -> Iterator[Update]:
        """Yield the outputs that are no files, which are whole only at the end."""
        texts = [item if isinstance(item, str) else json.dumps(item) for item in _items(output) if not any(_addresses(item))]
        for text in ["".join(texts)] if texts and self._is_concatenated else texts:
            yield Produced(text.encode("utf-8", "replace"), type="text/plain")

    def _metric(self, name: Any, value: Any) -> Iterator[Update]:
        if name == "progress" and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            self._is_measured = True
            yield Progressed(float(value))
        else:
            yield Logged(f"metric {_short(name)} = {_short(value)}", level="debug")

    def _log(self, text: str) -> Iterator[Update]:
        """Take in what follows in the log; what was heard before is skipped."""
        fresh = text[max(0, self._heard - self._at) :]
        self._at += len(text)
        self._heard = max(self._heard, self._at)
        for line in self._lines.take(fresh):
            yield from told(line, is_measured=self._is_measured)


def _items(output: Any) -> list[Any]:
    if output is None:
        return []
    return output if isinstance(output, list) else [output]


def _addresses(item: Any) -> Iterator[str]:
    """Yield the files in an output, which may be an object that holds some."""
    if isinstance(item, str):
        if _ADDRESS.match(item):
            yield item
    elif isinstance(item, dict | list):
        for part in item.values() if isinstance(item, dict) else item:
            yield from _addresses(part)


def _short(value: Any) -> str:
    return str(value)[:80]
