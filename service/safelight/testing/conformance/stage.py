"""What an author gives to have the laws tried: settings, and an upstream that does what a law needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Situation(StrEnum):
    """
    What is to become of the next run.

    Attributes:
        SUCCEEDS: It ends well, with at least one output.
        FAILS: It is taken, and ends as a failure that the upstream tells.
        LASTS: It is worked on until it is canceled or `Stage.go_on` is called, and then ends as one that succeeds.
        SLOW: It ends well by itself, after a part of a second. Asked of those who can be paused.
        WAITS: It stands in the upstream's queue until it is canceled. Asked of those whose cancel is `queued_only`.
        REFUSED: The upstream says no to the submission, and takes nothing.
        UNANSWERED: The upstream takes it, and the answer to the submission is lost.
    """

    SUCCEEDS = "succeeds"
    FAILS = "fails"
    LASTS = "lasts"
    SLOW = "slow"
    WAITS = "waits"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


class CannotHappen(Exception):
    """Raised by `Stage.ask`: with this provider the situation never comes about, so that it waives the law."""


class Stage(ABC):
    """
    The place where a provider is tried.

    Attributes:
        settings: Its settings, as an operator writes them.
        secrets: What must never show, wherever it stands in the settings.
        early_outputs: How many outputs a run that lasts hands over while it lasts.
    """

    settings: Mapping[str, Any] = {}
    secrets: tuple[str, ...] = ()
    early_outputs = 0

    @abstractmethod
    def ask(self, situation: Situation) -> dict[str, Any]:
        """
        Arrange a situation and return what to ask for: `prompt`, `params`, `options`, as a caller writes them.

        Raises:
            CannotHappen: It never comes about.
        """

    @property
    def submissions(self) -> int:
        """How many jobs the upstream has taken."""
        raise NotImplementedError

    def go_on(self) -> None:
        """Let the run that lasts end well."""
        raise NotImplementedError

    def message(self, *, is_genuine: bool = True, ago_seconds: float = 0.0) -> tuple[bytes, Mapping[str, str]]:
        """Return a webhook about the newest job: its body and its headers, signed so long ago, or forged."""
        raise NotImplementedError
