"""The seed's browser code, followed to the letter, against the service."""

import asyncio
import json

import pytest

from safelight.providers import Failed, Progressed, Started
from safelight.web.keys import STREAMS

WORDS = {"started", "processing", "succeeded", "failed"}


class Browser:
    """
    One tab with the seed's component in it; `shown` is every `setStatus`.

    The seed sends a string with no Content-Type of its own: browsers then say text/plain.
    """

    def __init__(self, service, content_type="text/plain;charset=UTF-8"):
        self.service = service
        self.headers = [("Content-Type", content_type), ("Origin", f"http://localhost:{service.port}")]
        self.headers.append(("Host", f"localhost:{service.port}"))
        self.shown = []
        self.data = None

    async def start(self, prompt="a lighthouse", **more):
        body = json.dumps({"prompt": prompt, **more})
        connection = await self.service.connect()
        connection.writer.write(
            b"\r\n".join(
                [
                    b"POST /api/generation HTTP/1.1",
                    *(f"{name}: {value}".encode() for name, value in reversed(self.headers) if value),
                    f"Content-Length: {len(body)}".encode(),
                    b"",
                    body.encode(),
                ],
            ),
        )
        await connection.head()
        self.data = (await connection.answer()).json
        if not self.data["success"]:
            self.shown.append({"status": "failed", "error": self.data["error"]})
            return
        await self.listen(self.data["sessionId"], self.data["providerId"])

    async def listen(self, session_id, provider_id):
        stream = await self.service.stream(f"/api/generation?sessionId={session_id}&providerId={provider_id}")
        if not await self.on_messages(stream):
            self.shown.append({"status": "failed", "error": "Connection lost"})
        await stream.close()

    async def on_messages(self, stream):
        """Return whether the end was seen; whatever else ends a stream is `onerror`."""
        if stream.status != 200 or stream.headers["content-type"].split(";")[0] != "text/event-stream":
            return False
        try:
            while event := await stream.next():
                assert event.data["status"] in WORDS
                self.shown.append(event.data)
                if event.status in {"succeeded", "failed"}:
                    return True
        except (ConnectionError, asyncio.IncompleteReadError):
            return False
        return False

    @property
    def states(self):
        return [status["status"] for status in self.shown]


@pytest.mark.parametrize("content_type", ["text/plain;charset=UTF-8", "application/json", None])
async def test_the_seed_shows_a_generation_from_started_to_succeeded(service, puppet, content_type):
    tab = Browser(service, content_type)
    following = asyncio.create_task(tab.start())
    run = await puppet.run()
    run.say(Started(), Progressed(0.4), Progressed(0.8))
    run.succeed()
    await following

    assert tab.states[0] == "started"
    assert tab.states[-1] == "succeeded"
    assert tab.states == sorted(tab.states, key=["started", "processing", "succeeded"].index)
    (url,) = tab.shown[-1]["output"]
    assert (await service.call("GET", url)).body.startswith(b"\x89PNG")
    assert tab.shown[-1]["progress"] == 100


async def test_the_seed_shows_the_reason_of_a_failure(service, puppet):
    tab = Browser(service)
    following = asyncio.create_task(tab.start())
    (await puppet.run()).say(Failed("The model ran out of memory."))
    await following

    assert tab.states[0] == "started"
    assert tab.shown[-1]["status"] == "failed"
    assert tab.shown[-1]["error"] == "The model ran out of memory."


async def test_the_seed_shows_a_cancel_as_failed_with_a_word_for_it(service, puppet, eventually):
    tab = Browser(service)
    following = asyncio.create_task(tab.start())
    (await puppet.run()).say(Progressed(0.2))
    await eventually(lambda: "processing" in tab.states)
    answer = await service.call("POST", f"/v1/generations/{tab.data['sessionId']}/cancel")
    await following

    assert answer.status in {200, 202}
    assert tab.shown[-1] | {"status": "failed", "outcome": "canceled", "error": "Canceled"} == tab.shown[-1]


async def test_the_seed_shows_a_crash_of_the_provider_without_a_traceback(service, puppet):
    tab = Browser(service)
    following = asyncio.create_task(tab.start())
    (await puppet.run()).say(RuntimeError("secret internals"))
    await following

    assert tab.shown[-1]["status"] == "failed"
    assert tab.shown[-1]["code"] == "provider_crashed"
    assert "secret internals" not in json.dumps(tab.shown)


async def test_the_seed_is_told_of_a_passed_deadline_before_its_own_five_minutes(serve, puppet):
    service = await serve(deadlines={"seed_total_seconds": 0.3, "cancel_seconds": 0.2})
    tab = Browser(service)
    await tab.start()

    assert tab.shown[-1]["status"] == "failed"
    assert tab.shown[-1]["outcome"] == "expired"
    assert "0.3" in tab.shown[-1]["error"] or "deadline" in tab.shown[-1]["error"].lower()


@pytest.mark.parametrize("session_id", ["", "nonsense", "0" * 32, "%00", "%ff%fe", "a" * 5000, "../../etc/passwd"])
async def test_the_seed_gets_an_unknown_session_as_one_failed_event(service, session_id):
    tab = Browser(service)
    await tab.listen(session_id, "puppet")

    (shown,) = tab.shown
    assert shown == {"status": "failed", "error": "No such generation.", "code": "not_found"}


async def test_the_seed_reads_the_reason_of_a_refused_prompt_as_a_sentence(service):
    tab = Browser(service)
    await tab.start(prompt="   ")

    assert tab.data["success"] is False
    assert tab.shown == [{"status": "failed", "error": tab.data["error"]}]
    assert "prompt" in tab.data["error"]


async def test_a_stream_that_breaks_off_is_a_lost_connection_to_the_seed(service, puppet, eventually):
    tab = Browser(service)
    following = asyncio.create_task(tab.start())
    (await puppet.run()).say(Progressed(0.2))
    await eventually(lambda: "processing" in tab.states)
    (viewer,) = service.app[STREAMS]
    viewer._wire.transport.abort()
    await following

    assert tab.shown[-1] == {"status": "failed", "error": "Connection lost"}


async def test_two_tabs_see_the_same_generation(service, puppet, eventually):
    first, second = Browser(service), Browser(service)
    following = asyncio.create_task(first.start())
    run = await puppet.run()
    await eventually(lambda: first.shown)
    also = asyncio.create_task(second.listen(first.data["sessionId"], "whatever"))
    await eventually(lambda: second.shown)
    run.say(Progressed(0.5))
    run.succeed()
    await asyncio.gather(following, also)

    assert first.shown[-1] == second.shown[-1]
    assert second.states[0] == "started"
    assert len(puppet.runs) == 1


async def test_the_seed_plays_every_ending_of_the_simulator(service):
    endings = {}
    for scenario in ("success", "failure", "crash", "empty", "nsfw", "flaky-progress"):
        tab = Browser(service)
        await tab.start(providerId="simulator", options={"scenario": scenario, "seconds": 0.05})
        assert tab.states[0] == "started"
        progress = [status["progress"] for status in tab.shown if "progress" in status]
        assert progress == sorted(progress)
        endings[scenario] = tab.shown[-1].get("code", tab.states[-1])

    assert endings == {
        "success": "succeeded",
        "failure": "provider_rejected",
        "crash": "provider_crashed",
        "empty": "empty_output",
        "nsfw": "content_policy",
        "flaky-progress": "succeeded",
    }
