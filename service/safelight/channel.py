"""One generation's newest frame, and those who look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from safelight.crowd import Crowd
from safelight.frames import Frame, LogLine
from safelight.rows import Row, Shortcut
from safelight.status import Status
from safelight.versions import Version
from safelight.viewer import Viewer

Audience = Callable[[int], None]
SLICE = 100
"""Viewers written to in one turn of the loop: less than a millisecond of work, so that nobody else waits for long."""
_FEW_ROOMY = 8


class Subscription:
    """
    One viewer's place at one channel: in a row with others who keep up, or by itself.

    Attributes:
        row: Where it stands with others; None while it stands by itself.
        place: The crowd's own note of one by itself; -1 otherwise.
        skipped: How many frames it could not be shown.
        events: How many were written past the viewer, once it is by itself; in a row, less what that has counted.
        bytes: How long these snapshots were, likewise.
    """

    __slots__ = ("_seen", "bytes", "channel", "events", "place", "row", "skipped", "viewer")

    def __init__(self, channel: Channel, viewer: Viewer, seen: Version) -> None:
        self.channel = channel
        self.viewer = viewer
        self.skipped = self.events = self.bytes = 0
        self.place = -1
        self._seen = seen
        self.row: Row[Subscription] | None = None

    @property
    def seen(self) -> Version:
        """The newest that was shown."""
        return self._seen if self.row is None else self.row.seen

    @property
    def heard_at(self) -> float:
        """When something was said to all at this channel, or in this row, by the loop's clock."""
        posted_at = self.channel.posted_at
        return posted_at if self.row is None else max(posted_at, self.row.said_at)

    @property
    def is_present(self) -> bool:
        """Whether it is at the channel."""
        return self.place >= 0 or self.row is not None

    def start(self, seen: Version) -> None:
        """Begin behind what was shown otherwise, and so was not missed."""
        self._seen = seen
        self.skipped = 0

    def serve(self, frame: Frame) -> int:
        """Take a turn."""
        self.offer(frame)
        return 1

    def offer(self, frame: Frame) -> None:
        """Show a frame if it is newer than what was shown and the viewer can take it."""
        if frame.version <= self.seen:
            return
        self.detour()
        if self.viewer.is_paused:
            self.skip()
            return
        self._seen = frame.version
        self.viewer.show(frame)
        self.hurry()

    def resume(self, rest: bytes) -> None:
        """Have the viewer take what is left of a frame."""
        self.viewer.resume(rest)

    def skip(self) -> None:
        """Show nothing now: every frame is a whole snapshot, and the viewer catches up with the newest when it drains."""
        if self.is_present:  # it may have left since its turn came
            self.skipped += 1
            self.viewer.lag()

    def catch_up(self) -> None:
        """Offer the newest frame."""
        self.offer(self.channel.frame)

    def hurry(self) -> None:
        """Stand in a row from now on, if the viewer has a shortcut and what follows is what comes next."""
        newest = self.channel.frame
        if self.place < 0 or self._seen is not newest.version or newest.status.is_terminal:
            return
        if (shortcut := self.viewer.shortcut) is not None:
            self.row = row = self.channel.seat(self, shortcut)
            self.events -= row.events  # what the row has counted until now was shown to others
            self.bytes -= row.bytes

    def detour(self) -> None:
        """Stand by itself from now on: everything is shown to the viewer."""
        if self._leave_row():
            self.channel.crowd.add(self)

    def close(self) -> None:
        """Leave the channel; leaving twice is harmless."""
        if self._leave_row() or self.channel.crowd.remove(self):
            self.channel.part(self)

    def _leave_row(self) -> bool:
        row, self.row = self.row, None
        if row is None:
            return False
        self._seen = row.seen
        self.events += row.events
        self.bytes += row.bytes
        self.channel.unseat(self, row)
        return True

    @property
    def is_done(self) -> bool:
        """Whether the end was shown."""
        return self.channel.frame.status.is_terminal and self.seen >= self.channel.frame.version


class Channel:
    """
    One generation's newest frame and who looks at it.

    Attributes:
        crowd: Everybody who looks, in rows or alone, and whose turn it is.
        listeners: Those of them who want the log.
        posted_at: When the newest frame was posted, by the loop's clock.
        audience: Told how many look, whenever somebody comes or leaves.
    """

    __slots__ = ("_roomy", "_size", "audience", "crowd", "frame", "listeners", "owner", "posted_at")

    def __init__(self, status: Status, owner: str, snapshot: bytes | None = None) -> None:
        self.frame = Frame(status, snapshot)
        self.owner = owner
        self.crowd: Crowd[Row[Subscription] | Subscription] = Crowd()
        self.listeners: dict[Subscription, None] = {}
        self.audience: Audience | None = None
        self.posted_at = 0.0
        self._size = 0
        self._roomy: list[Row[Subscription]] = []

    @property
    def subscriptions(self) -> list[Subscription]:
        """Everybody who looks now."""
        return [one for party in self.crowd for one in (party.members if isinstance(party, Row) else (party,))]

    def join(self, subscription: Subscription) -> None:
        """Let a viewer look."""
        self.crowd.add(subscription)
        if subscription.viewer.wants_log:
            self.listeners[subscription] = None
        self._count(1)

    def part(self, subscription: Subscription) -> None:
        """Count one less."""
        self.listeners.pop(subscription, None)
        self._count(-1)

    def _count(self, more: int) -> None:
        self._size += more
        if self.audience is not None:
            self.audience(self._size)

    def seat(self, subscription: Subscription, shortcut: Shortcut) -> Row[Subscription]:
        """Have somebody who has stood alone, and has seen the newest, in a row; return it."""
        newest = self.frame.version
        row = next((row for row in self._roomy if row.suits(shortcut, newest)), None)
        if row is None:
            row = Row(shortcut, newest)
            self._roomy.append(row)
            self.crowd.add(row)
        row.add(subscription, shortcut.way)
        if len(row) == SLICE:
            self._roomy.remove(row)
        self.crowd.remove(subscription)
        return row

    def unseat(self, subscription: Subscription, row: Row[Subscription]) -> None:
        """Have somebody in a row no more."""
        if len(row) == SLICE:
            self._roomy.append(row)
        row.remove(subscription)
        if not len(row):
            self._roomy.remove(row)
            self.crowd.remove(row)

    def renew(self, status: Status, snapshot: bytes | None = None) -> None:
        """Have a newer status, and everybody to be shown it."""
        if len(self._roomy) > _FEW_ROOMY and not self.crowd.is_due:
            self._close_up()
        self.frame.outdate()
        self.frame = Frame(status, snapshot, before=self.frame)
        self.posted_at = asyncio.get_running_loop().time()
        self.crowd.begin()

    def _close_up(self) -> None:
        """Have those whose rows are less than half full stand together."""
        members = [member for row in self._roomy for member in row.members]
        if len(members) * 2 < SLICE * len(self._roomy):
            for member in members:
                member.detour()
            for member in members:
                member.hurry()

    def serve(self, count: int) -> int:
        """Offer the newest frame to the next of those who are due, row by row; return how many were taken care of."""
        served, frame = 0, self.frame
        while served < count and (party := self.crowd.next()) is not None:
            served += party.serve(frame)
        return served

    async def tell(self, line: LogLine) -> None:
        """Let those hear a line who want the log; for whoever cannot take it now it is lost."""
        for count, subscription in enumerate(tuple(self.listeners), 1):
            if subscription in self.listeners and not subscription.viewer.is_paused:
                subscription.viewer.hear(line)
            if count % SLICE == 0:
                await asyncio.sleep(0)
