"""The size of a picture, from its header alone; what is broken or explodes is refused."""

from __future__ import annotations

from pathlib import Path

from safelight.errors import OutputRefused


def measure(path: Path, decoder: str, *, max_pixels: int) -> tuple[int, int]:
    """
    Return width and height of a raster image; for a thread, since it reads the file.

    No pixel is decoded, so that a small file which claims a huge picture costs nothing.

    Args:
        decoder: Pillow's name of the one format to try.

    Raises:
        OutputRefused: Not such a picture after all, truncated where the format can tell, or too many pixels.
    """
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None:  # Pillow's own guard must not be stricter than what the operator allows
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, max_pixels)
    try:
        with Image.open(path, formats=(decoder,)) as image:
            width, height = image.size
            if width * height <= max_pixels:
                image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(max_pixels) from error
    except Exception as error:
        raise OutputRefused(f"The output is a broken {decoder} picture.") from error  # decoders raise anything on hostile bytes
    if width * height == 0:
        raise OutputRefused(f"The output is an empty {decoder} picture.")
    if width * height > max_pixels:
        raise _too_large(max_pixels)
    return width, height


def _too_large(max_pixels: int) -> OutputRefused:
    return OutputRefused(f"The picture has more than the {max_pixels} pixels allowed.")
