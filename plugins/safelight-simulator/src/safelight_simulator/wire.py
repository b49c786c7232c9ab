"""A request as plain JSON, so that a job can be played on after a restart."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import attrs

from safelight.providers import Request
from safelight_simulator.acts import Act
from safelight_simulator.options import RemoteOptions
from safelight_simulator.params import Params


def to_json(request: Request[Params, Any]) -> dict[str, Any]:
    """Return everything of a request that decides how it is played."""
    return attrs.asdict(request, filter=lambda field, value: value != field.default)


def from_json(raw: dict[str, Any]) -> Request[Params, RemoteOptions]:
    """Read what `to_json` wrote of a remote request."""
    options = raw["options"]
    script = tuple(Act(**act) for act in options.get("script", ()))
    return Request(
        prompt=raw["prompt"],
        model=raw.get("model"),
        params=Params(**raw["params"]),
        options=RemoteOptions(**options | {"script": script}),
    )


def fingerprint(request: Request[Params, Any]) -> str:
    """Return what two runs of the same request have in common."""
    return hashlib.sha256(json.dumps(to_json(request), sort_keys=True).encode()).hexdigest()[:32]
