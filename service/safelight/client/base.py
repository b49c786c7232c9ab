"""What a client can do, whichever way the service is reached, and how it says what went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import attrs

from safelight.errors import Fault, SafelightError
from safelight.versions import Version

Snapshot = Mapping[str, Any]
"""A status as the wire shows it."""
OnLost = Callable[[str], None]
"""Hears in words that the connection was lost and is being made anew."""

_ENDED = frozenset({"succeeded", "failed"})


class Unreachable(SafelightError):
    """The service cannot be reached, or what answers there is no Safelight."""

    code = "unreachable"
    retryable = True


class Refused(SafelightError):
    """
    The service refused what was asked.

    Attributes:
        word: Its code, a word of the error list.
        faults: What is wrong with the input, each with its path.
    """

    def __init__(self, sentence: str, *, word: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(sentence)
        self.word = word
        self.faults = tuple(faults)


@attrs.frozen(kw_only=True)
class Listed:
    """A page of a list: `next` leads to the page after it, None where nothing follows."""

    snapshots: tuple[Snapshot, ...]
    next: str | None = None


class Client(ABC):
    """
    Asks a service; entered before it is used.

    Attributes:
        place: Where the service is, in words for people.
    """

    place: str

    @abstractmethod
    async def create(self, body: Mapping[str, Any]) -> str:
        """
        Start a generation; return its id.

        Args:
            body: As for `POST /v1/generations`.

        Raises:
            SafelightError: Refused, or unreachable.
        """

    @abstractmethod
    async def find(self, generation_id: str) -> Snapshot:
        """Return the newest snapshot of a generation."""

    @abstractmethod
    def watch(self, generation_id: str, *, on_lost: OnLost) -> AsyncGenerator[Snapshot, None]:
        """
        Yield the newest snapshot and each newer one until the end, which is the last.

        A connection that breaks is no end: it is made again, and what was missed is caught up with.

        Raises:
            Unreachable: The service stayed away for too long.
        """

    @abstractmethod
    async def cancel(self, generation_id: str) -> Snapshot:
        """Ask for a cancel; return the snapshot that says so."""

    @abstractmethod
    async def listing(
        self, *, states: Sequence[str] = (), ref: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed:
        """Return a page of the caller's generations, the newest first."""

    @abstractmethod
    async def deliveries(self, *, limit: int) -> list[dict[str, Any]]:
        """Return what the caller's webhooks have not taken yet, as `GET /v1/deliveries` does, the oldest first."""

    @abstractmethod
    async def resend(self, generation_id: str) -> int:
        """Have what a generation's webhook has not taken yet sent now; return how many deliveries these are."""

    @abstractmethod
    async def providers(self) -> list[dict[str, Any]]:
        """Return the configured providers as `GET /v1/providers` describes them."""

    @abstractmethod
    def read(self, url: str) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of an output or a preview in chunks."""


def version_of(snapshot: Snapshot) -> Version:
    """Return where a snapshot stands; the greater is the newer."""
    return Version(int(snapshot["epoch"]), int(snapshot["seq"]))


def has_ended(snapshot: Snapshot) -> bool:
    """Whether nothing follows a snapshot."""
    return snapshot.get("status") in _ENDED


def code_of(error: SafelightError) -> str:
    """Return the word for machines of an error, whichever side it was raised on."""
    return error.word if isinstance(error, Refused) else error.code
