"""The ready-made scripts: one for each thing a front end should be ready for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from safelight_simulator.acts import Act
from safelight_simulator.bounds import MAX_DEAF_SECONDS
from safelight_simulator.options import Options, Scenario, Submit
from safelight_simulator.params import Params

_SLOW = 10
_QUEUE = 6


@attrs.frozen
class Plan:
    """What will be played: the answer to the submission, then the acts."""

    acts: tuple[Act, ...]
    submit: Submit = "accepted"


def plan_of(options: Options, params: Params) -> Plan:
    """Return what a request's options come to."""
    plan = Plan(options.script) if options.script else SCENARIOS[options.scenario](options.seconds, params)
    return plan if options.submit is None else attrs.evolve(plan, submit=options.submit)


def _wait(seconds: float) -> Act:
    return Act(do="wait", seconds=seconds)


def _queue(seconds: float, places: int) -> Iterator[Act]:
    for place in reversed(range(places)):
        yield Act(do="queued", position=place, size=places + 3)
        yield _wait(seconds / places)


def _steps(seconds: float, steps: int, *, upto: int | None = None, previews: bool = True) -> Iterator[Act]:
    """Work through steps 1 to `upto` of `steps`, which would take `seconds` if all were done."""
    each = seconds / steps
    yield Act(do="started", text="Warming up")
    for step in range(1, (steps if upto is None else upto) + 1):
        yield _wait(each)
        left = (steps - step) * each
        yield Act(do="progress", fraction=step / steps, step=step, steps=steps, text=f"Step {step} of {steps}", eta=left)
        if previews and step < steps:
            yield Act(do="preview", fraction=step / steps)


def _outputs(params: Params) -> Iterator[Act]:
    for _ in range(params.count):
        yield Act(do="output")


def _ending(params: Params) -> Iterator[Act]:
    yield from _outputs(params)
    yield Act(do="succeed")


def _success(seconds: float, params: Params) -> Plan:
    return Plan((*_queue(seconds * 0.2, 2), *_steps(seconds * 0.8, params.steps), *_ending(params)))


def _slow(seconds: float, params: Params) -> Plan:
    return Plan((*_queue(seconds, 2), *_steps(seconds * (_SLOW - 1), max(40, params.steps), previews=False), *_ending(params)))


def _long_queue(seconds: float, params: Params) -> Plan:
    return Plan((*_queue(seconds * 0.8, _QUEUE), *_steps(seconds * 0.2, params.steps), *_ending(params)))


def _silent(seconds: float, params: Params) -> Plan:
    return Plan((Act(do="started"), _wait(seconds), *_ending(params)))


def _half(seconds: float, params: Params) -> tuple[Act, ...]:
    """The success scenario up to its middle."""
    half = (params.steps + 1) // 2
    return (*_queue(seconds * 0.2, 2), *_steps(seconds * 0.8 * params.steps / half, params.steps, upto=half))


def _broken(*acts: Act) -> Callable[[float, Params], Plan]:
    """Work to the middle, then this."""
    return lambda seconds, params: Plan((*_half(seconds, params), *acts))


def _refused(submit: Submit) -> Callable[[float, Params], Plan]:
    """Never get past the submission; a later submission that is accepted succeeds."""
    return lambda seconds, params: attrs.evolve(_success(seconds, params), submit=submit)


def _deaf(seconds: float, params: Params) -> Plan:
    return Plan((Act(do="deaf", seconds=min(seconds, MAX_DEAF_SECONDS)), *_steps(seconds, params.steps), *_ending(params)))


def _empty(seconds: float, params: Params) -> Plan:
    return Plan((*_steps(seconds, params.steps), Act(do="succeed")))


def _flaky(seconds: float, params: Params) -> Plan:
    jumps = (0.1, 0.4, 0.25, 0.25, 0.9, 0.0, 0.5, 1.0)
    acts: list[Act] = [Act(do="started")]
    for number, fraction in enumerate(jumps):
        acts += [_wait(seconds / len(jumps)), Act(do="progress", fraction=fraction, text=f"Reading {number + 1}")]
        acts += [Act(do="repeat", times=2), Act(do="queued", position=3), Act(do="unknown")]
    return Plan((*acts, *_ending(params)))


def _late(seconds: float, params: Params) -> Plan:
    after = (_wait(min(seconds, 1.0)), Act(do="progress", fraction=0.5, text="Too late"), Act(do="fail", text="Too late"))
    return Plan((*_steps(seconds, params.steps), *_ending(params), *after))


SCENARIOS: dict[Scenario, Callable[[float, Params], Plan]] = {
    "success": _success,
    "slow": _slow,
    "queue": _long_queue,
    "silent": _silent,
    "failure": _broken(Act(do="fail", text="The simulated model ran out of memory.", code="provider_rejected")),
    "unavailable": _broken(Act(do="raise", error="ProviderUnavailable", text="The simulated upstream is down.")),
    "nsfw": _broken(Act(do="fail", text="The simulated safety checker refused the picture.", code="content_policy")),
    "rate-limited": _refused("rate_limited"),
    "outcome-unknown": _refused("unknown_but_running"),
    "crash": _broken(Act(do="raise", error="RuntimeError", text="The simulated plugin has a bug.")),
    "garbage": _broken(Act(do="garbage")),
    "stall": _broken(Act(do="stall")),
    "deaf": _deaf,
    "empty": _empty,
    "flaky-progress": _flaky,
    "late": _late,
}
