"""What the network's failures say about a submission, and when an upstream wants us back."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest

from safelight.egress import open_session
from safelight.providers import NotSent, OutcomeUnknown, network_error, retry_after_seconds

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)


def date(seconds, since=NOW):
    return format_datetime(since + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "12"}, b"", 12.0),
        ({"retry-after": " 12 "}, b"", 12.0),
        ({"Retry-After": "0.25"}, b"", 0.25),
        ({"Retry-After": date(90)}, b"", 90.0),
        ({"Retry-After": date(-90)}, b"", 0.0),
        ({"Retry-After-Ms": "1500", "Retry-After": "2"}, b"", 1.5),
        ({"Retry-After": "9" * 12}, b"", 366 * 86_400.0),
        ({}, b'{"detail":"Request was throttled. Your rate limit resets in ~30s.","status":429}', 30.0),
        ({}, b'{"detail":"Request was throttled. Expected available in 1 second."}', 1.0),
        ({}, "Rate limit reached for images. Please try again in 1m30.5s. Visit https://example.com", 90.5),
        ({}, b"Please retry after 250 ms", 0.25),
        ({}, b"Wait for about 2 Minutes, please", 120.0),
        ({}, b"busy; come back in about 2 hours", 7200.0),
        ({}, b'{"error":"rate_limit_exceeded","message":"Too many","retry_after":5}', 5.0),
        ({}, b'{"error":{"details":[{"@type":"RetryInfo","retryDelay":"34.5s"}]}}', 34.5),
        ({}, b'{"retryAfter":"7"}', 7.0),
        ({"Retry-After": "3"}, b'{"retry_after":5}', 3.0),
        ({"Retry-After": "soon"}, b'{"retry_after":5}', 5.0),
        ({}, b'{"retry_after":true}', None),
        ({}, b'{"retry_after":NaN}', None),
        ({}, b'{"retry_after":-3}', 0.0),
        ({"Retry-After": "soon"}, b"", None),
        ({"Retry-After": "-1"}, b"", None),
        ({"Retry-After": "١٢"}, b"", None),
        ({"Retry-After": "Wed, 99 Nov 2026 12:00:00 GMT"}, b"", None),
        ({}, b"you sent 12 messages in 3 months", None),
        ({}, b"[" * 4000, None),
        ({}, b"\xff\xfe", None),
        ({}, b"x" * 5000 + b" resets in 30s", None),
    ],
)
def test_when_an_upstream_wants_us_back(headers, body, seconds):
    assert retry_after_seconds(headers, body, NOW) == seconds


@pytest.mark.parametrize("skew", [-86_400, 86_400])
def test_a_date_counts_from_the_upstreams_own_clock(skew):
    theirs = NOW + timedelta(seconds=skew)
    assert retry_after_seconds({"Date": date(0, theirs), "Retry-After": date(45, theirs)}, b"", NOW) == 45.0


async def test_a_closed_port_was_not_sent(unused_tcp_port):
    assert isinstance(await failure(f"http://127.0.0.1:{unused_tcp_port}/"), NotSent)


async def test_a_forbidden_address_a_bad_url_and_an_unknown_name_were_not_sent():
    async with open_session(private_network=False) as guarded:
        for url in ("http://127.0.0.1:9/", "http://[::1]:9/", "http:///nowhere", "http://nobody.invalid/"):
            assert isinstance(await failure(url, guarded), NotSent)


async def test_a_connection_that_never_stands_was_not_sent():
    with_room_for_one = aiohttp.TCPConnector(limit=1)
    async with (
        serving(b"HTTP/1.1 200 OK\r\n\r\n", is_cut=False) as url,
        aiohttp.ClientSession(connector=with_room_for_one) as session,
    ):
        held = await session.post(url)
        assert isinstance(await failure(url, session, timeout=aiohttp.ClientTimeout(connect=0.05)), NotSent)
        held.close()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"HTTP/1.1 200 OK\r\nCont", b"garbage\r\n\r\n"]
)
async def test_whatever_breaks_after_the_request_was_written_is_unknown(answer):
    async with serving(answer, is_cut=True) as url:
        assert isinstance(await failure(url), OutcomeUnknown)


async def test_an_answer_that_never_comes_is_unknown():
    async with serving(b"", is_cut=False) as url:
        assert isinstance(await failure(url, timeout=aiohttp.ClientTimeout(sock_read=0.05)), OutcomeUnknown)
        assert isinstance(await failure(url, timeout=aiohttp.ClientTimeout(total=0.05)), OutcomeUnknown)


def test_the_sentence_names_the_upstream_and_no_address():
    error = network_error(aiohttp.ServerDisconnectedError("at http://user:secret@host"), "The studio")
    assert str(error).startswith("The studio did not answer")
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:{port}/?key=secret", "cannot be reached (connection refused)."),
        ("http://nobody.invalid/?key=secret", "cannot be reached (its name is not known)."),
    ],
)
async def test_why_an_upstream_cannot_be_reached_is_said_as_people_would(unused_tcp_port, url, words):
    assert str(await failure(url.format(port=unused_tcp_port))) == f"The upstream {words}"


async def test_an_address_that_the_configuration_forbids_is_said_to_be_one_with_what_would_allow_it(unused_tcp_port):
    async with open_session(private_network=False) as guarded:
        error = await failure(f"http://127.0.0.1:{unused_tcp_port}/", guarded)
    assert isinstance(error, NotSent)
    assert str(error) == "The upstream cannot be reached (not a public address; private_network = true would allow it)."


async def failure(url, session=None, **options):
    async with aiohttp.ClientSession() as own:
        try:
            async with (session or own).post(url, data=b"{}", **options) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return network_error(error, "The upstream")
    raise AssertionError("the call went well")


@asynccontextmanager
async def serving(answer, *, is_cut):
    """Read a request, say `answer`, and cut the connection or keep it."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if not is_cut:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
