"""Types come from bytes, not from what is said about them."""

import pytest

from safelight.outputs.sniffing import _KINDS, kind_of, sniff


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
        ("BMP", "image/bmp"),
    ],
)
@pytest.mark.parametrize("claimed", [None, "text/html", "video/mp4"])
def test_a_picture_is_known_whatever_is_claimed(make_picture, kind, expected, claimed):
    assert sniff(make_picture(kind)[:4096], claimed).type == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "video/mp4"),
        (b"\0\0\0\x18ftypmmp4\0\0\0\0isom3gp4", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom", "audio/mp4"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "application/octet-stream"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\0\0\0AVI LIST", "application/octet-stream"),
        (b"ID3\x03\0\0\0\0\0\0", "audio/mpeg"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"glTF\x02\0\0\0\x10\0\0\0", "model/gltf-binary"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        (b"\x1f\x8b\x08\0", "application/gzip"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"<!DOCTYPE html><p>hi", "text/html"),
        (b"\n <HTML>", "text/html"),
        (b"hello <script>alert(1)</script>", "text/html"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        ("<html>".encode("utf-16"), "text/html"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/svg+xml"),
        (b'<?xml version="1.0"?><!-- x --><svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b'<?xml version="1.0"?><rss/>', "application/xml"),
        (b"just words", "text/plain"),
        ("Käse ".encode() * 800 + "ä".encode()[:1], "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
        (b"\xff\xfb\x90\x00\x00", "application/octet-stream"),
    ],
)
def test_bytes_tell_what_they_are(head, expected):
    assert sniff(head).type == expected


@pytest.mark.parametrize("claimed", ["audio/mpeg", "AUDIO/MPEG; x=y", " model/stl "])
def test_a_harmless_claim_counts_where_bytes_cannot_tell(claimed):
    assert sniff(b"\xff\xfb\x90\x00\x00", claimed).type == claimed.partition(";")[0].strip().lower()


@pytest.mark.parametrize(
    "claimed", ["image/png", "text/html", "image/svg+xml", "video/mp4", "application/javascript", "", "a" * 9999, "\0"]
)
def test_a_claim_that_a_browser_would_act_on_does_not_count(claimed):
    assert sniff(b"\x00\x01\x02\x03", claimed).type == "application/octet-stream"


def test_a_claim_never_beats_the_bytes():
    assert sniff(b"<html><script>", "audio/mpeg").type == "text/html"


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"<svg onload=alert(1)>", b"%PDF-1.4", b"PK\x03\x04"])
def test_a_picture_with_something_appended_is_a_picture(make_picture, tail):
    assert sniff(make_picture()[:200] + tail).type == "image/png"


def test_a_page_that_hides_a_picture_is_a_page(make_picture):
    assert sniff(b"<html><!--" + b"x" * 50 + b"-->").type == "text/html"
    assert sniff(b"<html><!--" + make_picture()).type == "application/octet-stream"


def test_an_extension_says_the_type_and_no_two_kinds_share_one():
    assert len({kind.extension for kind in _KINDS}) == len({kind.type for kind in _KINDS}) == len(_KINDS)
    assert all(kind_of(kind.extension) is kind for kind in _KINDS)
    assert kind_of("exe") is None


def test_nothing_that_a_browser_shows_is_taken_on_somebody_s_word():
    assert not [kind.type for kind in _KINDS if kind.is_claimable and kind.type.startswith(("image/", "video/", "text/"))]
