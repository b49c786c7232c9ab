"""What bytes are, told from the bytes; what a provider calls them counts only where they cannot tell."""

from __future__ import annotations

import re

import attrs


@attrs.frozen
class Kind:
    """
    A type that outputs may have.

    Attributes:
        type: The media type.
        extension: How its files are named; one kind per extension, so that a name says the type.
        decoder: Pillow's name of the format, where the bytes must prove to be a picture.
        is_claimable: Whether a provider's word is enough: only for what no browser ever shows or runs.
    """

    type: str
    extension: str
    decoder: str | None = attrs.field(default=None, kw_only=True)
    is_claimable: bool = attrs.field(default=False, kw_only=True)


OCTETS = Kind("application/octet-stream", "bin")
_KINDS = (
    OCTETS,
    Kind("image/png", "png", decoder="PNG"),
    Kind("image/jpeg", "jpg", decoder="JPEG"),
    Kind("image/webp", "webp", decoder="WEBP"),
    Kind("image/gif", "gif", decoder="GIF"),
    Kind("image/avif", "avif", decoder="AVIF"),
    Kind("image/bmp", "bmp", decoder="BMP"),
    Kind("image/svg+xml", "svg"),
    Kind("video/mp4", "mp4"),
    Kind("video/webm", "webm"),
    Kind("video/quicktime", "mov"),
    Kind("video/x-matroska", "mkv"),
    Kind("audio/mpeg", "mp3", is_claimable=True),
    Kind("audio/mp4", "m4a"),
    Kind("audio/ogg", "ogg"),
    Kind("audio/flac", "flac"),
    Kind("audio/wav", "wav"),
    Kind("audio/aac", "aac", is_claimable=True),
    Kind("model/gltf-binary", "glb"),
    Kind("model/stl", "stl", is_claimable=True),
    Kind("application/zip", "zip"),
    Kind("application/gzip", "gz"),
    Kind("application/pdf", "pdf"),
    Kind("application/xml", "xml"),
    Kind("text/html", "html"),
    Kind("text/plain", "txt"),
)
_BY_TYPE = {kind.type: kind for kind in _KINDS}
_BY_EXTENSION = {kind.extension: kind for kind in _KINDS}
THUMBNAIL = _BY_TYPE["image/webp"]
_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"BM....\0\0\0\0", re.DOTALL), "image/bmp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3[\x02-\x04]"), "audio/mpeg"),
    (re.compile(rb"OggS\0"), "audio/ogg"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"\x1a\x45\xdf\xa3.{0,60}\x42\x82.webm", re.DOTALL), "video/webm"),
    (re.compile(rb"\x1a\x45\xdf\xa3.{0,60}\x42\x82.matroska", re.DOTALL), "video/x-matroska"),
    (re.compile(rb"glTF[\x01\x02]\0\0\0"), "model/gltf-binary"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
    (re.compile(rb"\x1f\x8b\x08"), "application/gzip"),
    (re.compile(rb"%PDF-"), "application/pdf"),
)
_BRANDS = (
    (frozenset({b"avif", b"avis"}), "image/avif"),
    (frozenset({b"qt  "}), "video/quicktime"),
    (frozenset({b"M4A ", b"M4B "}), "audio/mp4"),
    (frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"}), "video/mp4"),
)
_SVG = re.compile(r"<([a-z]+:)?svg[\s>]", re.IGNORECASE)
_HTML = re.compile(
    r"<(!doctype html|html|head|body|script|iframe|title|style|table|div|a|img|br|p|h1|font|b)[\s/>]", re.IGNORECASE
)
_NOT_TEXT = re.compile(r"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def sniff(head: bytes, claimed: str | None = None) -> Kind:
    """
    Say what something is from its first bytes.

    Only the very beginning counts: a picture with a page appended is a picture, and is served as nothing else.

    Args:
        claimed: What the provider calls it; parameters such as `; charset=…` are ignored.
    """
    signed = next((name for signature, name in _SIGNATURES if signature.match(head)), None)
    if found := signed or _iso_media(head) or _text(head):
        return _BY_TYPE[found]
    wanted = _BY_TYPE.get((claimed or "").partition(";")[0].strip().lower(), OCTETS)
    return wanted if wanted.is_claimable else OCTETS


def kind_of(extension: str) -> Kind | None:
    """Return the kind that a file of ours with this extension has."""
    return _BY_EXTENSION.get(extension)


def _iso_media(head: bytes) -> str | None:
    """Tell apart what shares the MP4 container: the main brand first, then those it says it is compatible with."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), 256)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    for brand in brands:
        for known, name in _BRANDS:
            if brand in known:
                return name
    return None


def _text(head: bytes) -> str | None:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = head.decode(encoding, "replace")
    if "\ufffd" in text[:-3] or _NOT_TEXT.search(text):  # the head may end inside a character
        return None
    if _SVG.search(text):
        return "image/svg+xml"
    if text.lstrip().lower().startswith("<?xml"):
        return "application/xml"
    return "text/html" if _HTML.search(text) else "text/plain"
