"""A picture opened with care: measured from its header before a pixel is decoded; what is broken or explodes is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from safelight.errors import OutputRefused

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


def measure(path: Path, decoder: str, *, max_pixels: int) -> tuple[int, int]:
    """
    Return width and height of a raster image; for a thread, since it reads the file.

    No pixel is decoded, so that a small file which claims a huge picture costs nothing.

    Raises:
        OutputRefused: As `opened` says; truncated too, where the format can tell.
    """
    with opened(path, decoder, max_pixels=max_pixels) as image:
        size = image.size
        image.verify()
    return size


@contextlib.contextmanager
def opened(source: Path | BinaryIO, decoder: str, *, max_pixels: int) -> Iterator[ImageFile]:
    """
    Open a picture whose pixels are allowed; what goes wrong inside with decoding it comes out as a refusal.

    Args:
        decoder: Pillow's name of the one format to try.

    Raises:
        OutputRefused: Not such a picture after all, broken, empty, or too many pixels.
    """
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None:  # Pillow's own guard must not be stricter than what the operator allows
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, max_pixels)
    try:
        with Image.open(source, formats=(decoder,)) as image:
            _check(image.width * image.height, decoder, max_pixels)
            yield image
    except OutputRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(max_pixels) from error
    except Exception as error:
        raise OutputRefused(f"The output is a broken {decoder} picture.") from error  # decoders raise anything on hostile bytes


def _check(pixels: int, decoder: str, max_pixels: int) -> None:
    if pixels == 0:
        raise OutputRefused(f"The output is an empty {decoder} picture.")
    if pixels > max_pixels:
        raise _too_large(max_pixels)


def _too_large(max_pixels: int) -> OutputRefused:
    return OutputRefused(f"The picture has more than the {max_pixels} pixels allowed.")
