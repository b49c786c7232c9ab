"""What is told about a generation that develops, whatever the form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import attrs

from safelight.client.base import Snapshot


@attrs.frozen(kw_only=True)
class Saved:
    """An output that was saved: what the snapshot says of it, where it is, and its bytes if they are a picture to show."""

    output: dict[str, Any]
    file: Path
    picture: bytes | None = None


class Show(ABC):
    """
    Shows one generation; entered while it develops, `end` is called after that.

    Attributes:
        wants_previews: Whether `preview` does something.
    """

    wants_previews = False

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *exc_info: object) -> None:  # noqa: B027 - most draw nothing that would have to be taken away
        """Stop drawing; what was said stays."""

    @abstractmethod
    def begin(self, snapshot: Snapshot, place: str) -> None:
        """Say which generation it is and where."""

    @abstractmethod
    def step(self, snapshot: Snapshot) -> None:
        """Show a snapshot that is not the end."""

    @abstractmethod
    def note(self, sentence: str) -> None:
        """Say something about the watching itself: a lost connection, a cancel that was asked for."""

    def preview(self, lines: list[str]) -> None:
        """Show the unfinished picture, as lines of half-blocks."""
        raise NotImplementedError

    @abstractmethod
    def end(self, snapshot: Snapshot, saved: list[Saved]) -> None:
        """Show the end and what was saved of it."""
