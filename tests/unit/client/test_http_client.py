"""The HTTP client against servers that behave badly; real sockets, and a clock of its own."""

import json
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from safelight.client.base import Refused, Unreachable
from safelight.client.http import HttpClient

pytestmark = pytest.mark.looptime
ID = "ab" * 16


def event(seq, status="processing", epoch=7, **more):
    snapshot = {"status": status, "sessionId": ID, "epoch": epoch, "seq": seq, **more}
    return b"id: %d-%d\ndata: %s\n\n" % (epoch, seq, json.dumps(snapshot).encode())


@pytest.fixture
async def serving(aiohttp_server):
    """Serve one handler for streams and one for everything else; give a client of that."""

    @asynccontextmanager
    async def serve(stream, other=None, **settings):
        app = web.Application()
        app.router.add_get("/base/v1/generations/{id}/events", stream)
        if other is not None:
            app.router.add_route("*", "/base/{rest:.*}", other)
        server = await aiohttp_server(app)
        async with HttpClient(str(server.make_url("/base/")), **settings) as client:
            yield client

    return serve


class Script:
    """Answers each connection with the next of its parts, and notes what each came back with."""

    def __init__(self, *parts):
        self._parts = list(parts)
        self.cursors = []

    async def answer(self, request):
        self.cursors.append(request.headers.get("Last-Event-ID"))
        part = self._parts.pop(0)
        if isinstance(part, web.Response):
            return part
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": ok\nretry: 1500\n\n" + part)
        if not part.endswith(b"\n\n"):
            request.transport.abort()
        return response


async def watched(client, lost=None):
    async with aclosing(client.watch(ID, on_lost=(lost if lost is not None else []).append)) as snapshots:
        return [(snapshot["epoch"], snapshot["seq"]) async for snapshot in snapshots]


async def test_cut_is_no_end_and_the_cursor_says_what_was_seen(serving):
    script = Script(event(1) + event(2), b"", event(3) + b"data: {", event(4, "succeeded"))
    lost = []
    async with serving(script.answer) as client:
        assert await watched(client, lost) == [(7, 1), (7, 2), (7, 3), (7, 4)]
    assert script.cursors == [None, "7-2", "7-2", "7-3"]
    assert len(lost) == 3
    assert set(lost) <= {"the connection was cut", "the stream was cut", "connection reset by peer"}
    assert lost[2] == "the connection was cut"


async def test_what_is_not_newer_is_not_shown_again(serving):
    script = Script(event(1) + event(3) + event(2) + event(3), event(3) + event(4, epoch=6) + event(4, "failed"))
    async with serving(script.answer) as client:
        assert await watched(client) == [(7, 1), (7, 3), (7, 4)]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_proxy_that_finds_no_service_is_asked_again(serving, status):
    script = Script(event(1), web.Response(status=status, text="<html>"), event(2, "succeeded"))
    async with serving(script.answer) as client:
        assert await watched(client) == [(7, 1), (7, 2)]


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405])
async def test_proxy_that_has_lost_the_service_may_say_anything(serving, status):
    page = web.Response(status=status, text="<html>", content_type="text/html")
    script, lost = Script(event(1), page, event(2, "succeeded")), []
    async with serving(script.answer) as client:
        assert await watched(client, lost) == [(7, 1), (7, 2)]
    assert len(lost) == 2
    assert "html" in lost[1] if status == 200 else f"HTTP {status}" in lost[1]


async def test_proxy_that_says_it_for_ever_is_an_absence(serving):
    pages = [web.Response(status=404, text="404 page not found") for _ in range(50)]
    async with serving(Script(event(1), *pages).answer, away_seconds=60) as client:
        with pytest.raises(Unreachable, match="60 s: HTTP 404"):
            await watched(client)


async def test_proxy_that_has_never_led_to_the_service_is_believed_at_once(serving):
    async with serving(Script(web.Response(status=404, text="404 page not found")).answer) as client:
        with pytest.raises(Refused, match="HTTP 404"):
            await watched(client)


async def test_snapshot_that_cannot_be_had_after_the_stream_is_asked_for_again(serving):
    answers = [web.Response(status=502, text="<html>"), web.json_response({"status": "succeeded", "epoch": 7, "seq": 2})]

    async def behind_a_proxy(request):
        return answers.pop(0)

    script = Script(event(1), web.Response(status=204), web.Response(status=204))
    async with serving(script.answer, behind_a_proxy) as client:
        assert await watched(client) == [(7, 1), (7, 2)]


async def test_service_that_turns_readers_away_is_asked_again(serving):
    script = Script(web.Response(body=b"retry: 9000\n: busy\n\n", content_type="text/event-stream"), event(1, "succeeded"))
    async with serving(script.answer) as client:
        assert await watched(client) == [(7, 1)]


async def test_service_that_stays_away_is_unreachable_after_a_while(serving):
    async def away(request):
        return web.Response(status=503)

    async with serving(away, away_seconds=60) as client:
        with pytest.raises(Unreachable, match="60 s"):
            await watched(client)


async def test_long_silence_before_a_cut_is_no_absence(serving):
    """Heartbeats alone are signs of life: what counts is when the service was last heard, not the last event."""
    import asyncio

    beats = 0

    async def silent(request):
        nonlocal beats
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if beats:
            await response.write(event(2, "succeeded"))
            return response
        while beats < 20:
            beats += 1
            await response.write(b": hb\n\n")
            await asyncio.sleep(15)
        return response

    async with serving(silent, away_seconds=60) as client:
        assert await watched(client) == [(7, 2)]


async def test_forgotten_generation_ends_the_watching_with_the_reason(serving):
    async def gone(request):
        problem = {"error": "It was forgotten.", "code": "gone"}
        return web.json_response(problem, status=410, content_type="application/problem+json")

    async with serving(Script(web.Response(status=204)).answer, gone) as client:
        with pytest.raises(Refused, match="forgotten") as refused:
            await watched(client)
    assert refused.value.word == "gone"


async def test_what_is_no_stream_is_no_safelight(serving):
    async with serving(Script(web.Response(text="<html>", content_type="text/html")).answer) as client:
        with pytest.raises(Unreachable, match="text/html"):
            await watched(client)


async def test_refusal_keeps_its_code_its_sentence_and_its_faults(serving):
    async def refuse(request):
        faults = [{"path": "params.wdth", "message": "unknown key"}]
        return web.json_response({"error": "No.", "code": "invalid_input", "faults": faults}, status=422)

    async with serving(refuse, refuse) as client:
        with pytest.raises(Refused, match="No") as refused:
            await client.create({"prompt": "a lighthouse"})
    assert refused.value.word == "invalid_input"
    assert [str(fault) for fault in refused.value.faults] == ["unknown key @ params.wdth"]


@pytest.mark.parametrize("body", ["[]", "{}", "<html>"])
async def test_foreign_answer_is_no_safelight(serving, body):
    async def foreign(request):
        return web.Response(text=body)

    async with serving(foreign, foreign) as client:
        with pytest.raises(Unreachable, match="Safelight"):
            await client.providers()


@pytest.mark.parametrize("url", ["/v1/outputs/x/y.png", "https://elsewhere.example/deep/v1/outputs/x/y.png"])
async def test_output_is_fetched_from_where_the_service_was_reached(serving, url):
    async def echo(request):
        return web.Response(text=request.path)

    async with serving(echo, echo) as client:
        assert b"".join([chunk async for chunk in client.read(url)]) == b"/base/v1/outputs/x/y.png"


async def test_nobody_there_is_said_in_words(unused_tcp_port):
    async with HttpClient(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(Unreachable, match="connection refused"):
            await client.providers()
