"""Fan-out by state inside one process: each viewer has a version, none has a queue."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime

from safelight.frames import Frame, LogLine
from safelight.status import Status
from safelight.versions import Version

Greeter = Callable[[str], None]
Audience = Callable[[int], None]
NOTHING_SEEN = Version(-1, 0)
_YIELD_EVERY = 250
"""Viewers written to before the loop gets a turn, so that one crowd does not delay the rest."""


class Viewer(ABC):
    """
    An open stream, or anything else that wants the newest snapshot.

    Attributes:
        wants_log: Whether it also hears the lines of the upstream's log; settled before it subscribes.
    """

    wants_log = False

    @property
    @abstractmethod
    def is_paused(self) -> bool:
        """Whether it cannot take a frame now."""

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
    """One viewer's place at one channel."""

    __slots__ = ("channel", "seen", "skipped", "viewer")

    def __init__(self, channel: Channel, viewer: Viewer, seen: Version) -> None:
        self.channel = channel
        self.viewer = viewer
        self.seen = seen
        self.skipped = 0

    def offer(self, frame: Frame) -> None:
        """Show a frame if it is newer than what was shown and the viewer can take it."""
        if frame.version <= self.seen:
            return
        if self.viewer.is_paused:
            self.skipped += 1  # every frame is a whole snapshot: it catches up with the newest when it drains
            self.viewer.lag()
            return
        self.seen = frame.version
        self.viewer.show(frame)

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
    """One generation's newest frame and who looks at it."""

    __slots__ = ("audience", "frame", "listeners", "owner", "subscriptions")

    def __init__(self, status: Status, owner: str, snapshot: bytes | None) -> None:
        self.frame = Frame(status, snapshot)
        self.owner = owner
        self.subscriptions: dict[Subscription, None] = {}
        self.listeners: dict[Subscription, None] = {}
        self.audience: Audience | None = None

    def join(self, subscription: Subscription) -> None:
        """Let a viewer look."""
        self.subscriptions[subscription] = None
        if subscription.viewer.wants_log:
            self.listeners[subscription] = None
        self._count()

    def part(self, subscription: Subscription) -> None:
        """Let it look no more."""
        if subscription in self.subscriptions:
            del self.subscriptions[subscription]
            self.listeners.pop(subscription, None)
            self._count()

    def _count(self) -> None:
        if self.audience is not None:
            self.audience(len(self.subscriptions))

    async def publish(self, status: Status, snapshot: bytes | None) -> None:
        """Show a newer status to everybody; whoever cannot take it now gets the newest later."""
        self.frame = frame = Frame(status, snapshot)
        for count, subscription in enumerate(tuple(self.subscriptions), 1):
            if subscription in self.subscriptions:  # it may have left while the loop had its turn
                subscription.offer(frame)
            if count % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
                if self.frame is not frame:
                    return

    async def tell(self, line: LogLine) -> None:
        """Let those hear a line who want the log; for whoever cannot take it now it is lost."""
        for count, subscription in enumerate(tuple(self.listeners), 1):
            if subscription in self.listeners and not subscription.viewer.is_paused:
                subscription.viewer.hear(line)
            if count % _YIELD_EVERY == 0:
                await asyncio.sleep(0)


class Hub:
    """The channels of this process: the running generations, and the ended ones for a while."""

    def __init__(self, *, linger_seconds: float) -> None:
        self._linger_seconds = linger_seconds
        self._channels: dict[str, Channel] = {}
        self._greeters: dict[Greeter, str] = {}

    def open(self, status: Status, owner: str, snapshot: bytes | None = None) -> None:
        """Open the channel of a generation that is about to run, and tell those who wait for new ones."""
        self._channels[status.generation] = Channel(status, owner, snapshot)
        for greeter, of in tuple(self._greeters.items()):
            if of == owner:
                greeter(status.generation)

    def greet(self, owner: str, greeter: Greeter) -> None:
        """Call `greeter` with the id of each generation of `owner` that opens from now on."""
        self._greeters[greeter] = owner

    def part(self, greeter: Greeter) -> None:
        """Call it no more; parting twice is harmless."""
        self._greeters.pop(greeter, None)

    def running(self, owner: str) -> list[str]:
        """Return the ids of the owner's generations that have not ended, oldest first."""
        return [id_ for id_, channel in self._channels.items() if channel.owner == owner and not channel.frame.status.is_terminal]

    async def publish(self, status: Status, snapshot: bytes | None = None) -> None:
        """
        Show a journalled status; after an end the channel lingers, then leaves memory.

        Args:
            snapshot: The bytes that were journalled, where they are at hand.
        """
        await self._channels[status.generation].publish(status, snapshot)
        if status.is_terminal:
            asyncio.get_running_loop().call_later(self._linger_seconds, self._channels.pop, status.generation, None)

    async def tell(self, generation: str, at: datetime, line: str) -> None:
        """Pass a line of the upstream's log on to those who want it now; it is kept nowhere."""
        channel = self._channels.get(generation)
        if channel is not None and channel.listeners:
            await channel.tell(LogLine(generation, at, line))

    def forget(self, generation: str) -> None:
        """Let an ended generation leave memory at once; whoever still looks is shown its end all the same."""
        self._channels.pop(generation, None)

    def newest(self, generation: str, owner: str | None = None) -> Status | None:
        """Return the newest status; None for a generation that is not in memory, or is not the given owner's."""
        channel = self._channels.get(generation)
        return channel.frame.status if channel is not None and owner in {None, channel.owner} else None

    def subscribe(self, generation: str, viewer: Viewer, seen: Version = NOTHING_SEEN) -> Subscription | None:
        """
        Let a viewer take what is newer than `seen` from now on; None for a generation that is not in memory.

        Subscribe first, then `catch_up`: so there is neither a gap nor a double.
        """
        channel = self._channels.get(generation)
        if channel is None:
            return None
        subscription = Subscription(channel, viewer, seen)
        channel.join(subscription)
        return subscription

    def attend(self, generation: str, audience: Audience) -> None:
        """Call `audience` with how many look at a generation in memory, whenever somebody comes or leaves."""
        self._channels[generation].audience = audience

    def cut(self, generation: str, reason: str) -> None:
        """Close every stream of one generation, since what comes next could not be journalled."""
        if channel := self._channels.get(generation):
            for subscription in tuple(channel.subscriptions):
                subscription.viewer.cut(reason)
