"""What a generation may ask of a simulator: a ready-made scenario or a script of its own, and how it is handed in."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from attrs.validators import and_, ge, le, max_len, optional

from safelight_simulator.acts import DAY, Act

Scenario = Literal[
    "success",
    "slow",
    "queue",
    "silent",
    "failure",
    "unavailable",
    "nsfw",
    "rate-limited",
    "outcome-unknown",
    "crash",
    "garbage",
    "stall",
    "deaf",
    "empty",
    "flaky-progress",
    "late",
]
Submit = Literal["accepted", "not_sent", "rejected", "rate_limited", "unknown", "unknown_but_running", "crash", "hang"]
Charge = Literal["accept", "success", "never"]
CancelAnswer = Literal["confirmed", "requested", "too_late", "unsupported", "error", "hang"]
MAX_ACTS = 500


def _plays(options: Any, _: attrs.Attribute[Any], script: tuple[Act, ...]) -> None:
    if script and options.scenario != "success":
        raise ValueError(f"give a script or the scenario '{options.scenario}', not both")
    said = False
    for place, act in enumerate(script):
        if act.do == "repeat" and not said:
            raise ValueError(f"act {place} has nothing before it to say again")
        said = said or act.do in SAYINGS


def _option(default: Any, description: str, *checks: Any) -> Any:
    return attrs.field(default=default, validator=and_(*checks), metadata={"description": description})


SAYINGS = frozenset(
    {
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
        "succeed",
        "fail",
        "canceled",
    },
)
"""The acts that say something, and so can be repeated."""


@attrs.frozen(kw_only=True)
class Options:
    """The script of one run."""

    scenario: Scenario = attrs.field(
        default="success", metadata={"description": "A ready-made script; what each does is in the README."}
    )
    seconds: float = _option(3.0, "How long the scenario takes; `slow` takes ten times as long.", ge(0.0), le(3600.0))
    jitter: float = _option(0.0, "How far each wait strays, as a part of it; by seed.", ge(0.0), le(1.0))
    script: tuple[Act, ...] = _option((), "Acts to play instead of a scenario.", max_len(MAX_ACTS), _plays)
    submit: Submit | None = attrs.field(
        default=None, metadata={"description": "What the upstream answers a submission; the scenario's own unless said."}
    )
    submit_seconds: float = _option(0.0, "How long that answer takes; the job may be running meanwhile.", ge(0.0), le(DAY))
    submit_times: int | None = attrs.field(
        default=None,
        validator=optional(and_(ge(1), le(1000))),
        metadata={"description": "How often the same request is answered like that before it is accepted; always unless said."},
    )
    charge: Charge = attrs.field(default="accept", metadata={"description": "When the upstream takes its money."})


@attrs.frozen(kw_only=True)
class RemoteOptions(Options):
    """The script of one job, which can also answer a cancel."""

    cancel: CancelAnswer | None = attrs.field(
        default=None, metadata={"description": "What a cancel is answered; what the settings promise unless said."}
    )
    cancel_seconds: float = _option(0.0, "How long that answer takes.", ge(0.0), le(DAY))
