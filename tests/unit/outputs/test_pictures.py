"""Pictures are measured without being decoded, and broken ones refused."""

import tracemalloc

import pytest

from safelight.errors import OutputRefused
from safelight.outputs.pictures import measure


@pytest.fixture
def sizes(tmp_path):
    def measured(content, decoder="PNG", max_pixels=10**6):
        path = tmp_path / "x.part"
        path.write_bytes(content)
        return measure(path, decoder, max_pixels=max_pixels)

    return measured


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP"])
def test_every_raster_format_is_measured(sizes, make_picture, kind):
    assert sizes(make_picture(kind, (31, 17)), kind) == (31, 17)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (20_000, 8_000)])
def test_a_pixel_bomb_is_refused_and_costs_no_memory(sizes, make_bomb, size):
    tracemalloc.start()
    try:
        with pytest.raises(OutputRefused, match="100000000 pixels"):
            sizes(make_bomb(*size), max_pixels=100_000_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_the_operator_s_limit_holds_above_pillow_s_own(sizes, make_bomb):
    assert sizes(make_bomb(20_000, 20_000), max_pixels=400_000_000) == (20_000, 20_000)


def test_a_picture_without_pixels_is_refused(sizes, make_bomb):
    with pytest.raises(OutputRefused):
        sizes(make_bomb(0, 5))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_a_truncated_picture_is_refused_where_the_format_can_tell(sizes, make_picture, kind):
    content = make_picture(kind, (64, 64))
    with pytest.raises(OutputRefused, match="broken"):
        sizes(content[: len(content) // 2], kind)


def test_a_picture_with_a_flipped_byte_is_refused(sizes, make_picture):
    content = bytearray(make_picture("PNG", (64, 64)))
    content[-20] ^= 0xFF
    with pytest.raises(OutputRefused, match="broken PNG"):
        sizes(bytes(content))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "PNG"),
        (b"\xff\xd8\xff" + b"\0" * 50, "JPEG"),
        (b"RIFF\xff\xff\xff\xffWEBP" + b"\0" * 50, "WEBP"),
        (b"GIF89a", "GIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "AVIF"),
        (b"BM" + b"\0" * 40, "BMP"),
    ],
)
def test_a_signature_alone_is_no_picture(sizes, content, kind):
    with pytest.raises(OutputRefused, match="broken"):
        sizes(content, kind)


def test_no_other_format_is_tried_than_the_one_the_bytes_announce(sizes, make_picture):
    with pytest.raises(OutputRefused):
        sizes(make_picture("TIFF"), "PNG")
