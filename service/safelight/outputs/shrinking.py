"""Small copies of a picture, as WebP: the thumbnail, and the placeholder that goes into a status."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from safelight.outputs.pictures import opened
from safelight.status import MAX_PLACEHOLDER

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_MAX_HEIGHT = 4096
"""A strip is made narrower than asked for, rather than an endless thumbnail: WebP itself ends at 16383."""
_AT_ONCE = 4096
_MAX_PROFILE = 4096
_PREFIX = "data:image/webp;base64,"
_SIDES = (16, 12, 8, 4, 2, 1)
_QUALITIES = (60, 30, 10)


def thumbnail(source: Path | BinaryIO, decoder: str, width: int, *, max_pixels: int) -> bytes:
    """
    Return a WebP of at most that width, upright, of the first frame; never larger than the picture.

    Raises:
        OutputRefused: The picture is broken or has too many pixels.
    """
    image = _shrunk(source, decoder, (width, _MAX_HEIGHT), max_pixels=max_pixels)
    return _webp(image, quality=80)


def placeholder(source: Path | BinaryIO, decoder: str, *, max_pixels: int) -> str:
    """
    Return a blurred copy of a few pixels as a data URI that a status can carry, in the picture's proportions.

    Raises:
        OutputRefused: The picture is broken or has too many pixels.
    """
    from PIL.Image import Resampling

    image = _shrunk(source, decoder, (_SIDES[0] * 4, _SIDES[0] * 4), max_pixels=max_pixels)
    image.info.clear()
    for side in _SIDES:
        size = _within(image.size, (side, side))
        blurred = image.resize(_within(image.size, (side // 2, side // 2)), Resampling.BOX).resize(size, Resampling.BICUBIC)
        for quality in _QUALITIES:
            uri = _PREFIX + b64encode(_webp(blurred, quality=quality)).decode()
            if len(uri) <= MAX_PLACEHOLDER:
                return uri
    raise AssertionError("one pixel fits always")


def _shrunk(source: Path | BinaryIO, decoder: str, box: tuple[int, int], *, max_pixels: int) -> Image:
    """Decode, shrink into the box and turn upright; what is left is RGB or RGBA, eight bits each."""
    from PIL.Image import Resampling, Transpose

    with opened(source, decoder, max_pixels=max_pixels) as image:
        orientation = _orientation(image)
        turns = {
            2: Transpose.FLIP_LEFT_RIGHT,
            3: Transpose.ROTATE_180,
            4: Transpose.FLIP_TOP_BOTTOM,
            5: Transpose.TRANSPOSE,
            6: Transpose.ROTATE_270,
            7: Transpose.TRANSVERSE,
            8: Transpose.ROTATE_90,
        }
        size = _within(image.size, box if orientation < 5 else box[::-1])  # from 5 on it lies on its side
        image.draft(None, (2 * size[0], 2 * size[1]))  # a JPEG can be decoded smaller at once
        image.load()
        whole: Image = image
        if max(image.size) > _AT_ONCE:  # a giant is sampled first: nothing below makes a second copy of its size
            whole = image.resize(_within(image.size, (_AT_ONCE, _AT_ONCE)), Resampling.NEAREST)
        small = _in_eight_bits(whole).resize(size, Resampling.LANCZOS)
        return small.transpose(turns[orientation]) if orientation in turns else small


def _in_eight_bits(image: Image) -> Image:
    if image.mode.startswith("I"):
        image.info.pop("transparency", None)  # a level of the sixteen bits, which the eight no longer tell apart
        return image.point(lambda level: level * (1 / 256)).convert("L").convert("RGB")
    if image.mode not in {"RGB", "RGBA"}:
        image.info.pop("icc_profile", None)  # it speaks of the colours before, CMYK or grey
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _orientation(image: ImageFile) -> int:
    from PIL.ExifTags import Base

    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - garbled EXIF raises anything; browsers show such a picture as it lies, and so do we
        return 1


def _within(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the size shrunk into a box, in its proportions, and never enlarged."""
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _webp(image: Image, *, quality: int) -> bytes:
    """Encode without metadata, which may hold a prompt; a small profile stays, since colours look dull without it."""
    profile = image.info.get("icc_profile") or b""
    file = BytesIO()
    image.save(
        file,
        "WEBP",
        quality=quality,
        alpha_quality=quality,
        method=4,
        icc_profile=profile if len(profile) <= _MAX_PROFILE else b"",
    )
    return file.getvalue()
