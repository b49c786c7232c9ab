"""Who is sent gzip: what `Accept-Encoding` says, and nothing guessed."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from safelight.web.encodings import takes_gzip


@pytest.mark.parametrize(
    "said",
    [
        "gzip",
        "gzip, deflate, br, zstd",  # Chromium
        "GZip",
        "x-gzip",
        "br, gzip;q=0.1",
        "*",
        "*;q=0.5, br",
        "gzip;q=1.000",
        "gzip ; Q=0.5 , identity;q=0.5",
        "identity;q=0, gzip;q=0.001",
        "deflate,gzip;q=1.0,*;q=0.5",  # Node's fetch and others
    ],
)
def test_gzip_is_taken(said):
    assert takes_gzip(request(said))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "identity",
        "br, zstd, deflate",
        "gzip;q=0",
        "gzip;q=0.000, *",
        "*;q=0",
        "gzip;q=0.3, identity;q=0.4",
        "gzip;q=high",
        "gzip;q=-1",
        "gzip;q=2",
        "gzipped",
        "gzip gzip",
        "\u00bd",
    ],
)
def test_gzip_is_not_taken(said):
    assert not takes_gzip(request(said))


def test_without_the_header_nothing_is_packed():
    assert not takes_gzip(make_mocked_request("GET", "/"))


def test_several_headers_are_one_list():
    headers = CIMultiDict([("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
    assert takes_gzip(make_mocked_request("GET", "/", headers=headers))


def request(said):
    return make_mocked_request("GET", "/", headers={"Accept-Encoding": said})
