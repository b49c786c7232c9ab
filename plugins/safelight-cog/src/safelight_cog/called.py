"""What Cog says by webhook: that a job is worth a look and, once, how it ended, which nobody can ask it later."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping
from typing import Any

from safelight.providers import Secret, WebhookRefused
from safelight_cog.server import Prediction

EVENTS = ("start", "completed")
"""What lies between is told by the stream, or found by looking."""
ENDED = frozenset({"succeeded", "failed", "canceled"})


class Calls:
    """
    The ends that Cog called us about, each kept until its job is no longer watched.

    Args:
        token: What the server sends as `Authorization: Bearer …`, where its operator has set one.
    """

    def __init__(self, token: Secret | None) -> None:
        self._token = token
        self._ends: dict[str, asyncio.Future[Prediction]] = {}

    def expect(self, key: str) -> None:
        """Keep the end of a job from now on, if Cog calls about it."""
        if key not in self._ends:
            self._ends[key] = asyncio.get_running_loop().create_future()

    def is_expected(self, key: str) -> bool:
        """Whether a job is still watched."""
        return key in self._ends

    def forget(self, key: str) -> None:
        """Let go of a job."""
        self._ends.pop(key, None)

    def end_of(self, key: str) -> Prediction | None:
        """Return how a job ended, by Cog's own call; None while there was none."""
        end = self._ends.get(key)
        return end.result() if end is not None and end.done() else None

    async def wait_for(self, key: str, seconds: float) -> Prediction | None:
        """Return the same, waiting for a while: Cog calls again when nobody was there."""
        await asyncio.wait({self._ends[key]}, timeout=seconds)
        return self.end_of(key)

    def hear(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """
        Take in a call. Cog signs nothing: the URL that nobody else knows is its word, and a token where there is one.

        Raises:
            WebhookRefused: The token is not ours.
        """
        if self._token is not None:
            said = headers.get("Authorization", "").encode("utf-8", "replace")
            if not hmac.compare_digest(said, f"Bearer {self._token.reveal()}".encode()):
                raise WebhookRefused("The message does not carry the token of the Cog server.")
        prediction = _read(raw)
        end = self._ends.get(str(prediction.get("id")))
        if end is not None and not end.done() and prediction.get("status") in ENDED:
            end.set_result(prediction)


def _read(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return {}  # it is a call all the same, and has the job looked at
    return said if isinstance(said, dict) else {}
