"""What Cog says of one job, by stream or by snapshot, as updates: each thing once, however often it is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safelight.providers import (
    Canceled,
    Logged,
    Noted,
    Produced,
    Progressed,
    ProviderProtocol,
    Started,
    Succeeded,
    Update,
)
from safelight.providers.toolbox import Event, Lines, failure_of, files_of, items_of, texts_of, told


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
        """
        Yield what an event of the stream says. One that makes no sense says nothing, and the job goes on.

        Raises:
            ProviderProtocol: It is the end that makes no sense.
        """
        try:
            said = event.said()
        except ProviderProtocol as error:
            if event.name == "completed":
                raise
            yield Logged(str(error), level="warning")
            return
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
                for text in texts_of(prediction.get("output"), is_concatenated=self._is_concatenated):
                    yield Produced(text.encode("utf-8", "replace"), type="text/plain")
                yield Succeeded()
            case "failed":
                yield failure_of(prediction.get("error"))
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
        for index, item in enumerate(items_of(prediction.get("output"))):
            yield from self._output(index, item)

    def _output(self, index: int, item: Any) -> Iterator[Update]:
        if index not in self._told and (addresses := list(files_of(item))):
            self._told.add(index)
            for place, address in enumerate(addresses):
                yield Produced(address, name=f"{index}.{place}")  # two may have the same bytes

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


def _short(value: Any) -> str:
    return str(value)[:80]
