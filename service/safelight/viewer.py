"""What is asked of whoever looks at a generation: it is shown frames, and says when it can take none."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safelight.frames import Frame, LogLine
from safelight.rows import Shortcut


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
    def shortcut(self) -> Shortcut | None:
        """How frames reach it without being shown, the end alone excepted; None as long as it has to be asked."""
        return None

    @abstractmethod
    def show(self, frame: Frame) -> None:
        """Take a frame; it must neither block nor raise."""

    def resume(self, rest: bytes) -> None:
        """Take what is left of a frame that its shortcut took in part; only a viewer that has one is asked."""
        raise NotImplementedError

    def hear(self, line: LogLine) -> None:
        """Take a line of the log, under the rules of `show`; only a viewer that wants the log is told, while it is not paused."""
        raise NotImplementedError

    @abstractmethod
    def lag(self) -> None:
        """Hear that a frame was skipped; call `Subscription.catch_up` when frames can be taken again."""

    @abstractmethod
    def cut(self, reason: str) -> None:
        """Hear that nothing more will come although the generation has not ended."""
