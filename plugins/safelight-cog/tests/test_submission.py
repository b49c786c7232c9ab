"""Handing a job in: what each answer, and each silence, says about whether it runs."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from safelight.errors import InvalidInput
from safelight.providers import (
    ContentPolicy,
    InvalidParams,
    NotSent,
    OutcomeUnknown,
    ProviderAuth,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
    Unsupported,
)

KEY = "0123456789abcdef0123456789abcdef"
BOTH = pytest.mark.parametrize("mode", ["async", "held"])


def answering(status, body=None, *, text=None, **headers):
    async def put(request, key):
        headers_said = {name.replace("_", "-"): value for name, value in headers.items()}
        if text is not None:
            return web.Response(status=status, text=text, headers=headers_said)
        return web.json_response(body, status=status, headers=headers_said)

    return put


def cutting(*, after=b""):
    """Break the connection once the request was read, with part of an answer or none."""

    async def put(request, key):
        request.transport.write(after)
        if not after:
            request.transport.abort()
        request.transport.close()
        return web.Response()

    return put


async def refused(open_cog, ask, kind, *, mode="async"):
    async with open_cog(mode=mode) as cog:
        with pytest.raises(kind) as error:
            await cog.submit(ask(cog), KEY)
    return error.value


async def test_a_job_is_put_under_our_key_with_what_was_asked_for(fake, open_cog, ask):
    async with open_cog(token="tk") as cog:
        job = await cog.submit(ask(cog, params={"steps": 7}, options={"delay": 0.1}), KEY)
    method, path, body, headers = fake.asked[0]
    assert (method, path, body) == ("PUT", f"/predictions/{KEY}", {"input": {"prompt": "a lighthouse", "steps": 7, "delay": 0.1}})
    assert (headers["Prefer"], headers["Authorization"]) == ("respond-async", "Bearer tk")
    assert job.id == KEY
    assert "tk" not in json.dumps(job.data)
    assert len(json.dumps(job.data)) < 1000


@BOTH
async def test_a_server_that_is_busy_is_asked_again_later(fake, open_cog, ask, mode):
    fake.on_put = answering(409, {"error": "At capacity - all prediction slots busy", "status": "failed"}, Retry_After="7")
    error = await refused(open_cog, ask, ProviderUnavailable, mode=mode)
    assert (error.is_sent, error.retryable, error.retry_after_seconds) == (True, True, 7.0)


async def test_a_model_cannot_be_chosen(open_cog, ask):
    async with open_cog() as cog:
        with pytest.raises(InvalidInput, match="no models to choose from @ model"):
            ask(cog, model="other")


@BOTH
async def test_a_refused_input_is_named_as_callers_call_it(fake, open_cog, ask, mode):
    detail = [
        {"loc": ["body", "input", "steps"], "msg": "400 is greater than the maximum of 100", "type": "value_error"},
        {"loc": ["body", "input", "delay", 0], "msg": "odd", "type": "value_error"},
        {"loc": ["body", "input", "__root__"], "msg": "all wrong", "type": "value_error"},
        "garbage",
    ]
    fake.on_put = answering(422, {"detail": detail})
    error = await refused(open_cog, ask, InvalidParams, mode=mode)
    assert str(error) == "params.steps: 400 is greater than the maximum of 100; options.delay.0: odd; input: all wrong"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (503, ProviderUnavailable),
        (429, ProviderRateLimited),
        (401, ProviderAuth),
        (403, ProviderAuth),
        (404, Rejected),
        (302, Rejected),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (504, OutcomeUnknown),
        (520, OutcomeUnknown),
        (408, OutcomeUnknown),
        (201, OutcomeUnknown),
        (204, OutcomeUnknown),
    ],
)
async def test_other_answers_mean_what_they_say(fake, open_cog, ask, status, kind):
    fake.on_put = answering(status, {"error": "because"}, Location="/elsewhere")
    error = await refused(open_cog, ask, kind)
    assert type(error) is kind
    assert not isinstance(error, ContentPolicy)


async def test_a_redirect_is_named(fake, open_cog, ask):
    fake.on_put = answering(301, {}, Location="/elsewhere")
    assert str(await refused(open_cog, ask, Rejected)) == "The Cog server answered 301, and a redirect is not followed."


async def test_when_to_come_back_may_be_a_date_or_nonsense(fake, open_cog, ask):
    fake.on_put = answering(503, {}, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert 80 < (await refused(open_cog, ask, ProviderUnavailable)).retry_after_seconds <= 90
    fake.on_put = answering(503, {}, Retry_After="soon")
    assert (await refused(open_cog, ask, ProviderUnavailable)).retry_after_seconds is None


@BOTH
async def test_a_refused_connection_means_that_nothing_was_sent(fake, open_cog, ask, mode, unused_tcp_port):
    async with open_cog(mode=mode) as cog:
        cog._server._url = cog._server._url.with_port(unused_tcp_port)
        with pytest.raises(NotSent):
            await cog.submit(ask(cog), KEY)


@BOTH
@pytest.mark.parametrize("after", [b"", b'HTTP/1.1 202 Accepted\r\nContent-Length: 90\r\n\r\n{"id": '])
async def test_a_connection_that_breaks_after_the_request_leaves_it_unknown(fake, open_cog, ask, mode, after):
    fake.on_put = cutting(after=after)
    await refused(open_cog, ask, OutcomeUnknown, mode=mode)
    assert len(fake.started) == 1, "nobody repeats a submission behind our back"


async def test_a_submission_is_not_repeated_on_a_connection_that_was_kept(fake, open_cog, ask):
    fake.on_put = cutting()
    async with open_cog() as cog:
        for _ in range(3):
            await cog._server.health()  # leaves connections, if any were kept
            with pytest.raises(OutcomeUnknown):
                await cog.submit(ask(cog), KEY)
    assert len(fake.started) == 3


@pytest.mark.parametrize("text", ['{"id": "01', "[" * 100_000, "<html>", "[]", '{"id": "another"}', "null"])
async def test_an_acceptance_that_makes_no_sense_leaves_it_unknown(fake, open_cog, ask, text):
    fake.on_put = answering(202, text=text)
    await refused(open_cog, ask, OutcomeUnknown)


async def test_a_server_that_cannot_be_asked_leaves_it_unknown_whether_there_is_a_job(open_cog, unused_tcp_port):
    async with open_cog() as cog:
        cog._server._url = cog._server._url.with_port(unused_tcp_port)
        with pytest.raises(ProviderUnavailable):
            await cog.find(KEY)


async def test_what_a_connection_held_is_gone_with_it(open_cog):
    async with open_cog(mode="held") as cog:
        with pytest.raises(Unsupported):
            await cog.find(KEY)


async def test_a_cancel_is_asked_for_and_too_late_once_it_has_ended(fake, open_cog, ask):
    async with open_cog() as cog:
        job = await cog.submit(ask(cog), KEY)
        assert await cog.cancel(job) == "requested"
        fake.running.clear()
        assert await cog.cancel(job) == "too_late"
    assert fake.canceled == [KEY, KEY]
