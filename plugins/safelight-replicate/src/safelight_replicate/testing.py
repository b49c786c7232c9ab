"""Replicate's API as a script on loopback, against which its own client library completes; for tests alone."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from aiohttp import web
from aiohttp.web import Request, Response

from safelight.testing import Answers, FakeUpstream

TOKEN = "r8_" + "0" * 37
SIGNING_KEY = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, no less").decode()
VERSION = "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa"
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAMklEQVR42m3CMREAIAADsSpBCUqYXwRKUIKIn1GEgeaSYD+wzsQ6C+tsrHOwzsU6D+sP"
    b"n7VlQTB2sSMAAAAASUVORK5CYII="
)
"""A picture of 8 by 8."""
SCHEMA: dict[str, Any] = {
    "openapi": "3.0.2",
    "info": {"title": "Cog", "version": "0.1.0"},
    "paths": {"/predictions": {"post": {}}},
    "components": {
        "schemas": {
            "Input": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": {"type": "string", "title": "Prompt"},
                    "num_outputs": {"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
                    "num_inference_steps": {"type": "integer", "default": 28, "minimum": 1, "maximum": 50},
                    "guidance_scale": {"type": "number", "default": 3.0},
                    "seed": {"type": "integer", "nullable": True},
                    "image": {"type": "string", "format": "uri"},
                    "output_format": {"allOf": [{"$ref": "#/components/schemas/output_format"}], "default": "webp"},
                },
            },
            "output_format": {"type": "string", "enum": ["webp", "png"]},
            "Output": {"type": "array", "items": {"type": "string", "format": "uri"}},
        }
    },
}
BARS = (
    "Loading weights: 100%|██████████| 7/7 [00:01<00:00,  6.2it/s]\nUsing seed: 7\n\r 10%|█         | 2/20\r 40%|████      | 8/20"
)
"""A log as it stands in the middle of a run."""
ENDED = {"succeeded", "failed", "canceled", "aborted"}


class FakeReplicate(FakeUpstream):
    """
    Replicate, as a test scripts it.

    A prediction goes through `plot`, one step each time it is looked at; its last step stays. A step is what changes:
    a `status`, an `output` as the number of pictures that are there, and anything else as it is.

    Attributes:
        plot: The steps of predictions that are created from now on.
        models: What `/models/{owner}/{name}` shows, by `owner/name`.
        deployments: Likewise; a deployment names its release.
        predictions: Every prediction that was created, by id, in order: what was paid for.
        page_size: How many predictions a page of the list has.
        signing_key: By which webhooks are signed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plot: list[dict[str, Any]] = [
            {"status": "starting"},
            {"status": "processing", "logs": BARS},
            {"status": "processing", "output": 1},
            {"status": "succeeded", "output": 1, "metrics": {"predict_time": 1.5, "total_time": 2.0}},
        ]
        self.models = {
            "acme/lighthouse": _model("lighthouse", is_official=True),
            "acme/painter": _model("painter", is_official=False),
        }
        self.deployments = {"acme/fast": {"current_release": {"number": 1, "model": "acme/painter", "version": VERSION}}}
        self.predictions: dict[str, dict[str, Any]] = {}
        self.page_size = 100
        self.signing_key = SIGNING_KEY
        self._plots: dict[str, list[dict[str, Any]]] = {}
        for method, path, handler in (
            ("POST", "/v1/predictions", self._create),
            ("POST", "/v1/models/{owner}/{name}/predictions", self._create),
            ("POST", "/v1/deployments/{owner}/{name}/predictions", self._create),
            ("GET", "/v1/predictions", self._list),
            ("GET", "/v1/predictions/{id}", self._show),
            ("POST", "/v1/predictions/{id}/cancel", self._cancel),
            ("GET", "/v1/models/{owner}/{name}", self._model),
            ("GET", "/v1/models/{owner}/{name}/versions/{version}", self._version),
            ("GET", "/v1/deployments/{owner}/{name}", self._deployment),
            ("GET", "/v1/webhooks/default/secret", self._secret),
            ("GET", "/delivery/{id}/{file}", self._deliver),
        ):
            self.route(method, path, handler)

    @property
    def base_url(self) -> str:
        """What a client is told."""
        return f"{self.url}/v1"

    def last(self) -> dict[str, Any]:
        """Return the newest prediction."""
        return list(self.predictions.values())[-1]

    def go_on(self, *steps: dict[str, Any]) -> None:
        """Let the newest prediction go on with these steps."""
        self._plots[self.last()["id"]].extend(steps)

    def move(self, prediction_id: str) -> dict[str, Any]:
        """Take a prediction one step on, and return it."""
        prediction, plot = self.predictions[prediction_id], self._plots[prediction_id]
        if plot and prediction["status"] not in ENDED:
            self._change(prediction, plot.pop(0))
        return prediction

    def signed(self, prediction_id: str, *, ago_seconds: float = 0.0, key: str | None = None) -> tuple[bytes, dict[str, str]]:
        """Return a webhook as it would be sent: its body and its headers."""
        raw = json.dumps(self.predictions[prediction_id]).encode()
        name, sent = f"msg_{secrets.token_hex(8)}", str(int(datetime.now(UTC).timestamp() - ago_seconds))
        secret = base64.b64decode((key or self.signing_key).partition("_")[2])
        seal = base64.b64encode(hmac.digest(secret, f"{name}.{sent}.".encode() + raw, sha256)).decode()
        return raw, {"webhook-id": name, "webhook-timestamp": sent, "webhook-signature": f"v1,{seal}"}

    async def _create(self, request: Request) -> Response:
        if refused := _stranger(request):
            return refused
        body = await request.json()
        if "prompt" not in body.get("input", {}):
            fault = {"type": "required", "field": "input.prompt", "description": "prompt is required"}
            return problem(422, "Input validation failed", "- input: prompt is required\n", invalid_fields=[fault])
        info, version = request.match_info, body.get("version", "hidden")
        is_deployment = request.path.startswith("/v1/deployments/")
        model = f"{info['owner']}/{info['name']}" if "owner" in info and not is_deployment else "acme/painter"
        is_shut = request.path.startswith("/v1/models/") and not self.models.get(model, {}).get("is_official")
        known = model in self.models and not is_shut and version in {"hidden", VERSION, f"acme/painter:{VERSION}"}
        if not known or (is_deployment and f"{info['owner']}/{info['name']}" not in self.deployments):
            return problem(404, "Not found", "The requested resource could not be found.")
        prediction_id = _id()
        api = f"{self.base_url}/predictions/{prediction_id}"
        prediction = {
            "id": prediction_id,
            "model": model,
            "version": version.rpartition(":")[2],
            "input": body["input"],
            "logs": "",
            "output": None,
            "data_removed": False,
            "error": None,
            "source": "api",
            "status": "starting",
            "created_at": self._now(),
            "started_at": None,
            "completed_at": None,
            "metrics": {},
            "urls": {"get": api, "cancel": f"{api}/cancel", "web": f"https://replicate.com/p/{prediction_id}"},
        }
        if after := request.headers.get("Cancel-After"):
            prediction["deadline"] = self._now(float(after.removesuffix("s")))
        self.predictions[prediction_id] = prediction
        self._plots[prediction_id] = list(self.plot)
        return web.json_response(prediction, status=201)

    async def _show(self, request: Request) -> Response:
        if refused := self._strange_or_missing(request):
            return refused
        return web.json_response(self.move(request.match_info["id"]))

    async def _cancel(self, request: Request) -> Response:
        if refused := self._strange_or_missing(request):
            return refused
        prediction = self.predictions[request.match_info["id"]]
        if prediction["status"] not in ENDED:
            self._change(prediction, {"status": "canceled"})
        return web.json_response(prediction)

    async def _list(self, request: Request) -> Response:
        if refused := _stranger(request):
            return refused
        after, before = (request.query.get(f"created_{side}") for side in ("after", "before"))
        listed = [
            it
            for it in reversed(self.predictions.values())
            if (not after or _time(it["created_at"]) >= _time(after)) and (not before or _time(it["created_at"]) < _time(before))
        ]
        start = int(request.query.get("cursor", "0"))
        page = listed[start : start + self.page_size]
        end = start + len(page)
        following = f"{self.url}{request.rel_url.update_query(cursor=str(end))}" if end < len(listed) else None
        return web.json_response({"next": following, "previous": None, "results": page})

    async def _model(self, request: Request) -> Response:
        return self._one_of(self.models, request)

    async def _deployment(self, request: Request) -> Response:
        return self._one_of(self.deployments, request)

    async def _version(self, request: Request) -> Response:
        if refused := _stranger(request):
            return refused
        info = request.match_info
        newest = (self.models.get(f"{info['owner']}/{info['name']}") or {}).get("latest_version")
        if newest is None or newest["id"] != info["version"]:
            return problem(404, "Not found", "The requested resource could not be found.")
        return web.json_response(newest)

    async def _secret(self, request: Request) -> Response:
        return _stranger(request) or web.json_response({"key": self.signing_key})

    async def _deliver(self, _: Request) -> Response:
        return web.Response(body=PNG, content_type="image/png")

    def _one_of(self, shelf: dict[str, Any], request: Request) -> Response:
        if refused := _stranger(request):
            return refused
        found = shelf.get(f"{request.match_info['owner']}/{request.match_info['name']}")
        return problem(404, "Not found", "No such thing.") if found is None else web.json_response(found)

    def _strange_or_missing(self, request: Request) -> Response | None:
        if refused := _stranger(request):
            return refused
        if request.match_info["id"] not in self.predictions:
            return problem(404, "Not found", "Prediction not found")
        return None

    def _change(self, prediction: dict[str, Any], step: dict[str, Any]) -> None:
        prediction |= step
        if isinstance(count := step.get("output"), int):
            prediction["output"] = [f"{self.url}/delivery/{prediction['id']}/out-{n}.png" for n in range(count)]
        if prediction["status"] == "processing" and not prediction["started_at"]:
            prediction["started_at"] = self._now()
        if prediction["status"] in ENDED and not prediction["completed_at"]:
            prediction["completed_at"] = self._now()

    def _now(self, plus_seconds: float = 0.0) -> str:
        when = datetime.now(UTC) + timedelta(seconds=self.skew_seconds + plus_seconds)
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problem(status: int, title: str, detail: str, **facts: Any) -> Response:
    """Return an error as the API words it."""
    return web.json_response({"title": title, "detail": detail, "status": status, **facts}, status=status)


def throttled(seconds: int = 1, *, is_said_in_header: bool = True) -> Answers:
    """Return the weather of too many requests; the time may stand in the prose alone."""
    detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
    headers = {"Retry-After": str(seconds)} if is_said_in_header else {}
    return Answers(429, {"detail": detail, "status": 429}, headers=headers)


def _stranger(request: Request) -> Response | None:
    if request.headers.get("Authorization") == f"Bearer {TOKEN}":
        return None
    return problem(401, "Unauthenticated", "You did not pass a valid authentication token")


def _model(name: str, *, is_official: bool) -> dict[str, Any]:
    return {
        "url": f"https://replicate.com/acme/{name}",
        "owner": "acme",
        "name": name,
        "description": "Paints.",
        "visibility": "public",
        "is_official": is_official,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 7,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": {
            "id": VERSION,
            "created_at": "2026-11-01T00:00:00.000Z",
            "cog_version": "0.23.1",
            "openapi_schema": SCHEMA,
        },
    }


def _id() -> str:
    return base64.b32encode(secrets.token_bytes(16)).decode().lower().rstrip("=")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace(" ", "+"))
