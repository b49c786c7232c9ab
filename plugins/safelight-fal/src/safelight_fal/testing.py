"""fal's queue as a script on loopback, against which its own client library completes; for tests alone."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
from aiohttp import web
from aiohttp.web import Request, Response, StreamResponse
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.testing import Answers, FakeUpstream

KEY = "5f1c:0123456789abcdef"
ENDPOINT = "acme/lighthouse/dev"
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAMklEQVR42m3CMREAIAADsSpBCUqYXwRKUIKIn1GEgeaSYD+wzsQ6C+tsrHOwzsU6D+sP"
    b"n7VlQTB2sSMAAAAASUVORK5CYII="
)
"""A picture of 8 by 8."""
SIZE = {
    "type": "object",
    "properties": {
        "width": {"type": "integer", "default": 512, "exclusiveMinimum": 0, "maximum": 14142},
        "height": {"type": "integer", "default": 512, "exclusiveMinimum": 0, "maximum": 14142},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.4",
    "info": {"title": f"Queue OpenAPI for {ENDPOINT}", "version": "1.0.0"},
    "paths": {
        "/acme/lighthouse/requests/{request_id}/status": {"get": {}},
        f"/{ENDPOINT}": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/LighthouseDevInput"}}}}
            }
        },
    },
    "components": {
        "schemas": {
            "ImageSize": SIZE,
            "LighthouseDevInput": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": {"type": "string", "title": "Prompt", "description": "What to paint."},
                    "image_size": {
                        "anyOf": [
                            {"$ref": "#/components/schemas/ImageSize"},
                            {"type": "string", "enum": ["square_hd", "landscape_4_3"]},
                        ],
                        "default": "landscape_4_3",
                    },
                    "num_inference_steps": {"type": "integer", "default": 28, "minimum": 1, "maximum": 50},
                    "guidance_scale": {"type": "number", "default": 3.5, "minimum": 1, "maximum": 20},
                    "num_images": {"type": "integer", "default": 1, "minimum": 1, "maximum": 4},
                    "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "image_urls": {"type": "array", "items": {"type": "string"}, "default": []},
                    "enable_safety_checker": {"type": "boolean", "default": True},
                },
            },
        }
    },
}


def line(message: str, *, level: str = "STDERR", at: str = "2026-11-23T10:00:02.5") -> dict[str, Any]:
    """Return a line of a runner's log."""
    return {"message": message, "level": level, "source": "USER", "timestamp": at}


@attrs.define
class FakeJob:
    """
    One job that was handed in: what was paid for.

    Attributes:
        id: What the queue calls it.
        input: What it was handed in with.
        webhook: Where its end was to be told.
        state: What its status is.
        logs: Its log so far.
        plot: What follows.
    """

    id: str
    input: Any
    webhook: str | None
    plot: list[dict[str, Any]]
    state: dict[str, Any] = attrs.field(factory=lambda: {"status": "IN_QUEUE", "queue_position": 0})
    logs: list[dict[str, Any]] = attrs.field(factory=list)
    moved: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return bool(self.state["status"] == "COMPLETED")

    def move(self, *steps: dict[str, Any]) -> None:
        """Add to its plot; the stream takes it up at once, a poll at its next look."""
        self.plot.extend(steps)
        self.moved.set()

    def step(self) -> list[dict[str, Any]]:
        """Take it one step on; return what that added to its log."""
        if self.is_over or not self.plot:
            return []
        state = dict(self.plot.pop(0))
        fresh: list[dict[str, Any]] = state.pop("logs", None) or []
        self.logs += fresh
        self.state = state
        return fresh


class FakeFal(FakeUpstream):
    """
    The queue, as a test scripts it.

    A job goes through `plot`: one step each time it is polled, and step by step while somebody listens; its last step
    stays. A step is a status; its `logs` are what it adds to the log.

    Attributes:
        plot: The steps of jobs that are handed in from now on.
        result: What is answered for the result of a job that is over: HTTP status, body, headers.
        jobs: Every job that was handed in, by id, in order.
        document: What `/openapi.json` says.
        is_streaming: Whether jobs can be listened to.
        keeps_canceled: Whether a job that is canceled in the queue is still known; else it is not found any more.
        signing: The keys that webhooks are signed with; the newest last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plot: list[dict[str, Any]] = [
            {"status": "IN_QUEUE", "queue_position": 1},
            {"status": "IN_PROGRESS", "logs": [line("Loading model: 100%|##| 7/7")]},
            {"status": "IN_PROGRESS", "logs": [line(" 30%|###       | 9/30"), line("a warning", level="WARN")]},
            {"status": "COMPLETED", "metrics": {"inference_time": 2.31}},
        ]
        self.result: tuple[int, Any, Mapping[str, str]] | None = None
        self.jobs: dict[str, FakeJob] = {}
        self.document: Any = DOCUMENT
        self.is_streaming = True
        self.keeps_canceled = True
        self.signing = [Ed25519PrivateKey.generate()]
        for method, path, handler in (
            ("GET", "/openapi.json", self._document),
            ("GET", "/.well-known/jwks.json", self._jwks),
            ("GET", "/files/{id}/{name}", self._file),
            ("GET", "/{app:.+}/requests/{id}/status", self._status),
            ("GET", "/{app:.+}/requests/{id}/status/stream", self._stream),
            ("GET", "/{app:.+}/requests/{id}", self._result),
            ("PUT", "/{app:.+}/requests/{id}/cancel", self._cancel),
            ("POST", "/{endpoint:.+}", self._submit),
        ):
            self.route(method, path, handler)

    def last(self) -> FakeJob:
        """Return the newest job."""
        return list(self.jobs.values())[-1]

    def pictures(self, job: FakeJob, count: int = 1, **facts: Any) -> dict[str, Any]:
        """Return a result with so many pictures."""
        images = [
            {"url": f"{self.url}/files/{job.id}/{n}.png", "width": 8, "height": 8, "content_type": "image/png"}
            for n in range(count)
        ]
        return {
            "images": images,
            "seed": 7,
            "has_nsfw_concepts": [False] * count,
            "timings": {"inference": 2.3},
            "prompt": job.input.get("prompt", ""),
            **facts,
        }

    def signed(
        self, job: FakeJob, *, ago_seconds: float = 0.0, key: Ed25519PrivateKey | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Return a webhook as it would be sent: its body and its headers."""
        body = {"request_id": job.id, "gateway_request_id": job.id, "status": "OK", "payload": self.pictures(job)}
        raw = json.dumps(body).encode()
        sent = str(int(datetime.now(UTC).timestamp() - ago_seconds))
        message = "\n".join([job.id, "user_1", sent, hashlib.sha256(raw).hexdigest()]).encode()
        return raw, {
            "X-Fal-Webhook-Request-Id": job.id,
            "X-Fal-Webhook-User-Id": "user_1",
            "X-Fal-Webhook-Timestamp": sent,
            "X-Fal-Webhook-Signature": (key or self.signing[-1]).sign(message).hex(),
        }

    async def _submit(self, request: Request) -> Response:
        if refused := _stranger(request):
            return refused
        asked = await request.json()
        job = FakeJob(str(uuid.uuid4()), asked, request.query.get("fal_webhook"), list(self.plot))
        self.jobs[job.id] = job
        app = "/".join(request.match_info["endpoint"].split("/")[:2])
        return web.json_response({**self._named(job, app), **job.state})

    async def _status(self, request: Request) -> Response:
        if (job := self._job(request)) is None:
            return _missing(request)
        job.step()
        return web.json_response(self._told(job, request, job.logs), status=200 if job.is_over else 202)

    async def _stream(self, request: Request) -> StreamResponse:
        if (job := self._job(request)) is None:
            return _missing(request)
        if not self.is_streaming:
            return web.json_response({"detail": "Method Not Allowed"}, status=405)
        response = StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        fresh = job.logs
        while True:
            said = json.dumps(self._told(job, request, fresh))
            await response.write(f"data: {said}\n\n".encode())
            if job.is_over:
                return response
            while not job.plot:
                job.moved.clear()
                await job.moved.wait()
            fresh = job.step()

    async def _result(self, request: Request) -> Response:
        if (job := self._job(request)) is None:
            return _missing(request)
        if not job.is_over:
            return web.json_response({"detail": "Request is still in progress"}, status=400)
        if self.result is None and job.state.get("error_type"):
            said = {"detail": job.state.get("error"), "error_type": job.state["error_type"]}
            return web.json_response(said, status=504, headers={"X-Fal-Error-Type": said["error_type"]})
        status, body, headers = self.result or (200, self.pictures(job, job.input.get("num_images", 1)), {})
        return web.json_response(body, status=status, headers=headers)

    async def _cancel(self, request: Request) -> Response:
        if (job := self._job(request)) is None:
            return _missing(request, {"status": "NOT_FOUND"})
        if job.is_over:
            return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
        if not self.keeps_canceled and job.state["status"] == "IN_QUEUE":
            job.moved.set()
            del self.jobs[job.id]
        else:
            job.plot.clear()
            job.move({"status": "COMPLETED", "error": "Request was cancelled", "error_type": "client_cancelled"})
        return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)

    async def _document(self, _: Request) -> Response:
        return web.json_response(self.document)

    async def _jwks(self, _: Request) -> Response:
        raws = [key.public_key().public_bytes_raw() for key in self.signing]
        keys = [{"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).decode().rstrip("=")} for raw in raws]
        return web.json_response({"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}, *keys]})

    async def _file(self, _: Request) -> Response:
        return web.Response(body=PNG, content_type="image/png")

    def _job(self, request: Request) -> FakeJob | None:
        return None if _stranger(request) else self.jobs.get(request.match_info["id"])

    def _told(self, job: FakeJob, request: Request, logs: list[dict[str, Any]]) -> dict[str, Any]:
        shown = logs if request.query.get("logs") in {"1", "true"} and job.state["status"] != "IN_QUEUE" else None
        return {**self._named(job, request.match_info["app"]), **job.state, "logs": shown}

    def _named(self, job: FakeJob, app: str) -> dict[str, Any]:
        page = f"{self.url}/{app}/requests/{job.id}"
        return {"request_id": job.id, "response_url": page, "status_url": f"{page}/status", "cancel_url": f"{page}/cancel"}


def throttled(seconds: int | None = None, *, prose: str = "Rate limit exceeded") -> Answers:
    """Return the weather of too many requests."""
    return Answers(429, {"detail": prose}, headers={} if seconds is None else {"Retry-After": str(seconds)})


def _stranger(request: Request) -> Response | None:
    if request.headers.get("Authorization") == f"Key {KEY}":
        return None
    return web.json_response({"detail": "Cannot access application. Authentication is required."}, status=401)


def _missing(request: Request, body: Any = None) -> Response:
    return _stranger(request) or web.json_response(body or {"detail": "Request not found"}, status=404)
