"""What is first written of a generation: what was asked, under which limits, its first snapshot, its first intent."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from safelight.codec import encode_status, whole_millisecond
from safelight.config.model import Config
from safelight.generation import Draft, Generation, Patience, Policy, Surface
from safelight.records import StatusRecord, Step
from safelight.runner import Attempts, Route, attempts_at_most, intent
from safelight.slots import Place
from safelight.status import Attempt, Eta, Phase, Queue, State, Status
from safelight.versions import Version, next_epoch


@attrs.frozen(kw_only=True)
class Beginning:
    """A generation that nobody has heard of yet: everything its first transaction holds."""

    generation: Generation
    first: StatusRecord
    attempts: Attempts

    @property
    def status(self) -> Status:
        """The first snapshot."""
        return self.first.status


def begin(
    id_: str,
    asked: str,
    draft: Draft,
    route: Route,
    config: Config,
    *,
    owner: str,
    surface: Surface,
    at: datetime,
    place: Place | None = None,
    eta: Eta | None = None,
) -> Beginning:
    """
    Return how a generation begins.

    Args:
        asked: The provider or route as the caller named it.
        route: Who may work on it; at least one.
        at: The present.
        place: Where it stands in the queue of the first provider, None where it has a slot.
        eta: How long it may take, where that is known.
    """
    policy = policy_of(draft, surface, config)
    shown_at = whole_millisecond(at)
    first = route[0].instance
    generation = Generation(
        id=id_,
        owner=owner,
        provider=asked,
        request=draft.request(),
        policy=policy,
        created_at=at,
        ref=draft.ref,
        surface=surface,
        route=tuple(candidate.instance.name for candidate in route),
        webhook=draft.webhook,
    )
    status = Status(
        generation=id_,
        provider=asked,
        version=Version(next_epoch(0, int(at.timestamp())), 1),
        state=State.STARTED,
        phase=Phase.SUBMITTING if place is None else Phase.QUEUED,
        queue=None if place is None else Queue(place.position, place.size),
        created_at=shown_at,
        eta=eta,
        ref=draft.ref,
        attempt=Attempt(n=1, of=attempts_at_most(route, policy), provider=first.name, model=draft.model),
        deadline_at=shown_at + timedelta(seconds=policy.total_seconds + policy.cancel_seconds),
    )
    step = Step.INTENT if place is None else Step.QUEUED
    shown = StatusRecord(status=status, snapshot=encode_status(status))
    return Beginning(generation=generation, first=shown, attempts=Attempts([intent(1, first, at, step=step)]))


def policy_of(draft: Draft, surface: Surface, config: Config) -> Policy:
    """Return the limits a generation runs under: the config's, of which a caller may shorten the total."""
    deadlines = config.deadlines
    total_seconds = deadlines.seed_total_seconds if surface is Surface.SEED else deadlines.total_seconds
    return Policy(
        submit_seconds=deadlines.submit_seconds,
        stall_seconds=deadlines.stall_seconds,
        total_seconds=min(total_seconds, draft.deadline or total_seconds),
        cancel_seconds=deadlines.cancel_seconds,
        max_pause_seconds=deadlines.max_pause_seconds,
        queue_seconds=deadlines.queue_seconds,
        attempts=config.retries.attempts,
        patience=Patience.parse(draft.on_disconnect),
    )
