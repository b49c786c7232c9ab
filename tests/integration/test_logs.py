"""What the service writes down of hostile requests and of prompts: that they came, and nothing of what they said."""

import asyncio
import io
import json
import logging

import pytest
import structlog

from safelight import logs
from safelight.config.model import Instance, Logs
from safelight.providers import Logged, Noted, Progressed, ProviderUnavailable, Rejected, Steps

MARK = b"m4rk"
HOST = b"Host: localhost\r\n"
CREATE = b"POST /v1/generations HTTP/1.1\r\n" + HOST
BUSY = {"loop_blocked", "loop_freed"}
"""What is said of a machine that has more to do than this: it is true, and says nothing of who asked."""
PROMPT = 'an "unlikely" lighthouse\nby the café, 100 % of it'


@pytest.fixture
def lines():
    """Every line of the log so far, as a process that shows all there is would write it."""
    root = logging.getLogger()
    named = [logging.getLogger(name) for name in ("asyncio", "aiohttp.access")]
    handlers, levels = root.handlers[:], [(logger, logger.level) for logger in (root, *named)]
    stream = io.StringIO()
    logs.configure(Logs(format="json", level="debug"), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    for logger, level in levels:
        logger.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def quiet(lines, service):
    """A service whose lines up to now do not count."""
    before = len(lines())
    return service, lambda: [line for line in lines()[before:] if line["event"] not in BUSY]


async def say(service, *parts):
    """Send bytes that need not be HTTP; return all that comes back before the service hangs up."""
    connection = await service.connect()
    for part in parts:
        connection.writer.write(part)
        await connection.writer.drain()
    async with asyncio.timeout(20):
        return await connection.reader.read()


# Malformed requests


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("BadHttpMethod", b"\x16\x03\x01" + MARK + b"\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        ("BadHttpMethod", b"\x1b[2J" + MARK + b" / HTTP/1.1\r\n" + HOST + b"\r\n"),
        ("BadStatusLine", b"GET / HTTP/" + MARK + b"\r\n" + HOST + b"\r\n"),
        ("BadStatusLine", b"GET / " + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
        ("InvalidURLError", b"GET " + MARK + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
        ("InvalidURLError", b"GET http://[" + MARK + b"/ HTTP/1.1\r\n" + HOST + b"\r\n"),
        ("BadHttpMessage", b"GET / HTTP/1.1\r\n" + HOST + MARK + b"\0: x\r\n\r\n"),
        ("BadHttpMessage", b"GET / HTTP/1.1\r\n" + HOST + b"X: " + MARK + b"\0\x1b[2J\r\n\r\n"),
        ("BadHttpMessage", b"GET / HTTP/1.1\r\n" + HOST + b"X: " + MARK + b"\r{}\n\r\n"),
        ("BadHttpMessage", b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: Bearer\r\n " + MARK + b"\r\n\r\n"),
        ("BadHttpMessage", b"GET / HTTP/1.1\r\n" + HOST + b"Host: " + MARK + b"\r\n\r\n"),
        ("BadHttpMessage", CREATE + b"Content-Length: " + MARK + b"\r\n\r\n"),
        ("BadHttpMessage", CREATE + b"Content-Length: 1\r\nContent-Length: 4\r\n\r\n" + MARK),
        ("BadHttpMessage", CREATE + b"Transfer-Encoding: " + MARK + b"\r\n\r\n"),
        ("BadHttpMessage", CREATE + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + MARK),
        ("BadHttpMessage", CREATE + b"Transfer-Encoding: chunked\r\n\r\n" + MARK + b"\r\n\r\n"),
        ("LineTooLong", b"GET /" + MARK + b"x" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
        ("LineTooLong", b"GET / HTTP/1.1\r\n" + HOST + b"X: " + MARK + b"x" * 40_000 + b"\r\n\r\n"),
        ("LineTooLong", b"GET / HTTP/1.1\r\n" + HOST + MARK + b"x" * 40_000 + b": x\r\n\r\n"),
    ],
    ids=range(19),
)
async def test_of_a_malformed_request_the_log_has_one_line_and_nothing_it_said(quiet, kind, said):
    service, lines = quiet
    answer = await say(service, said)
    (line,) = lines()

    assert answer.startswith(b"HTTP/1.0 400 ")
    assert line.pop("timestamp")
    assert line == {"event": "request_malformed", "kind": kind, "level": "info", "logger": "aiohttp.server"}
    assert (await service.call("GET", "/v1/providers")).status == 200


async def test_garbage_behind_a_good_request_is_a_line_like_any_other(quiet):
    service, lines = quiet
    answer = await say(service, b"GET /v1/providers HTTP/1.1\r\n" + HOST + b"\r\n\0\1" + MARK + b"\xff / HTTP/1.1\r\n\r\n")

    assert b" 400 Bad Request" in answer
    assert [(line["event"], line["kind"]) for line in lines()] == [("request_malformed", "BadHttpMethod")]
    assert MARK.decode() not in str(lines())


async def test_a_body_that_nobody_wanted_is_no_fault_of_ours_however_broken(quiet, eventually):
    service, lines = quiet
    head = b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    answer = await say(service, head, MARK)
    await eventually(lines)
    (line,) = lines()

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert (line["event"], line["kind"], line["level"]) == ("request_malformed", "ContentEncodingError", "info")
    assert "exception" not in line
    assert MARK.decode() not in str(line)


async def test_a_thousand_malformed_requests_are_a_thousand_short_lines(quiet):
    service, lines = quiet
    for _ in range(10):
        await asyncio.gather(*(say(service, b"GET / HTTP/9\r\n" + MARK * 1000 + b"\r\n\r\n") for _ in range(100)))

    assert len(lines()) == 1000
    assert max(len(json.dumps(line)) for line in lines()) < 200


# Prompts


@pytest.mark.parametrize(
    "error",
    [RuntimeError(PROMPT), KeyError(PROMPT), SystemExit(PROMPT), ProviderUnavailable(PROMPT), Rejected(json.dumps(PROMPT))],
    ids=lambda error: type(error).__name__,
)
async def test_a_prompt_is_in_no_line_however_a_plugin_quotes_it(quiet, puppet, error):
    service, lines = quiet
    generation = await service.create(prompt=PROMPT)
    run = await puppet.run()
    run.say(Noted(PROMPT), Progressed(0.5, message=PROMPT, steps=Steps(1, 2, label=PROMPT)), Logged(PROMPT), Logged(repr(PROMPT)))
    run.say(error)
    ended = await service.ended(generation)
    text = json.dumps(lines(), ensure_ascii=False)

    assert ended["status"] == "failed"
    assert {"generation_created", "provider_logged", "generation_ended"} <= {line["event"] for line in lines()}
    assert "unlikely" not in text
    assert "café" not in text


async def test_a_script_of_the_simulator_that_quotes_its_prompt_is_as_quiet(lines, serve):
    service = await serve(providers={"remote": Instance(plugin="simulator-remote")})
    script = [
        {"do": "log", "text": PROMPT},
        {"do": "note", "text": PROMPT},
        {"do": "raise", "error": "RuntimeError", "text": PROMPT},
    ]
    generation = await service.create(providerId="remote", prompt=PROMPT, options={"script": script})
    await service.ended(generation)

    (crash,) = [line for line in lines() if line["event"] == "provider_crashed"]
    assert (crash["provider"], crash["generation"]) == ("remote", generation)
    assert "unlikely" not in str(lines())
