"""One generation's newest frame, and those who look at it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from safelight.crowd import Crowd
from safelight.frames import Form, Frame, LogLine, Payload
from safelight.status import Status
from safelight.versions import Version

Audience = Callable[[int], None]
SLICE = 100
"""Viewers written to in one turn of the loop: less than a millisecond of work, so that nobody else waits for long."""


class Gate(Protocol):
    """What tells whether a way is open, in the word that aiohttp's protocol has for it."""

    @property
    def writing_paused(self) -> bool:
        """Whether nothing can be taken now."""


class Viewer(ABC):
    """
    An open stream, or anything else that wants the newest snapshot.

    Attributes:
        wants_log: Whether it also hears the lines of the upstream's log; settled before it subscribes.
    """

    __slots__ = ()

    wants_log = False

    @property
    @abstractmethod
    def is_paused(self) -> bool:
        """Whether it cannot take a frame now."""

    @property
    def writing_paused(self) -> bool:
        """The same: a viewer is its own gate unless it gives another."""
        return self.is_paused

    @abstractmethod
    def show(self, frame: Frame) -> None:
        """Take a frame; it must neither block nor raise."""

    def hear(self, line: LogLine) -> None:
        """Take a line of the log, under the rules of `show`; only a viewer that wants the log is told, while it is not paused."""
        raise NotImplementedError

    @abstractmethod
    def lag(self) -> None:
        """Hear that a frame was skipped; call `Subscription.catch_up` when frames can be taken again."""

    @abstractmethod
    def cut(self, reason: str) -> None:
        """Hear that nothing more will come although the generation has not ended."""


class Subscription:
    """
    One viewer's place at one channel.

    Attributes:
        seen: The newest that was shown.
        reach: The channel's own `reach` at that.
        skipped: How many frames it could not be shown.
        events: How many were written past the viewer, by the last `settle`.
        bytes: How long these snapshots were.
    """

    __slots__ = (
        "_run_reach",
        "_run_seq",
        "bytes",
        "channel",
        "events",
        "form",
        "gate",
        "place",
        "reach",
        "seen",
        "skipped",
        "viewer",
        "write",
    )

    def __init__(self, channel: Channel, viewer: Viewer, seen: Version) -> None:
        self.channel = channel
        self.viewer = viewer
        self.seen = seen
        self.skipped = self.events = self.bytes = 0
        self.place = -1
        self._run(seen.seq, channel.reach)
        self.detour()

    def shortcut(self, form: Form, write: Callable[[Any], None], gate: Gate) -> None:
        """Have what is shown from now on, the end alone excepted, written in this form while the gate is open, past the viewer."""
        self._run(self.seen.seq, self.channel.reach)
        self.form: Form | None = form
        self.write: Callable[[Any], None] = write
        self.gate: Gate = gate

    def detour(self) -> None:
        """Have everything shown to the viewer itself."""
        self.settle()
        self.form, self.write, self.gate = None, self.viewer.show, self.viewer

    def settle(self) -> None:
        """
        Count what was written past the viewer.

        That is a run of frames without a gap, so that its ends tell: nothing need be counted while it lasts.
        """
        self.events += self.seen.seq - self._run_seq
        self.bytes += self.reach - self._run_reach
        self._run(self.seen.seq, self.reach)

    def leap(self, seq: int, reach: int) -> None:
        """Count what was written so far, and begin anew behind what is left out."""
        self.settle()
        self._run(seq, reach)

    def _run(self, seq: int, reach: int) -> None:
        self._run_seq, self._run_reach, self.reach = seq, reach, reach

    def offer(self, frame: Frame) -> None:
        """Show a frame if it is newer than what was shown and the viewer can take it."""
        if frame.version <= self.seen:
            return
        if self.viewer.is_paused:
            self.skip()
            return
        self.leap(frame.version.seq, self.channel.reach)
        self.seen = frame.version
        self.viewer.show(frame)

    def skip(self) -> None:
        """Show nothing now: every frame is a whole snapshot, and the viewer catches up with the newest when it drains."""
        if self.place >= 0:  # it may have left since its turn came
            self.skipped += 1
            self.viewer.lag()

    def catch_up(self) -> None:
        """Offer the newest frame."""
        self.offer(self.channel.frame)

    def close(self) -> None:
        """Leave the channel; leaving twice is harmless."""
        self.channel.part(self)

    @property
    def is_done(self) -> bool:
        """Whether the end was shown."""
        return self.channel.frame.status.is_terminal and self.seen >= self.channel.frame.version


class Channel:
    """
    One generation's newest frame and who looks at it.

    Attributes:
        subscriptions: Everybody who looks.
        listeners: Those of them who want the log.
        reach: How long all its snapshots were together, up to and with the newest.
        posted_at: When that was, by the loop's clock.
        audience: Told how many look, whenever somebody comes or leaves.
    """

    __slots__ = ("audience", "frame", "listeners", "owner", "posted_at", "reach", "subscriptions")

    def __init__(self, status: Status, owner: str, snapshot: bytes | None = None) -> None:
        self.frame = Frame(status, snapshot)
        self.owner = owner
        self.subscriptions: Crowd[Subscription] = Crowd()
        self.listeners: dict[Subscription, None] = {}
        self.audience: Audience | None = None
        self.posted_at = 0.0
        self.reach = 0

    def join(self, subscription: Subscription) -> None:
        """Let a viewer look."""
        self.subscriptions.add(subscription)
        if subscription.viewer.wants_log:
            self.listeners[subscription] = None
        self._count()

    def part(self, subscription: Subscription) -> None:
        """Let it look no more."""
        if self.subscriptions.remove(subscription):
            subscription.detour()
            self.listeners.pop(subscription, None)
            self._count()

    def _count(self) -> None:
        if self.audience is not None:
            self.audience(len(self.subscriptions))

    def renew(self, status: Status, snapshot: bytes | None = None) -> None:
        """Have a newer status, and everybody to be shown it."""
        self.frame.outdate()
        self.frame = Frame(status, snapshot, before=self.frame)
        self.reach += len(self.frame.data)
        self.posted_at = asyncio.get_running_loop().time()
        self.subscriptions.begin()

    def serve(self, count: int) -> int:
        """Offer the newest frame to the next of those who are due; return how many were taken care of."""
        frame, version, taken = self.frame, self.frame.version, self.subscriptions.take(count)
        if frame.status.is_terminal:
            for subscription in taken:
                if subscription is not None and subscription.place >= 0:
                    subscription.offer(frame)
            return len(taken)
        seq, reach, form = version.seq, self.reach, None
        before, reach_before = seq - 1, reach - len(frame.data)
        payload: Frame | Payload = frame
        for subscription in taken:  # what stands in this loop is paid for by every viewer of every event
            if subscription is None or (seen := subscription.seen.seq) >= seq:
                continue
            if subscription.gate.writing_paused:
                subscription.skip()
                continue
            if subscription.form is not form:
                form = subscription.form
                payload = frame if form is None else frame.payload(form)
            if seen != before:
                subscription.leap(before, reach_before)
            subscription.seen, subscription.reach = version, reach
            subscription.write(payload)
        return len(taken)

    async def tell(self, line: LogLine) -> None:
        """Let those hear a line who want the log; for whoever cannot take it now it is lost."""
        for count, subscription in enumerate(tuple(self.listeners), 1):
            if subscription in self.listeners and not subscription.viewer.is_paused:
                subscription.viewer.hear(line)
            if count % SLICE == 0:
                await asyncio.sleep(0)
