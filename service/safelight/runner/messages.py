"""What may come through a runner's inbox besides a provider's updates."""

from __future__ import annotations

import asyncio

import attrs

from safelight.providers import Cancel, Job, ProviderError
from safelight.updates import Ended


@attrs.frozen
class Accepted:
    """The upstream took the job."""

    job: Job


@attrs.frozen
class Refused:
    """The submission failed."""

    error: ProviderError


@attrs.define(eq=False)
class CancelAsked:
    """Somebody wants it canceled, and waits until the wish is noted; `is_journalled` says whether a crash would keep it."""

    noted: asyncio.Event
    is_journalled: bool = True


@attrs.frozen
class CancelAnswered:
    """The upstream answered a cancel."""

    answer: Cancel


@attrs.frozen
class Over:
    """The provider will say no more; why, if not in order."""

    error: ProviderError | None


@attrs.frozen
class EndAsked:
    """The service itself ends it."""

    ending: Ended
