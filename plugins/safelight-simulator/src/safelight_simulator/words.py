"""Acts that only say something, as the updates they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from safelight.providers import (
    Canceled,
    Charged,
    ContentPolicy,
    Cost,
    Eta,
    Failed,
    InvalidParams,
    Logged,
    Noted,
    NotSent,
    OutcomeUnknown,
    Progressed,
    ProviderAuth,
    ProviderError,
    ProviderProtocol,
    ProviderQuota,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    Queued,
    Rejected,
    Started,
    Steps,
    Succeeded,
    Unsupported,
    Update,
)
from safelight_simulator.acts import Act

SPICES = {
    "surrogates": "a lone \ud83d half and a stray \udfff",
    "control": "\x00\x07\x1b[31mred\x1b[0m\r\nevent: error\ndata: {}\n\n\u2028\u202e\x7f",
    "secrets": (
        "Authorization: Bearer simulated-0123456789abcdef, key sk-simulated0123456789, "
        "https://simulated:hunter22@example.test/x?token=simulated0123"
    ),
}
ERRORS: dict[str, type[ProviderError]] = {
    error.__name__: error
    for error in (
        NotSent,
        ProviderUnavailable,
        ProviderRateLimited,
        Rejected,
        InvalidParams,
        ContentPolicy,
        ProviderAuth,
        ProviderQuota,
        ProviderProtocol,
        ProviderTimeout,
        OutcomeUnknown,
        Unsupported,
    )
}


@attrs.frozen
class Shimmered(Update):
    """An update of a kind that core has never heard of."""

    hue: float = 0.5


def text_of(act: Act, fallback: str | None) -> str | None:
    """Return the text of an act, spiced and stretched as it says."""
    text = act.text if act.text is not None else fallback
    if act.spice is not None:
        text = f"{text or ''} {SPICES[act.spice]}".strip(" ")
    if act.length is not None:
        text = text or "~"
        text = (text * (act.length // len(text) + 1))[: act.length]
    return text


def error_of(act: Act) -> Exception:
    """Return the exception a `raise` is about."""
    sentence = text_of(act, f"The simulator raised {act.error}.") or ""
    kind = ERRORS.get(str(act.error))
    if kind is None:
        return RuntimeError(sentence)
    return kind(sentence, charged=_charged(act), retry_after_seconds=act.seconds)


def _charged(act: Act) -> Charged | None:
    return None if act.charged is None else Charged(act.charged)


def _eta(seconds: float | None) -> Eta | None:
    return None if seconds is None else Eta(p50=seconds, p90=seconds * 1.5)


def _progressed(act: Act) -> Update:
    steps = None if act.step is None else Steps(act.step, act.steps, "step", "Sampling")
    return Progressed(act.fraction, message=text_of(act, None), steps=steps, eta=_eta(act.eta))


def _succeeded(act: Act) -> Update:
    return Succeeded(cost=None if act.cost is None else Cost(amount=act.cost, currency="USD"), charged=_charged(act))


def _failed(act: Act) -> Update:
    return Failed(
        text_of(act, "The simulated model failed.") or "",
        code=act.code or "provider_rejected",
        retryable=bool(act.retryable),
        charged=_charged(act),
    )


WORDS: dict[str, Callable[[Act], Any]] = {
    "queued": lambda act: Queued(act.position, size=act.size),
    "started": lambda act: Started(text_of(act, None)),
    "progress": _progressed,
    "eta": lambda act: Progressed(eta=_eta(act.seconds)),
    "note": lambda act: Noted(text_of(act, "A note of the simulator.") or ""),
    "log": lambda act: Logged(text_of(act, "A line of the simulator's log.") or "", level=act.level or "info"),
    "unknown": lambda _: Shimmered(),
    "garbage": lambda _: {"status": "garbage"},
    "succeed": _succeeded,
    "fail": _failed,
    "canceled": lambda act: Canceled(charged=_charged(act)),
}
"""What each act says. `garbage` is no update at all: that is its point."""
