"""The order of snapshots: `(epoch, seq)`, and its form on the wire, the SSE id."""

from __future__ import annotations

import re
from typing import Self

import attrs

FORM = re.compile(r"([0-9]{1,20})-([0-9]{1,20})", re.ASCII)


@attrs.frozen
class Version:
    """
    Where a snapshot stands in the life of its generation.

    Attributes:
        epoch: Rises at every claim of the generation; unix seconds, or the last one plus one.
        seq: Counts snapshots from 1 without gaps, across epochs.
    """

    epoch: int
    seq: int

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read `<epoch>-<seq>`; None for anything else, however hostile."""
        if text is None or len(text) > 41 or not (match := FORM.fullmatch(text)):
            return None
        return cls(int(match[1]), int(match[2]))

    # written out, for what attrs makes of `order=True` takes ten times as long, and each frame is compared for each viewer

    def __lt__(self, other: Version) -> bool:
        return (self.epoch, self.seq) < (other.epoch, other.seq)

    def __le__(self, other: Version) -> bool:
        return (self.epoch, self.seq) <= (other.epoch, other.seq)

    def __gt__(self, other: Version) -> bool:
        return (self.epoch, self.seq) > (other.epoch, other.seq)

    def __ge__(self, other: Version) -> bool:
        return (self.epoch, self.seq) >= (other.epoch, other.seq)

    def next(self, epoch: int) -> Self:
        """Return the version of the snapshot after this one, written under `epoch`."""
        return type(self)(epoch, self.seq + 1)

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


def next_epoch(previous: int, unix_seconds: int) -> int:
    """Return the epoch of a new claim: it rises even when the clock went back."""
    return max(previous + 1, unix_seconds)
