"""The guard, on real sockets."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from safelight.egress import ForbiddenAddress, is_forbidden, open_session


class Names(AbstractResolver):
    """Resolves every name to what it is told, in turn; the last answer stays."""

    def __init__(self, *answers):
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self):
        """Nothing is held."""


@pytest.fixture
async def server():
    seen = []

    async def answer(request):
        seen.append(dict(request.headers))
        return web.Response(text="inside", headers={"Set-Cookie": "a=b"})

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app, host="127.0.0.1") as running:
        running.seen = seen
        yield running


async def test_a_session_without_private_network_reaches_no_loopback_address(server):
    async with open_session(private_network=False) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://127.0.0.1:{server.port}/")
    assert is_forbidden(caught.value)
    assert isinstance(caught.value.os_error, ForbiddenAddress)
    assert server.seen == []


async def test_a_session_with_private_network_does_reach_it(server):
    async with open_session(private_network=True) as session, session.get(f"http://127.0.0.1:{server.port}/") as response:
        assert await response.text() == "inside"


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_no_other_spelling_of_loopback_gets_through(server, host):
    async with open_session(private_network=False) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{host}:{server.port}/")
    assert server.seen == []


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["127.0.0.1", "::1"], ["10.0.0.1", "127.0.0.1", "192.168.0.1"]])
async def test_a_public_name_that_resolves_to_private_addresses_is_refused(server, answer):
    async with open_session(private_network=False, resolver=Names(answer)) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://pictures.example:{server.port}/")
    assert is_forbidden(caught.value)
    assert server.seen == []


async def test_a_name_that_changes_its_address_is_judged_at_every_connection(server):
    resolver = Names(["127.0.0.1"], ["169.254.169.254"])
    async with open_session(private_network=False, resolver=resolver) as session:
        for _ in range(2):
            with pytest.raises(aiohttp.ClientConnectorError) as caught:
                await session.get(f"http://pictures.example:{server.port}/")
            assert is_forbidden(caught.value)


async def test_a_redirect_does_not_lead_around_the_guard(server, monkeypatch):
    async def lead_inside(_request):
        raise web.HTTPFound(f"http://inside.example:{server.port}/")

    app = web.Application()
    app.router.add_get("/", lead_inside)
    monkeypatch.setattr("safelight.egress.is_public", lambda host: host == "127.0.0.2")
    async with (
        TestServer(app, host="127.0.0.2") as outside,
        open_session(private_network=False, resolver=Names(["127.0.0.2"], ["127.0.0.1"])) as session,
    ):
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await session.get(f"http://outside.example:{outside.port}/")
    assert is_forbidden(caught.value)
    assert server.seen == []


async def test_an_address_with_a_zone_is_refused():
    async with open_session(private_network=False) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get("http://[fe80::1%25lo]:9/")


async def test_cookies_are_not_kept(server):
    async with open_session(private_network=True) as session:
        for _ in range(2):
            async with session.get(f"http://127.0.0.1:{server.port}/"):
                pass
    assert [("Cookie" in headers) for headers in server.seen] == [False, False]


async def test_the_environment_offers_no_proxy(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with open_session(private_network=True) as session, session.get(f"http://127.0.0.1:{server.port}/") as response:
        assert response.status == 200


async def test_another_failure_to_connect_is_not_called_forbidden():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with open_session(private_network=True) as session:
            with pytest.raises(aiohttp.ClientConnectorError) as caught:
                await session.get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert not is_forbidden(caught.value)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
async def test_what_may_have_taken_effect_is_never_sent_twice(method):
    """aiohttp's own client sends a PUT and a DELETE again when a connection breaks."""
    heard = []

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head.split(b" ")[0].decode())
        if heard[-1] == "GET":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            heard.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[0].decode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, open_session(private_network=True) as session:
        async with session.get(url):
            pass
        with pytest.raises(aiohttp.ClientError):
            await session.request(method, url)
    assert heard == ["GET", method]
