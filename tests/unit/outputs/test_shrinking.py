"""Small copies keep what people see of a picture, whatever form it has, and nothing else of it."""

import base64
import io
import random
import struct
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from safelight.errors import OutputRefused
from safelight.outputs import shrinking

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
PIXELS = 100_000_000


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def thumbnail(content, kind, width, max_pixels=PIXELS):
    made = shrinking.thumbnail(io.BytesIO(content), kind, width, max_pixels=max_pixels)
    image = Image.open(io.BytesIO(made), formats=("WEBP",))
    image.load()
    return image


def placeholder(content, kind, max_pixels=PIXELS):
    uri = shrinking.placeholder(io.BytesIO(content), kind, max_pixels=max_pixels)
    head, _, body = uri.partition(",")
    assert head == "data:image/webp;base64"
    assert len(uri) <= 200
    image = Image.open(io.BytesIO(base64.b64decode(body, validate=True)), formats=("WEBP",))
    image.load()
    return image


def close(seen, wanted, by=24):
    return len(seen) == len(wanted) and all(abs(a - b) <= by for a, b in zip(seen, wanted, strict=True))


def halves(size=(200, 100), left=RED, right=BLUE, mode="RGB"):
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP"])
def test_every_raster_format_has_a_thumbnail_in_its_proportions_and_colours(kind):
    image = thumbnail(saved(halves(), kind), kind, 64)
    assert (image.format, image.size) == ("WEBP", (64, 32))
    assert close(image.convert("RGB").getpixel((10, 16)), RED)
    assert close(image.convert("RGB").getpixel((54, 16)), BLUE)


@pytest.mark.parametrize("size", [(1, 1), (50, 50), (63, 900), (64, 5)])
def test_no_thumbnail_is_larger_than_the_picture(size):
    assert thumbnail(saved(Image.new("RGB", size), "PNG"), "PNG", 64).size == size


@pytest.mark.parametrize(
    ("size", "width", "expected"),
    [((1000, 10), 64, (64, 1)), ((5000, 2), 64, (64, 1)), ((20, 9000), 64, (9, 4096)), ((12_000, 8), 1024, (1024, 1))],
)
def test_a_strip_keeps_a_pixel_at_least_and_never_becomes_endless(size, width, expected):
    assert thumbnail(saved(Image.new("RGB", size), "PNG"), "PNG", width).size == expected


def test_of_an_animation_the_first_frame_is_shown():
    frames = [Image.new("RGB", (80, 40), colour) for colour in (RED, GREEN, BLUE)]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        image = thumbnail(content, kind, 64)
        assert getattr(image, "n_frames", 1) == 1
        assert close(image.convert("RGB").getpixel((30, 15)), RED), kind
        assert close(placeholder(content, kind).convert("RGB").getpixel((3, 3)), RED), kind


def upright():
    """Red above, green left below, blue right below: no turn looks like another."""
    image = Image.new("RGB", (200, 120), RED)
    image.paste(GREEN, (0, 60, 100, 120))
    image.paste(BLUE, (100, 60, 200, 120))
    return image


BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", BACK)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_picture_that_lies_on_its_side_is_shown_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = upright() if BACK[orientation] is None else upright().transpose(BACK[orientation])
    content = saved(turned, kind, exif=exif)
    image = thumbnail(content, kind, 64)
    assert image.size == (64, 38)
    assert close(image.getpixel((32, 8)), RED, 40)
    assert close(image.getpixel((12, 30)), GREEN, 40)
    assert close(image.getpixel((52, 30)), BLUE, 40)
    assert image.getexif() == {}
    assert placeholder(content, kind).size == (16, 10)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"\0" * 60])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_garbled_exif_costs_nothing(exif, kind):
    assert thumbnail(saved(halves(), kind, exif=exif), kind, 64).size == (64, 32)


def test_alpha_is_kept_without_a_seam():
    image = Image.new("RGBA", (200, 200), (0, 255, 0, 0))
    ImageDraw.Draw(image).rectangle((100, 0, 200, 200), fill=(*RED, 255))
    small = thumbnail(saved(image, "PNG"), "PNG", 64)
    assert small.mode == "RGBA"
    assert small.getpixel((10, 30))[3] == 0
    assert close(small.getpixel((50, 30)), (*RED, 255))
    assert small.getpixel((32, 30))[1] < 60, "the colour of what cannot be seen shows at the edge"


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (halves(mode="P", left=0, right=1), "PNG", {"transparency": 0}),
        (halves(mode="P", left=0, right=1), "GIF", {"transparency": 0}),
        (halves(mode="RGB"), "PNG", {"transparency": RED}),
        (halves(mode="L", left=0, right=255), "PNG", {"transparency": 0}),
        (halves(mode="LA", left=(0, 0), right=(255, 255)), "PNG", {}),
        (halves(mode="1", left=0, right=1), "PNG", {"transparency": 0}),
    ],
)
def test_transparency_is_kept_however_it_is_written(image, kind, options):
    small = thumbnail(saved(image, kind, **options), kind, 64)
    assert small.mode == "RGBA"
    assert (small.getpixel((8, 16))[3], small.getpixel((56, 16))[3]) == (0, 255)


def test_a_picture_without_alpha_gets_none():
    assert thumbnail(saved(halves(), "PNG"), "PNG", 64).mode == "RGB"


def test_the_inks_of_print_become_colours():
    image = thumbnail(saved(halves(mode="CMYK", left=(0, 255, 255, 0), right=(255, 255, 0, 0)), "JPEG"), "JPEG", 64)
    assert close(image.getpixel((10, 16)), RED, 60)
    assert close(image.getpixel((54, 16)), BLUE, 60)


def png_of_sixteen_bits(colour_type, levels, extra=b""):
    """One row of pixels, each level two bytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour_type]
    header = struct.pack(">IIBBBBB", len(levels) // channels, 1, 16, colour_type, 0, 0, 0)
    row = b"\0" + b"".join(struct.pack(">H", level) for level in levels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("colour_type", "level"),
    [(0, (0x8000,)), (2, (0x8000, 0x8000, 0x8000)), (4, (0x8000, 0xFFFF)), (6, (0x8000, 0x8000, 0x8000, 0xFFFF))],
)
def test_sixteen_bits_keep_their_brightness(colour_type, level):
    content = png_of_sixteen_bits(colour_type, level * 40)
    assert close(thumbnail(content, "PNG", 64).convert("RGB").getpixel((20, 0)), (128, 128, 128), 8)
    assert close(placeholder(content, "PNG").convert("RGB").getpixel((8, 0)), (128, 128, 128), 16)


def test_metadata_stays_behind_and_a_small_profile_does_not():
    exif = Image.Exif()
    exif[0x010E] = "the secret prompt"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = saved(
        halves(), "JPEG", exif=exif, xmp=b"<x>the secret prompt</x>", comment=b"the secret prompt", icc_profile=profile
    )
    made = shrinking.thumbnail(io.BytesIO(content), "JPEG", 64, max_pixels=PIXELS)
    assert b"secret" not in made
    assert b"ICCP" in made
    grey = saved(halves(mode="L", left=0, right=255), "JPEG", icc_profile=profile)
    assert b"ICCP" not in shrinking.thumbnail(io.BytesIO(grey), "JPEG", 64, max_pixels=PIXELS)
    large = saved(halves(), "JPEG", icc_profile=profile + bytes(100_000))
    assert b"ICCP" not in shrinking.thumbnail(io.BytesIO(large), "JPEG", 64, max_pixels=PIXELS)


@pytest.mark.parametrize("small", [thumbnail, placeholder])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP"])
def test_a_truncated_picture_is_refused(small, kind):
    content = saved(Image.effect_noise((300, 300), 90).convert("RGB"), kind)
    more = {"width": 64} if small is thumbnail else {}
    with pytest.raises(OutputRefused, match=f"broken {kind}"):
        small(content[: len(content) // 2], kind, **more)


@pytest.mark.parametrize("small", [thumbnail, placeholder])
@pytest.mark.parametrize("size", [(60_000, 60_000), (20_000, 8_000), (1001, 100)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_pixel_bomb_is_refused_before_it_is_decoded(small, size, make_bomb):
    more = {"width": 64} if small is thumbnail else {}
    tracemalloc.start()
    try:
        with pytest.raises(OutputRefused, match="100000 pixels"):
            small(make_bomb(*size), "PNG", max_pixels=100_000, **more)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1"])
def test_a_giant_is_shown_too(mode):
    content = saved(
        halves((5000, 4200), 0, 1, mode) if mode == "P" else halves((5000, 4200), 0, 255, mode), "PNG", compress_level=1
    )
    assert thumbnail(content, "PNG", 512).size == (512, 430)


def test_a_placeholder_looks_like_its_picture_in_small():
    image = placeholder(saved(halves((640, 360)), "PNG"), "PNG")
    assert image.size == (16, 9)
    assert close(image.getpixel((2, 4)), RED, 60)
    assert close(image.getpixel((13, 4)), BLUE, 60)
    assert image.getpixel((8, 4)) not in {RED, BLUE}, "it is not blurred"


def test_a_placeholder_keeps_what_shines_through():
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((50, 50, 250, 250), fill=(*RED, 255))
    small = placeholder(saved(image, "PNG"), "PNG")
    assert small.getpixel((0, 0))[3] < 60
    assert close(small.getpixel((small.width // 2, small.height // 2)), (*RED, 255), 60)


@settings(max_examples=150, deadline=None)
@given(
    size=st.tuples(st.integers(1, 64), st.integers(1, 64)),
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA"]),
    seed=st.integers(0, 10**6),
)
def test_the_noisiest_picture_has_a_placeholder_of_at_most_two_hundred_characters(size, mode, seed):
    image = Image.frombytes(mode, size, random.Random(seed).randbytes(size[0] * size[1] * len(mode)))
    small = placeholder(saved(image, "PNG"), "PNG")
    assert max(small.size) <= 16
    width, height = small.size
    scale = max(small.size) / max(size)
    assert abs(width - size[0] * scale) <= 1
    assert abs(height - size[1] * scale) <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (640, 480), (1024, 1024)])
def test_every_form_of_picture_has_a_placeholder(kind, size):
    image = Image.radial_gradient("L").resize(size)
    colours = Image.merge("RGB", [image, image.transpose(Image.Transpose.ROTATE_180), Image.effect_noise(size, 60)])
    small = placeholder(saved(colours, kind), kind)
    assert max(small.size) == min(16, max(size))
