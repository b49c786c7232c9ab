"""Kept bytes over HTTP: conditions, ranges, and headers that keep browsers from running anything."""

import asyncio
import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image
from yarl import URL

from safelight.config.model import OutputSettings
from safelight.errors import NotFound
from safelight.outputs.local import LocalOutputs
from safelight.web.keys import CORE
from safelight.web.outputs import get_output

GENERATION = "0123456789abcdef0123456789abcdef"
CONTENT = bytes(range(100))
DATE = "Thu, 02 Jan 2025 03:04:05 GMT"
LATER = "Thu, 02 Jan 2025 03:04:06 GMT"
EARLIER = "Thu, 02 Jan 2025 03:04:04 GMT"
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


NO_DATES = (
    "nonsense",
    "",
    "0",
    "-1",
    ", , ,",
    "\xff\xfe",
    "Thu, 02 Jan",
    "Thu, 99 Foo 2025 25:61:61 GMT",
    "Thu, 31 Feb 2025 00:00:00 GMT",
    "Fri, 31 Dec 99999 23:59:59 GMT",
    "Fri, 31 Dec 99999999999 23:59:59 GMT",
    "Fri, 31 Dec 2025 99999999999:00:00 GMT",
    "Fri, 99999999999999999999 Dec 2025 00:00:00 GMT",
    "Fri, 31 Dec " + "9" * 5000 + " 23:59:59 GMT",
)
FAILURES = web.AppKey("failures", list)


class FixedClock:
    def now(self):
        return datetime(2025, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)


@web.middleware
async def problems(request, handler):
    try:
        return await handler(request)
    except NotFound as error:
        return web.json_response({"error": str(error)}, status=404)
    except Exception as error:
        request.app[FAILURES].append(error)
        raise


@pytest.fixture
async def outputs(tmp_path):
    async with LocalOutputs(tmp_path / "outputs", OutputSettings(), FixedClock()) as opened:
        yield opened


@pytest.fixture
async def client(outputs):
    app = web.Application(middlewares=[problems])
    app[FAILURES] = []
    app[CORE] = SimpleNamespace(outputs=outputs)
    app.router.add_get("/v1/outputs/{id}/{name}", get_output)
    async with TestClient(TestServer(app), auto_decompress=False) as opened:
        yield opened


@pytest.fixture
async def url(outputs):
    return (await outputs.keep(GENERATION, CONTENT, claimed_type=None, seed=None)).url


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def keep(outputs, content, claimed=None):
    return (await outputs.keep(GENERATION, content, claimed_type=claimed, seed=None)).url


def picture(kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(file, kind)
    return file.getvalue()


async def test_the_whole_is_sent_with_everything_a_cache_wants(client, url):
    answer = await client.get(url)
    assert (answer.status, await answer.read()) == (200, CONTENT)
    assert answer.headers["ETag"] == ETAG
    assert answer.headers["Last-Modified"] == DATE
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Length"] == "100"


async def test_head_answers_as_get_does_without_the_bytes(client, url):
    got, asked = await client.get(url), await client.head(url, headers={"Range": "bytes=0-4"})
    assert (asked.status, await asked.read()) == (200, b"")
    assert {k: v for k, v in asked.headers.items() if k != "Date"} == {k: v for k, v in got.headers.items() if k != "Date"}


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0),
        ("bytes=0-9", 206, 0, 9),
        ("bytes=90-", 206, 90, 99),
        ("bytes=99-", 206, 99, 99),
        ("bytes=95-1000", 206, 95, 99),
        ("bytes=0-", 206, 0, 99),
        ("bytes=-1", 206, 99, 99),
        ("bytes=-100", 206, 0, 99),
        ("bytes=-1000", 206, 0, 99),
        ("BYTES=1-2", 206, 1, 2),
        ("bytes=100-", 416, None, None),
        ("bytes=100-200", 416, None, None),
        ("bytes=-0", 416, None, None),
        ("bytes=999999999999999999-", 416, None, None),
        ("bytes=5-4", 200, None, None),
        ("bytes=-", 200, None, None),
        ("bytes=", 200, None, None),
        ("bytes=a-b", 200, None, None),
        ("bytes=0-1,5-6", 200, None, None),
        ("bytes=1 - 2", 200, None, None),
        ("items=0-1", 200, None, None),
        ("bytes=" + "9" * 5000 + "-", 200, None, None),
        ("", 200, None, None),
    ],
)
async def test_one_range_is_honoured_and_nonsense_ignored(client, url, asked, status, first, last):
    answer = await client.get(url, headers={"Range": asked})
    body = await answer.read()
    assert answer.status == status
    assert answer.headers["ETag"] == ETAG
    if status == 206:
        assert body == CONTENT[first : last + 1]
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/100"
    elif status == 416:
        assert (body, answer.headers["Content-Range"]) == (b"", "bytes */100")
    else:
        assert body == CONTENT
        assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 206), (f"W/{ETAG}", 200), ('"other"', 200), (DATE, 206), (LATER, 200), (EARLIER, 200), ("nonsense", 200)],
)
async def test_a_range_counts_only_if_the_bytes_are_still_the_same(client, url, condition, status):
    answer = await client.get(url, headers={"Range": "bytes=0-4", "If-Range": condition})
    assert (answer.status, len(await answer.read())) == (status, 5 if status == 206 else 100)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f"W/{ETAG}"}, 304),
        ({"If-None-Match": f'"other", {ETAG}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": ETAG, "Range": "bytes=0-4"}, 304),
        ({"If-None-Match": '"other"', "If-Modified-Since": LATER}, 200),
        ({"If-Modified-Since": DATE}, 304),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": EARLIER}, 200),
        ({"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 GMT"}, 304),
        ({"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 -2359"}, 304),
        ({"If-Modified-Since": "Sat, 01 Jan 0001 00:00:00 GMT"}, 200),
        *(({"If-Modified-Since": nonsense}, 200) for nonsense in NO_DATES),
        ({"If-Match": ETAG}, 200),
        ({"If-Match": f"W/{ETAG}"}, 412),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "*"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_conditions_are_kept(client, url, method, headers, status):
    answer = await client.request(method, url, headers=headers)
    body = await answer.read()
    assert answer.status == status
    assert answer.headers["ETag"] == ETAG
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert body == (CONTENT if status == 200 and method == "GET" else b"")


@pytest.mark.parametrize(
    ("content", "media_type", "place"),
    [
        (picture("PNG"), "image/png", "inline"),
        (picture("JPEG"), "image/jpeg", "inline"),
        (picture("WEBP"), "image/webp", "inline"),
        (picture("GIF"), "image/gif", "inline"),
        (picture("AVIF"), "image/avif", "inline"),
        (picture("BMP"), "image/bmp", "inline"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4", "inline"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x84webm", "video/webm", "inline"),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "attachment"),
        (b"<html><script>alert(1)</script>", "text/html", "attachment"),
        (b"<?xml version='1.0'?><x/>", "application/xml", "attachment"),
        (b"words", "text/plain", "attachment"),
        (b"%PDF-1.4", "application/pdf", "attachment"),
        (b"PK\x03\x04", "application/zip", "attachment"),
        (b"\0\1", "application/octet-stream", "attachment"),
    ],
)
@pytest.mark.parametrize("claimed", [None, "image/png"])
async def test_only_pictures_and_video_are_shown_and_nothing_is_run(client, outputs, content, media_type, place, claimed):
    url = await keep(outputs, content, claimed)
    answer = await client.get(url)
    assert await answer.read() == content
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'{place}; filename="{url.rpartition("/")[2]}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/outputs/{GENERATION}/{'a' * 32}.png",
        f"/v1/outputs/{'b' * 32}/{'a' * 32}.png",
        f"/v1/outputs/{GENERATION}/..%2f..%2fetc%2fpasswd",
        f"/v1/outputs/..%2f..%2f/{'a' * 32}.png",
        f"/v1/outputs/{GENERATION}/%00",
        f"/v1/outputs/{GENERATION}/%ff%fe",
        f"/v1/outputs/{GENERATION}/{'x' * 3000}",
        f"/v1/outputs/.parts/{'a' * 32}.part",
    ],
)
async def test_anything_unknown_is_not_found(client, url, path):
    answer = await client.get(URL(path, encoded=True))
    assert answer.status == 404


async def test_the_preview_before_is_not_found_and_the_newest_is(client, outputs):
    old = await outputs.preview(GENERATION, picture())
    new = await outputs.preview(GENERATION, picture("WEBP"))
    assert (await client.get(old.url)).status == 404
    assert (await client.get(new.url)).status == 200
    assert (await client.head(old.url)).status == 404


async def test_what_was_purged_is_not_found(client, outputs, url):
    await outputs.purge(GENERATION)
    assert (await client.get(url)).status == 404


async def test_a_file_that_lies_beside_in_compressed_form_is_never_sent(client, outputs, url, tmp_path):
    (kept,) = (tmp_path / "outputs" / GENERATION).iterdir()
    kept.with_name(kept.name + ".gz").write_bytes(b"\x1f\x8b\x08")
    answer = await client.get(url, headers={"Accept-Encoding": "gzip, br"})
    assert (await answer.read(), answer.headers.get("Content-Encoding")) == (CONTENT, None)


async def test_a_large_output_arrives_whole_and_in_ranges_over_one_connection(client, outputs):
    content = os.urandom(9_000_001)
    url = await keep(outputs, content)
    assert await (await client.get(url)).read() == content
    halves = [await (await client.get(url, headers={"Range": r})).read() for r in ("bytes=0-4999999", "bytes=5000000-")]
    assert b"".join(halves) == content


async def test_a_reader_that_leaves_midway_leaves_no_file_open(client, outputs):
    url = await keep(outputs, os.urandom(20_000_000))
    before = open_files()
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            answer = await session.get(client.make_url(url))
            await answer.content.readexactly(10)
            answer.close()
    for _ in range(500):
        if open_files() <= before:
            break
        await asyncio.sleep(0.01)
    assert open_files() <= before
    assert client.app[FAILURES] == []
    assert (await client.get(url, headers={"Range": "bytes=0-0"})).status == 206
