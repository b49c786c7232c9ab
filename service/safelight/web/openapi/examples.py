"""Examples: statuses as they come, in the service's own classes, to be written as it writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs

from safelight.frames import Frame, LogLine
from safelight.status import Attempt, Charged, Eta, Outcome, Output, Phase, State, Status, Steps
from safelight.versions import Version
from safelight.web.answers import Created, Urls

ID = "5f0c8a2e91d34b7786a1c0de42f9b3aa"
_NAME = "c2b1f60d9e7a48c3b5d4019e8f76a2d1.png"
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

WAITING = Status(
    generation=ID,
    provider="sketch",
    version=Version(1763856000, 1),
    state=State.STARTED,
    phase=Phase.QUEUED,
    created_at=_NOON,
    deadline_at=_NOON + timedelta(minutes=30),
)
RUNNING = attrs.evolve(
    WAITING,
    version=Version(1763856000, 7),
    state=State.PROCESSING,
    phase=Phase.RUNNING,
    progress=42,
    message="Painting the sky",
    steps=Steps(5, 12, unit="step"),
    eta=Eta(p50=1.5),
    attempt=Attempt(n=1, of=1, provider="sketch"),
    started_at=_NOON + timedelta(seconds=1),
)
SUCCEEDED = attrs.evolve(
    RUNNING,
    version=Version(1763856000, 16),
    state=State.SUCCEEDED,
    phase=Phase.FINISHED,
    progress=100,
    message=None,
    eta=None,
    outcome=Outcome.SUCCEEDED,
    outputs=(
        Output(
            url=f"/v1/outputs/{ID}/{_NAME}",
            type="image/png",
            bytes=48213,
            sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            width=512,
            height=512,
            seed=7,
        ),
    ),
    charged=Charged.NO,
    ended_at=_NOON + timedelta(seconds=4),
)
FAILED = attrs.evolve(
    RUNNING,
    state=State.FAILED,
    phase=Phase.FINISHED,
    outcome=Outcome.EXPIRED,
    error="Not finished within the total deadline of 1800 s.",
    code="deadline_exceeded",
    retryable=True,
    ended_at=_NOON + timedelta(minutes=30),
)
CREATED = Created(
    session_id=ID,
    provider_id="sketch",
    status=State.STARTED,
    stream_url=f"/v1/generations/{ID}/events",
    urls=Urls(self_=f"/v1/generations/{ID}", events=f"/v1/generations/{ID}/events", cancel=f"/v1/generations/{ID}/cancel"),
)
STREAM = b": ok\nretry: 2137\n\n" + b"".join(Frame(status).event for status in (WAITING, RUNNING, SUCCEEDED))
STREAM_WITH_LOG = STREAM + LogLine(ID, _NOON, "loading the palette").event
STREAM_OF_MANY = b": ok\nretry: 2137\n\n" + b"".join(Frame(status).bare for status in (WAITING, RUNNING, SUCCEEDED))
