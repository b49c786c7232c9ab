"""The two surfaces as frozen flags of the same handlers."""

from __future__ import annotations

import attrs

from safelight.generation import Surface


@attrs.frozen(kw_only=True)
class Profile:
    """
    How one surface differs.

    Attributes:
        starts_with_first: Without a cursor, the first snapshot is sent before the newest.
        refuses_as_event: A refusal is a 200 with one failed event, since any other end is final for its client.
        outlasts_drain: Its streams are held until the end or the grace, since its client never comes back.
        has_log: Whether readers may ask for the upstream's log, as named events.
        created_status: The HTTP status of a successful create.
        may_wait: Whether a create may wait for the end.
    """

    surface: Surface
    starts_with_first: bool
    refuses_as_event: bool
    outlasts_drain: bool
    has_log: bool
    created_status: int
    may_wait: bool


SEED = Profile(
    surface=Surface.SEED,
    starts_with_first=True,
    refuses_as_event=True,
    outlasts_drain=True,
    has_log=False,
    created_status=200,
    may_wait=False,
)
V1 = Profile(
    surface=Surface.V1,
    starts_with_first=False,
    refuses_as_event=False,
    outlasts_drain=False,
    has_log=True,
    created_status=202,
    may_wait=True,
)
