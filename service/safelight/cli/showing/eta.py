"""How long it will still take: what the snapshot says, else what the pace so far lets expect."""

from __future__ import annotations

from safelight.client.base import Snapshot

_ENOUGH_PERCENT = 5
_ENOUGH_SECONDS = 1.0


class Eta:
    """Follows the snapshots of one generation; all times are of one clock that never jumps."""

    def __init__(self) -> None:
        self._said: float | None = None
        self._said_at = 0.0
        self._first: tuple[float, int] | None = None
        self._newest: tuple[float, int] | None = None

    def hear(self, snapshot: Snapshot, now: float) -> None:
        """Take a snapshot that came at `now`."""
        eta, progress = snapshot.get("eta"), snapshot.get("progress")
        self._said, self._said_at = (None if eta is None else float(eta["p50"])), now
        if snapshot.get("phase") != "running" or progress is None:
            self._first = self._newest = None
            return
        if self._first is None or progress < self._first[1]:
            self._first = (now, progress)
        if self._newest is None or progress != self._newest[1]:
            self._newest = (now, progress)

    def left(self, now: float) -> float | None:
        """Return the seconds left at `now`, None where nobody can know."""
        if self._said is not None:
            return max(self._said - (now - self._said_at), 0.0)
        if self._first is None or self._newest is None:
            return None
        (begun, base), (at, progress) = self._first, self._newest
        if progress - base < _ENOUGH_PERCENT or at - begun < _ENOUGH_SECONDS:
            return None
        total = (at - begun) / (progress - base) * (100 - progress)
        return max(total - (now - at), 0.0)
