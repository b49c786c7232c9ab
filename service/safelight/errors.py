"""The error family: a code for machines, a sentence for people, facts as attributes."""

from __future__ import annotations

from typing import ClassVar

import attrs

MAX_SENTENCE = 500
_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks that turn the direction of all that stands behind them, other people's words included; those within scripts are not among them."""


class SafelightError(Exception):
    """
    Base of everything the service raises on purpose.

    Attributes:
        code: Stable word for machines; it never changes once published.
        retryable: Whether the same call may succeed later, unchanged.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False


@attrs.frozen
class Fault:
    """
    One thing wrong in an input.

    Attributes:
        path: Where, in the words of the input: `params.width`, `server.prot`.
        message: What is wrong and, where it can be guessed, what was meant.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} @ {self.path}" if self.path else self.message


class InvalidInput(SafelightError):
    """What was asked cannot be done as it stands; `faults` names every reason at once."""

    code = "invalid_input"

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class ConfigInvalid(SafelightError):
    """The configuration has faults; the service does not start with it."""

    code = "invalid_input"

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class NotFound(SafelightError):
    """Nothing is known under that name, or it belongs to someone else."""

    code = "not_found"


class Gone(NotFound):
    """The caller's own, and forgotten: at the caller's word, or because its time was over."""

    code = "gone"


class Conflict(SafelightError):
    """The generation is in a state in which this cannot be done."""

    code = "conflict"


class IdempotencyMismatch(SafelightError):
    """The key of this create already stands for another one."""

    code = "idempotency_mismatch"


class NotCancelable(Conflict):
    """The generation ended otherwise before it could be canceled."""

    code = "not_cancelable"


class NotPausable(Conflict):
    """The generation cannot be held still, or let go on: the provider does not offer it, or it is too late."""

    code = "not_pausable"


class Busy(SafelightError):
    """
    The service takes nothing new at the moment (draining, or full).

    Attributes:
        retry_after_seconds: When to come back.
    """

    code = "busy"
    retryable = True

    def __init__(self, sentence: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class StorageFull(Busy):
    """The data folder has less room than `data.min_free_bytes`, or the disk refused a write."""

    code = "storage_full"


class ProviderUnknown(InvalidInput):
    """No such provider is configured."""

    code = "provider_unknown"


class InstanceUnavailable(Busy):
    """The provider is configured but did not start; `safelight plugins` says why."""

    code = "provider_unavailable"


class JournalError(SafelightError):
    """The journal could not do what was asked."""


class JournalFull(JournalError):
    """The medium has no room left; nothing of the call was written."""

    code = "storage_full"
    retryable = True


class JournalFenced(JournalError):
    """The epoch of the write is not the newest: someone else has claimed the generation."""


class JournalClosed(JournalError):
    """The journal is closed, or its writer died; nothing of the call was written."""


class JournalLocked(JournalError):
    """Another process holds the data folder."""


class OutputRefused(SafelightError):
    """
    A provider's output cannot be kept (too large, wrong type, forbidden address).

    Its sentence is fit for people: it names the limit, never a secret or a full URL.
    """

    code = "output_unavailable"
    retryable = True


class OutputUnreachable(OutputRefused):
    """A provider's output cannot be had at present: the network, or the store it lies in, may be well again later."""


class PictureBroken(SafelightError):
    """A kept picture cannot be decoded, so that nothing can be made of it; its bytes are served as they are."""

    code = "output_unavailable"


def one_sentence(text: str) -> str:
    """Fold white space, leave out what turns directions and cut to what an `error` or `message` may hold (500 characters)."""
    flat = " ".join(text.split() if text.isascii() else text.translate(_TURNS).split())
    return flat if len(flat) <= MAX_SENTENCE else flat[: MAX_SENTENCE - 1] + "…"
