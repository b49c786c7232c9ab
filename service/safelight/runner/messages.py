"""What may come through a runner's inbox besides a provider's updates."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs

from safelight.errors import NotPausable
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


@attrs.frozen
class Found:
    """What became of a submission that got no answer: the upstream has the `job`, or surely none; `error`: nobody knows."""

    job: Job | None = None
    error: ProviderError | None = None


@attrs.frozen
class Said:
    """Anything that one attempt's upstream says."""

    upstream: Any
    what: Any


@attrs.define(eq=False)
class CancelAsked:
    """Somebody wants it canceled, and waits until that is `answered`; `is_journalled` says whether a crash would keep it."""

    answered: asyncio.Event = attrs.field(factory=asyncio.Event)
    is_journalled: bool = True


@attrs.frozen
class CancelAnswered:
    """The upstream answered a cancel."""

    answer: Cancel


@attrs.define(eq=False)
class HoldAsked:
    """Somebody wants it held `still`, or to go on, and waits until that was `answered`; `refusal` says why not."""

    still: bool
    answered: asyncio.Event = attrs.field(factory=asyncio.Event)
    refusal: NotPausable | None = None


@attrs.frozen
class HoldAnswered:
    """The upstream holds still or goes on, unless the wish carries a refusal."""

    asked: HoldAsked


@attrs.frozen
class Over:
    """The provider will say no more; why, if not in order: an `error` of its own, or a `fault` of ours."""

    error: ProviderError | None = None
    fault: Exception | None = None


@attrs.frozen
class WebhookFailed:
    """The caller's webhook was not taken."""


@attrs.frozen
class EndAsked:
    """The service itself ends it."""

    ending: Ended
