"""A studio behind plain HTTP, whose weather a test makes, and the whole service before it."""

import asyncio
import io
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
import attrs
import pytest
from aiohttp import web
from PIL import Image

from safelight.config.model import Config, Data, Deadlines, Instance, JournalSettings, OutputSettings, Retries, Streams
from safelight.core import Safelight
from safelight.generation import ANONYMOUS, Draft
from safelight.plugins import Offer, discover
from safelight.providers import (
    Cancel,
    Canceled,
    Capabilities,
    Charged,
    ContentPolicy,
    Durability,
    Failed,
    Job,
    Noted,
    OutcomeUnknown,
    Produced,
    Progressed,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    Queued,
    Rejected,
    RemoteProvider,
    Succeeded,
    network_error,
    retry_after_seconds,
)
from safelight.testing import FakeUpstream

PATIENCE = 20.0
QUEUED, RUNNING = {"state": "queued", "position": 3}, {"state": "running", "progress": 0.5}
DONE = {"state": "done", "pictures": ["a.png"]}
_NETWORK = (aiohttp.ClientError, TimeoutError, OSError)


def png():
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()


class Studio(FakeUpstream):
    """
    An upstream as there are many: a POST, a poll, a cancel, a list, and pictures.

    Attributes:
        story: What each poll of a job is answered, the last again and again.
        jobs: The key of each job that was taken, by its id.
    """

    def __init__(self):
        super().__init__()
        self.story = [QUEUED, RUNNING, DONE]
        self.jobs = {}
        self.picture = png()
        self._polled = {}
        self.route("POST", "/jobs", self._create)
        self.route("GET", "/jobs", self._list)
        self.route("GET", "/jobs/{id}", self._look)
        self.route("POST", "/jobs/{id}/cancel", self._cancel)
        self.route("GET", "/pictures/{name}", self._show)

    async def _create(self, request):
        job = f"j{len(self.jobs) + 1}"
        self.jobs[job] = (await request.json())["key"]
        return web.json_response({"id": job, "state": "queued"})

    async def _list(self, request):
        key = request.query["key"]
        return web.json_response([job for job, of in self.jobs.items() if of == key])

    async def _look(self, request):
        job = request.match_info["id"]
        at = self._polled[job] = self._polled.get(job, -1) + 1
        return web.json_response(self.story[min(at, len(self.story) - 1)])

    async def _cancel(self, request):
        self.story = [{"state": "canceled"}]
        return web.json_response({"state": "canceled"})

    async def _show(self, request):
        return web.Response(body=self.picture, content_type="image/png")

    @property
    def submissions(self):
        """How often a job was handed in, taken or not."""
        return len(self.calls("POST /jobs"))


@attrs.frozen(kw_only=True)
class StudioSettings:
    url: str
    finds: bool = True


class StudioProvider(RemoteProvider):
    """What the author of a plugin writes for such a studio."""

    name = "studio"
    Settings = StudioSettings
    capabilities = Capabilities(durability=Durability.REMOTE, poll_seconds=0.05)

    async def submit(self, request, key):
        try:
            said = await self._ask("POST", "/jobs", json={"key": key, "prompt": request.prompt})
        except _NETWORK as error:
            raise network_error(error, "The studio") from error
        except ValueError as error:
            raise OutcomeUnknown("The studio's answer is no JSON.") from error
        if "error" in said:
            raise Rejected(f"The studio says: {said['error']}")
        return Job(said["id"])

    async def find(self, key):
        if not self.settings.finds:
            raise OutcomeUnknown("The studio keeps no list.")
        found = await self._repeatable("GET", "/jobs", params={"key": key})
        return Job(found[0]) if found else None

    async def poll(self, job):
        said = await self._repeatable("GET", f"/jobs/{job.id}")
        charged = Charged(said["charged"]) if "charged" in said else None
        match said["state"]:
            case "queued":
                return [Queued(said.get("position"))]
            case "running":
                return [Progressed(said.get("progress"))]
            case "done":
                pictures = [Produced(f"{self.settings.url}/pictures/{name}") for name in said.get("pictures", [])]
                also = [Failed("On second thoughts, no.")] if said.get("also_failed") else []
                return [*pictures, Succeeded(charged=charged), *also]
            case "failed":
                return [Failed("The studio burnt down.", charged=charged)]
            case "blocked":
                raise ContentPolicy("The studio will not show this.", charged=charged)
            case "canceled":
                return [Canceled()]
            case word:
                return [Noted(f"The studio says '{word}'.")]

    async def cancel(self, job):
        await self._repeatable("POST", f"/jobs/{job.id}/cancel")
        return Cancel.CONFIRMED

    async def _repeatable(self, method, path, **more):
        """Ask what may be asked again: whatever goes wrong on the way may pass."""
        try:
            return await self._ask(method, path, **more)
        except (*_NETWORK, ValueError) as error:
            raise ProviderUnavailable(f"The studio could not be asked ({type(error).__name__}).") from error

    async def _ask(self, method, path, **more):
        async with self.resources.session.request(method, self.settings.url + path, **more) as answer:
            body = await answer.read()
            if answer.status != HTTPStatus.OK:
                raise self._refusal(answer, body)
            return await answer.json()

    def _refusal(self, answer, body):
        wait = retry_after_seconds(answer.headers, body, self.resources.clock.now())
        match answer.status:
            case HTTPStatus.TOO_MANY_REQUESTS:
                return ProviderRateLimited("The studio has too much to do.", retry_after_seconds=wait)
            case HTTPStatus.UNPROCESSABLE_ENTITY:
                return ContentPolicy("The studio will not paint this.")
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return ProviderUnavailable(f"The studio answered {status}.", retry_after_seconds=wait)
        return ProviderError(f"The studio answered {answer.status}.")


@attrs.define
class Weathered:
    """The whole service in this process, one generation, and what came of it."""

    core: Safelight
    generation: str = ""
    statuses: list = attrs.field(factory=list)

    async def begin(self, **draft):
        created = await self.core.create(Draft(prompt="a lighthouse", **draft), owner=ANONYMOUS)
        self.generation = created.generation

    async def status(self):
        return (await self.core.find(self.generation, owner=ANONYMOUS))[1]

    async def until(self, wanted):
        async with asyncio.timeout(PATIENCE):
            while not wanted(status := await self.status()):  # noqa: ASYNC110 - any condition at all
                await asyncio.sleep(0.01)
        return status

    async def end(self):
        """Wait for the end; make sure of what holds for every one."""
        end = await self.until(lambda status: status.is_terminal)
        assert end.created_at <= end.ended_at <= end.deadline_at
        self.statuses = (await self.core.history(self.generation, owner=ANONYMOUS)).statuses
        progress = [status.progress for status in self.statuses if status.progress is not None]
        assert progress == sorted(progress), "progress fell"
        assert [status.is_terminal for status in self.statuses] == [False] * (len(self.statuses) - 1) + [True]
        return end

    async def run(self, **draft):
        await self.begin(**draft)
        return await self.end()


@pytest.fixture
async def studio():
    async with Studio() as running:
        yield running


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    """Waits of a human measure have no place here; those that an upstream asks for are kept."""
    monkeypatch.setattr("safelight.runner.retrying._FIRST_SECONDS", 0.02)
    monkeypatch.setattr("safelight.runner.custody._RETRY_SECONDS", 0.02)
    monkeypatch.setattr("safelight.runner.custody._RETRY_SLOWEST", 0.1)


@pytest.fixture
async def weathered(tmp_path, studio):
    """Open the service before the studio."""

    @asynccontextmanager
    async def opened(*, total=8.0, finds=True, private_network=True, **deadlines):
        offer = Offer(cls=StudioProvider, plugin="studio", distribution="safelight-tests", version="0")
        settings = {"url": studio.url, "finds": finds}
        instances = {"studio": Instance(plugin="studio", private_network=private_network, settings=settings)}
        config = Config(
            default_provider="studio",
            data=Data(folder=str(tmp_path / "data"), min_free_bytes=0),
            journal=JournalSettings(engine="memory"),
            streams=Streams(progress_seconds=0.0),
            outputs=OutputSettings(max_bytes=2**20, fetch_seconds=0.5),
            deadlines=Deadlines(
                total_seconds=total,
                **{"submit_seconds": 2.0, "stall_seconds": 2.0, "cancel_seconds": 0.4, "queue_seconds": 5.0, **deadlines},
            ),
            retries=Retries(attempts=3, breaker_failures=0),
            providers=instances,
        )
        found = discover()
        discovery = attrs.evolve(found, providers={**found.providers, "studio": offer})
        async with Safelight(config, discovery=discovery) as core:
            yield Weathered(core)

    return opened
