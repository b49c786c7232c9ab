"""One step of a script, and the grammar of which step takes what."""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs
from attrs.validators import and_, ge, in_, le, max_len, optional

Do = Literal[
    "wait",
    "stall",
    "queued",
    "started",
    "progress",
    "eta",
    "preview",
    "output",
    "note",
    "log",
    "unknown",
    "garbage",
    "repeat",
    "succeed",
    "fail",
    "canceled",
    "raise",
    "hangup",
    "deaf",
    "block",
    "system_exit",
    "keyboard_interrupt",
    "cancel_self",
    "forge_cancel",
    "exit_process",
    "spawn_crash",
]
ErrorName = Literal[
    "NotSent",
    "ProviderUnavailable",
    "ProviderRateLimited",
    "Rejected",
    "InvalidParams",
    "ContentPolicy",
    "ProviderAuth",
    "ProviderQuota",
    "ProviderProtocol",
    "ProviderTimeout",
    "OutcomeUnknown",
    "Unsupported",
    "RuntimeError",
]
HAZARDS = frozenset(
    {"block", "system_exit", "keyboard_interrupt", "cancel_self", "forge_cancel", "exit_process", "spawn_crash"},
)
ENDS = frozenset({"succeed", "fail", "canceled"})
CODES = (
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
)
DAY = 86_400.0
_TEXT = frozenset({"text", "spice", "length"})
_PICTURE = frozenset({"format", "width", "height", "data"})


@attrs.frozen
class Rule:
    """The fields an act must have (`needs`) and may have (`takes`)."""

    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


def _rule(*needs: str, takes: frozenset[str] = frozenset()) -> Rule:
    return Rule(frozenset(needs), takes)


GRAMMAR: dict[str, Rule] = {
    "wait": _rule("seconds"),
    "stall": _rule(),
    "queued": _rule(takes=frozenset({"position", "size"})),
    "started": _rule(takes=_TEXT),
    "progress": _rule(takes=_TEXT | {"fraction", "step", "steps", "eta"}),
    "eta": _rule("seconds"),
    "preview": _rule(takes=_PICTURE | {"fraction"}),
    "output": _rule(takes=_PICTURE | {"url", "type", "length"}),
    "note": _rule(takes=_TEXT),
    "log": _rule(takes=_TEXT | {"level"}),
    "unknown": _rule(),
    "garbage": _rule(),
    "repeat": _rule(takes=frozenset({"times"})),
    "succeed": _rule(takes=frozenset({"charged", "cost"})),
    "fail": _rule(takes=_TEXT | {"code", "retryable", "charged"}),
    "canceled": _rule(takes=frozenset({"charged"})),
    "raise": _rule("error", takes=_TEXT | {"seconds", "charged", "times"}),
    "hangup": _rule(takes=frozenset({"times"})),
    "deaf": _rule("seconds"),
    "block": _rule("seconds", takes=frozenset({"times"})),
    **{hazard: _rule(takes=frozenset({"times"})) for hazard in sorted(HAZARDS - {"block"})},
}


def _follows_grammar(act: Any, _: attrs.Attribute[Any], do: str) -> None:
    rule = GRAMMAR.get(do)
    if rule is None:
        raise ValueError(f"no act is called '{do}' (there are: {', '.join(get_args(Do))})")
    given = {field.name for field in attrs.fields(Act) if field.name != "do" and getattr(act, field.name) is not None}
    allowed = rule.needs | rule.takes
    faults = [f"needs '{name}'" for name in sorted(rule.needs - given)]
    takes = f"it takes: {', '.join(sorted(allowed))}" if allowed else "it takes nothing"
    faults += [f"has no '{name}' ({takes})" for name in sorted(given - allowed)]
    if {"url", "data"} <= given or {"url", "length"} <= given:
        faults.append("takes its bytes from one place: 'url', or a picture or 'data'")
    if "step" in given and "steps" in given and act.step > act.steps:
        faults.append(f"is at step {act.step} of {act.steps}")
    if faults:
        raise ValueError("; ".join(faults))


def _fact(description: str, *checks: Any) -> Any:
    return attrs.field(default=None, validator=optional(and_(*checks)), metadata={"description": description})


@attrs.frozen(kw_only=True)
class Act:
    """One thing that happens. Which fields each act takes is in the README, and in `GRAMMAR`."""

    do: Do = attrs.field(validator=_follows_grammar, metadata={"description": "What happens."})
    seconds: float | None = _fact("How long; for `raise`, when the upstream wants us back.", ge(0.0), le(DAY))
    position: int | None = _fact("Jobs ahead in the queue.", ge(0), le(2**31))
    size: int | None = _fact("Jobs in the queue.", ge(0), le(2**31))
    fraction: float | None = _fact("Work done, 0 to 1; for a preview, how far it is developed.", ge(0.0), le(1.0))
    step: int | None = _fact("Steps done.", ge(0), le(2**31))
    steps: int | None = _fact("Steps in all.", ge(1), le(2**31))
    eta: float | None = _fact("Seconds left, by the upstream's own guess.", ge(0.0), le(DAY))
    text: str | None = _fact("The message, note, log line or error.", max_len(20_000))
    spice: Literal["surrogates", "control", "secrets"] | None = _fact(
        "Adds what must never get through to the text: lone surrogates, control characters, or what looks like secrets.",
        in_(("surrogates", "control", "secrets")),
    )
    length: int | None = _fact("Stretches the text to so many characters, or the output to so many bytes.", ge(0), le(2**40))
    level: Literal["debug", "info", "warning", "error"] | None = _fact(
        "Level of the log line.", in_(("debug", "info", "warning", "error"))
    )
    code: str | None = _fact("Error code of the failure.", in_(CODES))
    retryable: bool | None = _fact("Whether the same request may work later.")
    charged: Literal["no", "yes", "unknown"] | None = _fact("What is said about money.", in_(("no", "yes", "unknown")))
    cost: float | None = _fact("What it cost, in USD.", ge(0.0), le(1e6))
    error: ErrorName | None = attrs.field(
        default=None, validator=optional(in_(get_args(ErrorName))), metadata={"description": "The exception that is raised."}
    )
    times: int | None = _fact(
        "How often `repeat` says it again (once unless said); how often a fault strikes before it is passed over (always unless said).",
        ge(1),
        le(1_000_000),
    )
    format: Literal["png", "jpeg"] | None = _fact("Picture format, png unless said.", in_(("png", "jpeg")))
    type: str | None = _fact("Media type the provider claims.", max_len(200))
    url: str | None = _fact("Hand over this URL instead of bytes.", max_len(4096))
    data: str | None = _fact("Hand over this text as bytes instead of a picture; empty text is an empty file.", max_len(20_000))
    width: int | None = _fact("Width in pixels; the request's unless said.", ge(1), le(8192))
    height: int | None = _fact("Height in pixels; the request's unless said.", ge(1), le(8192))
