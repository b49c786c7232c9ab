"""When each act of a script is due: waits become moments, repetitions become acts."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import attrs

from safelight_simulator.acts import ENDS, Act
from safelight_simulator.options import SAYINGS

_SUPERSEDED = frozenset({"queued", "started", "progress", "eta", "preview", "note", "log"})
FOREVER = float("inf")


@attrs.frozen
class Beat:
    """
    An act and its moment.

    Attributes:
        at: Seconds after the beginning; infinite behind a stall.
        act: What is due.
        place: Where it stands in the script; a repetition has the place of what it repeats, and so its pictures.
    """

    at: float
    act: Act
    place: int


def lay_out(acts: Iterable[Act], *, seed: int, jitter: float) -> tuple[Beat, ...]:
    """Return the beats of a script. Everything left to chance is settled here, by the seed."""
    dice = Random(seed)  # noqa: S311 - repeatable is the point
    now = 0.0
    beats: list[Beat] = []
    said: Beat | None = None
    for place, act in enumerate(acts):
        if act.do == "wait":
            now += (act.seconds or 0.0) * (1 + jitter * dice.uniform(-1, 1))
        elif act.do == "repeat" and said is not None:
            beats += [attrs.evolve(said, at=now)] * (act.times or 1)
        else:
            now = FOREVER if act.do == "stall" else now
            beats.append(Beat(now, act, place))
            said = beats[-1] if act.do in SAYINGS else said
    return tuple(beats)


def end_of(beats: Iterable[Beat]) -> Beat | None:
    """Return the beat that ends the run, if one does."""
    return next((beat for beat in beats if beat.act.do in ENDS), None)


def newest_only(beats: Iterable[Beat]) -> list[Beat]:
    """Return where things stand after `beats`: what a newer beat of its kind has made old is left out."""
    kept: list[Beat] = []
    newer: set[str] = set()
    for beat in reversed(tuple(beats)):
        if beat.act.do in ENDS:
            newer.clear()  # what is said after the end does not make old what led to it
        if beat.act.do in newer:
            continue
        if beat.act.do in _SUPERSEDED:
            newer.add(beat.act.do)
        kept.append(beat)
    kept.reverse()
    return kept
