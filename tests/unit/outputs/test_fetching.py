"""URLs are hostile input: every limit, on real sockets."""

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from safelight.egress import open_session
from safelight.errors import OutputRefused

SECRET = "very-secret-path"
CERTIFICATE = Path(__file__).with_name("loopback.pem")


def answering(body=b"", **how):
    async def handler(_request):
        return web.Response(body=body, **how)

    return handler


def leading(location, status=302):
    async def handler(_request):
        return web.Response(status=status, headers={"Location": location})

    return handler


def streaming(chunk, pause):
    async def handler(request):
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(chunk)
            await pause()

    return handler


async def test_a_url_is_fetched_and_kept(shop, serve, session, make_picture):
    url = await serve({"/a.html": answering(make_picture(), content_type="text/html")})
    output = await shop.keep(f"{url}/a.html", session=session)
    assert (output.type, await shop.bytes_of(output.url)) == ("image/png", make_picture())


async def test_a_preview_may_come_by_url(shop, serve, session, make_picture):
    url = await serve({"/": answering(make_picture())})
    assert (await shop.outputs.preview("0" * 32, url, session=session)).width == 8


async def test_a_signed_url_arrives_as_it_was_signed(shop, serve, session):
    seen = []

    async def handler(request):
        seen.append(request.raw_path)
        return web.Response(body=b"x")

    url = await serve({"/{any:.*}": handler})
    await shop.keep(f"{url}/a%2Fb%7e?sig=%2F%2b%3D&x=a+b,c", session=session)
    await shop.keep(f"{url}/blé?q=a b", session=session)
    assert seen == ["/a%2Fb%7e?sig=%2F%2b%3D&x=a+b,c", "/bl%C3%A9?q=a+b"]


async def test_without_a_session_a_private_address_is_refused(shop, serve):
    url = await serve({f"/{SECRET}": answering(b"x")})
    with pytest.raises(OutputRefused, match=r"127\.0\.0\.1 is not at a public address") as caught:
        await shop.keep(f"{url}/{SECRET}")
    assert SECRET not in str(caught.value)
    assert shop.files() == []


async def test_a_guarded_session_is_no_way_to_loopback(shop, serve):
    url = await serve({"/": answering(b"x")})
    async with open_session(private_network=False) as guarded:
        with pytest.raises(OutputRefused, match="not at a public address"):
            await shop.keep(url, session=guarded)


async def test_a_redirect_to_loopback_is_refused(shop, serve, monkeypatch):
    inside = await serve({"/": answering(b"x")})
    outside = await serve({"/": leading(inside)}, host="127.0.0.2")
    monkeypatch.setattr("safelight.egress.is_public", lambda host: host == "127.0.0.2")
    with pytest.raises(OutputRefused, match=r"127\.0\.0\.1 is not at a public address"):
        await shop.keep(outside)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(shop, serve, session, status):
    url = await serve({"/a": leading("b?x=1", status), "/b": answering(b"there")})
    assert await shop.bytes_of((await shop.keep(f"{url}/a", session=session)).url) == b"there"


async def test_as_many_redirects_as_allowed_are_followed_and_no_more(open_shop, serve, session):
    shop = await open_shop(max_redirects=2)
    url = await serve({"/3": leading("/2"), "/2": leading("/1"), "/1": leading("/0"), "/0": answering(b"x")})
    assert (await shop.keep(f"{url}/2", session=session)).bytes == 1
    with pytest.raises(OutputRefused, match="more than 2 times"):
        await shop.keep(f"{url}/3", session=session)


async def test_a_redirect_loop_ends(shop, serve, session):
    url = await serve({"/": leading("/")})
    with pytest.raises(OutputRefused, match="more than 3 times"):
        await shop.keep(url, session=session)


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://x/y", "data:,x", "http://user:pw@127.0.0.1/", "http://[", "http://a:99999/", "http:///x"],
)
async def test_a_redirect_to_what_is_no_plain_url_is_refused(shop, serve, session, location):
    url = await serve({"/": leading(location)})
    with pytest.raises(OutputRefused) as caught:
        await shop.keep(url, session=session)
    assert "pw" not in str(caught.value)


async def test_a_redirect_leads_to_https_but_never_back(shop, serve, session):
    plain = await serve({"/": answering(b"plain")})
    secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    secure.load_cert_chain(CERTIFICATE)
    trusting = ssl.create_default_context(cafile=CERTIFICATE)
    url = await serve({"/": answering(b"secure"), "/down": leading(plain)}, ssl=secure)
    upwards = await serve({"/": leading(url)})
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as https:
        assert await shop.bytes_of((await shop.keep(upwards, session=https)).url) == b"secure"
        with pytest.raises(OutputRefused, match="from https to http"):
            await shop.keep(f"{url}/down", session=https)
    with pytest.raises(OutputRefused, match="ClientConnectorCertificateError"):
        await shop.keep(url, session=session)


async def test_credentials_in_a_url_are_refused_and_not_repeated(shop, serve, session):
    url = await serve({"/": answering(b"x")})
    for start in ("http://user:pw@", "http://user@", "http://:pw@"):
        with pytest.raises(OutputRefused, match="carries credentials") as caught:
            await shop.keep(url.replace("http://", start), session=session)
        assert "pw" not in str(caught.value)


async def test_a_redirect_without_a_target_is_refused(shop, serve, session):
    url = await serve({"/": answering(status=302)})
    with pytest.raises(OutputRefused, match="to nowhere"):
        await shop.keep(url, session=session)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/v1",
        "ftp://x/y",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://u:p@h/x",
        "//h/x",
        "\ud800",
        "http://a..b/",
        "http://\ud800/",
        "http://\0/",
    ],
)
async def test_what_is_no_plain_url_is_refused(shop, session, url):
    with pytest.raises(OutputRefused):
        await shop.keep(url, session=session)
    assert shop.files() == []


@pytest.mark.parametrize("status", [201, 204, 206, 304, 400, 401, 403, 404, 410, 429, 500, 503])
async def test_anything_but_200_is_refused_by_host_and_status_alone(shop, serve, session, status):
    url = await serve({f"/{SECRET}": answering(status=status)})
    with pytest.raises(OutputRefused, match=f"127.0.0.1 answered {status}") as caught:
        await shop.keep(f"{url}/{SECRET}?token={SECRET}", session=session)
    assert SECRET not in str(caught.value)


async def test_a_body_announced_over_the_cap_is_not_even_read(open_shop, serve, session):
    shop = await open_shop(max_bytes=1000)
    is_read = asyncio.Event()

    async def announcing(request):
        response = web.StreamResponse()
        response.content_length = 1001
        await response.prepare(request)
        await is_read.wait()
        return response

    url = await serve({"/": announcing})
    with pytest.raises(OutputRefused, match="1000 bytes"):
        await shop.keep(url, session=session)
    is_read.set()


async def test_a_body_is_held_to_the_cap_by_the_byte(open_shop, serve, session):
    shop = await open_shop(max_bytes=1000)
    url = await serve({"/ok": answering(bytes(1000)), "/over": answering(bytes(1001))})
    assert (await shop.keep(f"{url}/ok", session=session)).bytes == 1000
    with pytest.raises(OutputRefused, match="1000 bytes"):
        await shop.keep(f"{url}/over", session=session)


async def test_a_body_without_end_stops_at_the_cap(open_shop, serve, session):
    shop = await open_shop(max_bytes=3_000_000)

    async def at_once():
        await asyncio.sleep(0)

    url = await serve({"/": streaming(bytes(65536), at_once)})
    with pytest.raises(OutputRefused, match="3000000 bytes"):
        await shop.keep(url, session=session)
    assert shop.files() == []


async def test_a_body_that_drips_is_given_up_in_time(open_shop, serve, session):
    shop = await open_shop(fetch_seconds=0.3)
    url = await serve({"/": streaming(b"x", lambda: asyncio.sleep(0.01))})
    with pytest.raises(OutputRefused, match=r"within 0\.3 s"):
        await shop.keep(url, session=session)
    assert shop.files() == []


async def test_an_answer_that_never_comes_is_given_up_in_time(open_shop, serve, session):
    shop = await open_shop(fetch_seconds=0.3)

    async def silent(_request):
        await asyncio.Event().wait()

    url = await serve({"/": silent})
    with pytest.raises(OutputRefused, match=r"within 0\.3 s"):
        await shop.keep(url, session=session)


async def test_a_body_that_breaks_off_is_refused(shop, serve, session):
    async def breaking(request):
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(bytes(500))
        request.transport.close()
        return response

    url = await serve({"/": breaking})
    with pytest.raises(OutputRefused, match="could not be fetched"):
        await shop.keep(url, session=session)
    assert shop.files() == []


async def test_a_compressed_body_is_neither_asked_for_nor_unpacked(shop, serve, session):
    asked = []

    async def compressing(request):
        asked.append(request.headers["Accept-Encoding"])
        return web.Response(body=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"})

    url = await serve({"/": compressing})
    with pytest.raises(OutputRefused, match="compressed"):
        await shop.keep(url, session=session)
    assert asked == ["identity"]


async def test_a_provider_s_keys_and_cookies_do_not_travel(shop, serve, session):
    seen = []

    async def handler(request):
        seen.append(set(request.headers))
        return web.Response(body=b"x")

    url = await serve({"/": handler})
    session.headers["Authorization"] = "Bearer secret"
    await shop.keep(url, session=session)
    assert not seen[0] & {"Authorization", "Cookie", "Referer"}


async def test_a_fetch_leaves_the_provider_s_session_open(shop, serve, session):
    url = await serve({"/": answering(b"x")})
    await shop.keep(url, session=session)
    async with session.get(url) as response:
        assert await response.read() == b"x"


async def test_a_closed_session_is_refused(shop):
    closed = open_session(private_network=True)
    await closed.close()
    with pytest.raises(OutputRefused, match="closed"):
        await shop.keep("http://127.0.0.1:9/", session=closed)


async def test_a_cancel_midway_leaves_nothing(shop, serve, session):
    is_midway = asyncio.Event()

    async def pause():
        is_midway.set()
        await asyncio.Event().wait()

    url = await serve({"/": streaming(bytes(2_000_000), pause)})
    keeping = asyncio.create_task(shop.keep(url, session=session))
    await is_midway.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert shop.files() == []
    assert not shop.outputs._pouring
