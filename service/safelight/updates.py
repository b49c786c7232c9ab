"""What may be said about a generation: the words of providers, and below them the few that only core may say."""

from __future__ import annotations

from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

import attrs
from attrs.validators import and_, ge, in_, instance_of, le, optional

from safelight.status import MAX_WHOLE, Attempt, Cancel, Charged, Cost, Eta, Outcome, Output, Phase, Preview, Steps

_COUNT = optional(and_(instance_of(int), ge(0), le(MAX_WHOLE)))
_SEED = optional(and_(instance_of(int), ge(-(2**63)), le(2**64 - 1)))  # upstreams use all of 64 bits, signed or not
_TEXT = instance_of(str)
_MAYBE_TEXT = optional(_TEXT)
_CHARGED = optional(instance_of(Charged))

PROVIDER_CODES = frozenset(
    {
        "invalid_input",
        "provider_unavailable",
        "provider_rejected",
        "content_policy",
        "provider_rate_limited",
        "provider_auth",
        "provider_quota",
        "provider_timeout",
        "provider_protocol",
        "provider_crashed",
        "empty_output",
        "output_unavailable",
        "internal",
    },
)
"""The codes a provider's own failure may carry."""

Content = bytes | Path | str | AsyncIterable[bytes]
"""The bytes themselves, a file to copy, a URL (or data: URI) to fetch, or chunks as they come."""


def _at_rest(content: Any) -> Any:
    """Return content that nobody can change any more, and that can be told from other content."""
    return bytes(content) if isinstance(content, bytearray | memoryview) else content


@attrs.frozen
class Update:
    """Base of everything that may be said. A kind that core does not know changes nothing and is counted."""


@attrs.frozen
class Queued(Update):
    """
    The upstream holds the job in a queue.

    Attributes:
        position: Jobs ahead of this one, from 0; None where only the fact is known.
        size: Jobs in the queue, where known.
    """

    position: int | None = attrs.field(default=None, validator=_COUNT)
    size: int | None = attrs.field(default=None, kw_only=True, validator=_COUNT)


@attrs.frozen
class Started(Update):
    """The upstream works on it."""

    message: str | None = attrs.field(default=None, validator=_MAYBE_TEXT)


@attrs.frozen
class Progressed(Update):
    """
    The provider advanced.

    Attributes:
        fraction: Work done, 0.0 to 1.0. It may repeat; fold never lets it fall. None: taken from `steps`, else unknown.
        message: What is going on, for people.
        steps: Counted work, where the upstream counts.
        eta: The upstream's own guess of what is left.
    """

    fraction: float | None = attrs.field(default=None, validator=optional(and_(instance_of((int, float)), ge(0.0), le(1.0))))
    message: str | None = attrs.field(default=None, kw_only=True, validator=_MAYBE_TEXT)
    steps: Steps | None = attrs.field(default=None, kw_only=True, validator=optional(instance_of(Steps)))
    eta: Eta | None = attrs.field(default=None, kw_only=True, validator=optional(instance_of(Eta)))


@attrs.frozen
class Previewed(Update):
    """
    A look at the unfinished picture; the newest replaces the one before.

    Attributes:
        content: PNG, JPEG or WebP bytes. Once core has kept it, the `Preview` with its URL.
    """

    content: Content | Preview = attrs.field(converter=_at_rest)


@attrs.frozen
class Produced(Update):
    """
    One finished output; say it once for each.

    Attributes:
        content: Bytes, a `Path` (copied), a URL or data: URI (fetched by the instance's client, without headers), or
            chunks, an asynchronous iterable of bytes. Once core has kept it, the `Output` with its URL. What cannot be
            kept at once is tried again, but for chunks, which come only once. What wants a key is fetched by the
            plugin: by `poll`, which is asked again where that fails, and handed over as bytes.
        type: The media type the provider claims; the bytes decide.
        seed: The seed that made it.
        name: What tells it from the job's other outputs, where the upstream numbers or names them: told again under the
            same name it is the same, by `watch` or `poll`. Without one, what `watch` tells with the content of an output
            before it is taken for that one told again, where there is a `poll`.
    """

    content: Content | Output = attrs.field(converter=_at_rest)
    type: str | None = attrs.field(default=None, kw_only=True, validator=_MAYBE_TEXT)
    seed: int | None = attrs.field(default=None, kw_only=True, validator=_SEED)
    name: str | None = attrs.field(default=None, kw_only=True, validator=_MAYBE_TEXT)


@attrs.frozen
class Noted(Update):
    """Something for people to read that changes no state, an unknown upstream word included."""

    message: str = attrs.field(validator=_TEXT)


@attrs.frozen
class Logged(Update):
    """A line of the upstream's log; it never enters the snapshot."""

    line: str = attrs.field(validator=_TEXT)
    level: str = attrs.field(default="info", kw_only=True, validator=in_(("debug", "info", "warning", "error")))


@attrs.frozen
class Succeeded(Update):
    """The provider is done. Without an output before it, fold makes it a failure `empty_output`."""

    cost: Cost | None = attrs.field(default=None, kw_only=True, validator=optional(instance_of(Cost)))
    charged: Charged | None = attrs.field(default=None, kw_only=True, validator=_CHARGED)


@attrs.frozen
class Failed(Update):
    """
    The provider gave up.

    Attributes:
        error: One sentence for people, scrubbed of secrets by core.
        code: A word of the error list; most plugins raise a `ProviderError` instead.
        retryable: Whether the same request may work later.
        charged: Whether money was taken, where the upstream says so.
    """

    error: str = attrs.field(validator=_TEXT)
    code: str = attrs.field(default="provider_rejected", kw_only=True, validator=in_(PROVIDER_CODES))
    retryable: bool = attrs.field(default=False, kw_only=True, validator=instance_of(bool))
    charged: Charged | None = attrs.field(default=None, kw_only=True, validator=_CHARGED)


@attrs.frozen
class Canceled(Update):
    """The upstream stopped the job because it was asked to."""

    charged: Charged | None = attrs.field(default=None, kw_only=True, validator=_CHARGED)


@attrs.frozen
class CoreUpdate(Update):
    """Base of what only core says; from a plugin it is garbage."""


@attrs.frozen
class Attempted(CoreUpdate):
    """A submission begins."""

    attempt: Attempt


@attrs.frozen
class Moved(CoreUpdate):
    """Core itself moved on: waiting for the upstream, saving an output, holding still."""

    phase: Phase


@attrs.frozen
class Stood(CoreUpdate):
    """It waits for its turn at a provider: `position` get theirs before it, `size` wait in all. Nothing runs anywhere."""

    position: int
    size: int


@attrs.frozen
class CancelMoved(CoreUpdate):
    """The wish to cancel was noted or answered."""

    cancel: Cancel


@attrs.frozen
class Degraded(CoreUpdate):
    """An extra failed (`preview`, `thumbnail`, …); the generation goes on."""

    extra: str


@attrs.frozen(kw_only=True)
class Ended(CoreUpdate):
    """
    Core itself ends it: a deadline, a crash, a refusal, a restart.

    Attributes:
        outcome: Anything but succeeded.
        error: One sentence for people.
        code: A word of the error list.
        retryable: Whether asking again may help.
        charged: Derived from the journalled attempts.
    """

    outcome: Outcome
    error: str
    code: str
    retryable: bool = False
    charged: Charged | None = None
