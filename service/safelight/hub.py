"""Fan-out by state inside one process: each viewer has a version, none has a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from safelight.channel import SLICE, Audience, Channel, Subscription
from safelight.frames import LogLine
from safelight.status import Status
from safelight.versions import Version
from safelight.viewer import Viewer

Greeter = Callable[[str], None]
NOTHING_SEEN = Version(-1, 0)
_AT_ONCE = 25
"""So many at least, if there are, are served as soon as there is news: most generations have no more viewers, and need no turn of the loop."""


class Hub:
    """The channels of this process: the running generations, and the ended ones for a while."""

    def __init__(self, *, linger_seconds: float) -> None:
        self._linger_seconds = linger_seconds
        self._channels: dict[str, Channel] = {}
        self._greeters: dict[Greeter, str] = {}
        self._rounds: dict[Channel, None] = {}

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

    def post(self, status: Status, snapshot: bytes | None = None) -> None:
        """
        Show a journalled status to everybody; after an end the channel lingers, then leaves memory.

        The first few, or the first row, are served at once, the rest of a crowd from the loop, a slice in each turn, and crowds take turns. Who
        has not been served when something newer is posted gets that instead.

        Args:
            snapshot: The bytes that were journalled, where they are at hand.
        """
        channel = self._channels[status.generation]
        channel.renew(status, snapshot)
        channel.serve(_AT_ONCE)
        if channel.crowd.is_due:
            if not self._rounds:
                asyncio.get_running_loop().call_soon(self._go_round)
            self._rounds[channel] = None
        if status.is_terminal:
            asyncio.get_running_loop().call_later(self._linger_seconds, self._channels.pop, status.generation, None)

    async def publish(self, status: Status, snapshot: bytes | None = None) -> None:
        """Post a status and wait until everybody was offered it, or something newer."""
        self.post(status, snapshot)
        channel = self._channels[status.generation]
        frame = channel.frame
        while channel.frame is frame and channel.crowd.is_due:  # noqa: ASYNC110 - served in the turns waited for
            await asyncio.sleep(0)

    def _go_round(self) -> None:
        """Serve a slice of viewers, and the row that ends it, to the crowds in turn, then let the loop do other things."""
        left = SLICE
        try:
            while self._rounds and left > 0:
                channel = next(iter(self._rounds))
                del self._rounds[channel]
                try:
                    left -= channel.serve(left)
                finally:
                    if channel.crowd.is_due:
                        self._rounds[channel] = None
        finally:
            if self._rounds:
                asyncio.get_running_loop().call_soon(self._go_round)

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
        """Call `audience` with how many look at a generation, whenever somebody comes or leaves; at one not in memory nobody does."""
        if (channel := self._channels.get(generation)) is not None:
            channel.audience = audience

    def cut(self, generation: str, reason: str) -> None:
        """Close every stream of one generation, since what comes next could not be journalled."""
        if (channel := self._channels.get(generation)) is not None:
            for subscription in channel.subscriptions:
                subscription.viewer.cut(reason)
