"""What a provider can do, said once and up front."""

from __future__ import annotations

from enum import StrEnum

import attrs
from attrs.validators import ge, optional

from safelight.records import Durability


class ProgressKind(StrEnum):
    """Where progress comes from."""

    PERCENT = "percent"
    STEPS = "steps"
    LOG = "log"
    QUEUE = "queue"
    NONE = "none"


class CancelKind(StrEnum):
    """What the upstream does with a cancel."""

    CONFIRMED = "confirmed"
    REQUESTED = "requested"
    QUEUED_ONLY = "queued_only"
    GLOBAL = "global"
    NONE = "none"


@attrs.frozen(kw_only=True)
class Capabilities:
    """
    What a provider promises; core believes it and the conformance tests check it.

    Where a set of words is asked for, the word itself does as well: `cancel="none"` is `cancel=CancelKind.NONE`.

    Attributes:
        durability: What a job depends on: the upstream alone, our connection, or our process.
        progress: Where progress comes from.
        cancel: What a cancel does.
        pause: Whether a running job can be held still and resumed.
        previews: Whether unfinished pictures are shown.
        poll_seconds: The shortest pause between two polls of one job, in seconds.
        result_seconds: How long the upstream keeps a result, in seconds; None = for good.
    """

    durability: Durability = attrs.field(default=Durability.PROCESS, converter=Durability)
    progress: ProgressKind = attrs.field(default=ProgressKind.PERCENT, converter=ProgressKind)
    cancel: CancelKind = attrs.field(default=CancelKind.CONFIRMED, converter=CancelKind)
    pause: bool = False
    previews: bool = False
    poll_seconds: float = attrs.field(default=1.0, validator=ge(0.05))
    result_seconds: float | None = attrs.field(default=None, validator=optional(ge(0.0)))
