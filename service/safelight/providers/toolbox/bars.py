"""Progress bars that a model draws into its log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from safelight.status import Steps
from safelight.updates import Logged, Progressed, Update

_BAR = re.compile(r"(?P<label>[^|]{0,80}?)\s*(?P<percent>\d{1,3})%\|[^|]*\|\s*(?P<current>\d{1,9})/(?P<total>\d{1,9})\s")
"""A progress bar as tqdm draws it."""
_PREPARING = re.compile(r"load|download|fetch|compil|warm", re.IGNORECASE)
_MAX_LINE = 16 * 1024


class Lines:
    """Text as it comes, cut into lines: a bar that is drawn again and again ends in carriage returns."""

    def __init__(self) -> None:
        self._rest = ""

    def take(self, text: str) -> Iterator[str]:
        """Yield the lines that `text` ends; what follows the last of them waits."""
        *lines, rest = re.split(r"[\r\n]", text)
        for line in lines:
            whole, self._rest = self._rest + line, ""
            yield whole
        self._rest = (self._rest + rest)[-_MAX_LINE:]

    def end(self) -> str:
        """Return what waits for an end that will not come."""
        whole, self._rest = self._rest, ""
        return whole


def told(line: str, *, level: str = "info", is_measured: bool = False) -> Iterator[Update]:
    """
    Yield what a line of a log says: a bar is progress, an empty line nothing.

    A bar of what comes before the work, such as loading a model, is shown in words: as progress it would reach the end
    before the work began.

    Args:
        is_measured: Whether progress is known better, so that a bar only counts steps.
    """
    if not (bar := _BAR.search(line + " ")):
        if line.strip():
            yield Logged(line, level=level)
        return
    current, total, label = int(bar["current"]), int(bar["total"]), bar["label"].strip(" :")
    if _PREPARING.search(label):
        yield Progressed(message=f"{label}: {current}/{total}")
        return
    fraction = None if is_measured or not 0 < total >= current else current / total
    yield Progressed(fraction, steps=Steps(current, total, None, label or None))
