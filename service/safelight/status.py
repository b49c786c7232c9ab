"""The snapshot: the one schema of stream event, poll body and list item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs
from attrs.validators import and_, ge, instance_of, le, max_len, optional

from safelight.errors import MAX_SENTENCE
from safelight.versions import Version

MAX_WHOLE = 2**53 - 1
"""What a browser can count to: more is garbled there, and infinity is no JSON at all."""
_WHOLE: Any = and_(instance_of(int), ge(0), le(MAX_WHOLE))
_AMOUNT: Any = and_(instance_of((int, float)), ge(0), le(MAX_WHOLE))
_LABEL: Any = and_(instance_of(str), max_len(100))  # an event stays small whatever a plugin says
_MAYBE_TEXT = optional(_LABEL)
_SENTENCE: Any = optional(max_len(MAX_SENTENCE))
_PERCENT: Any = optional(and_(ge(0), le(100)))
MAX_PLACEHOLDER = 200
"""Characters: a status stays small however many pictures it names."""


class State(StrEnum):
    """The four words a client ends on; they never go back and never grow."""

    STARTED = "started"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Phase(StrEnum):
    """Where exactly the generation is; an open vocabulary, finer than `State`."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    RUNNING = "running"
    SAVING = "saving"
    PAUSED = "paused"
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a generation ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    INTERRUPTED = "interrupted"


class Charged(StrEnum):
    """Whether the provider has taken money for it."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


class Cancel(StrEnum):
    """How far a wish to cancel has come."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    TOO_LATE = "too_late"
    UNSUPPORTED = "unsupported"


@attrs.frozen
class Steps:
    """Counted work: `current` of `total` (None = unknown) in `unit`, with a `label` for people."""

    current: int = attrs.field(validator=_WHOLE)
    total: int | None = attrs.field(default=None, validator=optional(_WHOLE))
    unit: str | None = attrs.field(default=None, validator=_MAYBE_TEXT)
    label: str | None = attrs.field(default=None, validator=_MAYBE_TEXT)


@attrs.frozen
class Queue:
    """A place in a queue: `position` from 0 (next), out of `size` where known."""

    position: int
    size: int | None = None


@attrs.frozen(kw_only=True)
class Eta:
    """Seconds to the end: the median, the 90th percentile, and what the figure rests on."""

    p50: float = attrs.field(validator=_AMOUNT)
    p90: float | None = attrs.field(default=None, validator=optional(_AMOUNT))
    basis: str = attrs.field(default="provider", validator=_LABEL)
    samples: int | None = attrs.field(default=None, validator=optional(_WHOLE))


@attrs.frozen(kw_only=True)
class Attempt:
    """The submission that is at work: number `n` of at most `of`, at `provider`."""

    n: int
    of: int
    provider: str
    model: str | None = None
    reason: str | None = None


@attrs.frozen(kw_only=True)
class Preview:
    """The newest look at the unfinished picture; sizes in pixels."""

    url: str
    width: int
    height: int


@attrs.frozen(kw_only=True)
class Output:
    """
    One kept result.

    Attributes:
        url: Where the bytes are, for as long as the generation is retained.
        type: Media type, sniffed from the bytes.
        bytes: Size in bytes.
        width: Pixels; None where the type has none.
        height: Pixels; None where the type has none.
        sha256: Hex digest of the bytes.
        seed: The seed that made it, where the provider says so.
        placeholder: A data URI of a few blurred pixels, to show until the picture is there; raster pictures only.
    """

    url: str
    type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    placeholder: str | None = attrs.field(default=None, validator=optional(max_len(MAX_PLACEHOLDER)))

    @property
    def is_picture(self) -> bool:
        """Whether it has pixels that can be shown small."""
        return self.width is not None


@attrs.frozen(kw_only=True)
class Cost:
    """What the provider says it costs; `currency` as ISO 4217."""

    amount: float = attrs.field(validator=_AMOUNT)
    currency: str = attrs.field(validator=_LABEL)
    estimated: bool = False


@attrs.frozen(kw_only=True, slots=False)  # with slots, `but` would copy one field after the other: four times the time
class Status:
    """
    Everything known about a generation at one moment; fields that are None are left off the wire.

    Only `safelight.fold` makes a new one out of an old one.

    Attributes:
        generation: The generation's id.
        provider: Which provider was asked for; it never changes.
        version: The order of snapshots.
        state: The four words of a generation; it never goes back.
        phase: Where exactly it is; new words may come.
        created_at: When it was asked for.
        ref: The caller's own word for it.
        progress: Whole percents; never falls, absent while unknown, 100 only with success.
        outputs: What was kept so far.
        error: One sentence for people, always there when it failed.
        outcome: How it ended; only there when it has.
        message: What is going on, for people.
        steps: Work that can be counted.
        queue: Where it waits.
        eta: How long it may take yet.
        attempt: The submission that is at work.
        preview: The newest look at the unfinished picture.
        cost: What the provider says it costs.
        charged: Whether money was taken.
        cancel: How far a wish to cancel has come.
        code: A word for machines beside `error`.
        retryable: Whether the same may succeed later, unchanged.
        degraded: What was to come besides and failed.
        started_at: When work on it began.
        ended_at: When it ended.
        deadline_at: By when it has surely ended.
    """

    generation: str
    provider: str
    version: Version
    state: State
    phase: Phase
    created_at: datetime
    ref: str | None = None
    progress: int | None = attrs.field(default=None, validator=_PERCENT)
    outputs: tuple[Output, ...] = ()
    error: str | None = attrs.field(default=None, validator=_SENTENCE)
    outcome: Outcome | None = None
    message: str | None = attrs.field(default=None, validator=_SENTENCE)
    steps: Steps | None = None
    queue: Queue | None = None
    eta: Eta | None = None
    attempt: Attempt | None = None
    preview: Preview | None = None
    cost: Cost | None = None
    charged: Charged | None = None
    cancel: Cancel | None = None
    code: str | None = None
    retryable: bool | None = None
    degraded: tuple[str, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deadline_at: datetime | None = None
    progress_floor: int = 0
    """The highest progress of any attempt; never shown, so that a new attempt stays silent until it passes it."""

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can follow."""
        return self.state is _SUCCEEDED or self.state is _FAILED

    def but(self, **facts: Any) -> Status:
        """
        Return the same but for these facts; the very same where they are so already.

        It is `attrs.evolve` for the one class that is made anew with every event: what stays was checked when it came in.
        """
        before = fields = self.__dict__
        made = self
        for name, value in facts.items():
            if value is before[name] or value == before[name]:
                continue
            if (fits := _FITS[name]) is not None and value is not None and not fits(value):
                _check(name, value)
            if made is self:
                made = object.__new__(Status)
                fields = made.__dict__
                fields.update(before)
            fields[name] = value
        return made


_SUCCEEDED, _FAILED = State.SUCCEEDED, State.FAILED
_QUICK: dict[Any, Callable[[Any], bool]] = {
    _PERCENT: lambda value: 0 <= value <= 100,
    _SENTENCE: lambda value: len(value) <= MAX_SENTENCE,
}
"""What validators say, in one step instead of four; what does not fit is theirs to complain of."""
_FITS = {field.name: None if field.validator is None else _QUICK[field.validator] for field in attrs.fields(Status)}


def _check(name: str, value: object) -> None:
    field = attrs.fields_dict(Status)[name]
    field.validator(None, field, value)  # type: ignore[misc]  # only fields that have one come here
