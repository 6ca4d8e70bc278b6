"""Photos to try kernels on: two that come with scikit-learn, or the learner's own."""

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from lessonlib.checks import require_int, require_one_of

__all__ = ["SAMPLES", "sample_photo", "read_photo"]

SAMPLES = {"flower": "flower.jpg", "temple": "china.jpg"}

MOST_PIXELS = 64_000_000  # of a picture: more than most phones take, 0.2 GB as numbers


def sample_photo(name="flower", size=128):
    """One of scikit-learn's sample photos, its middle square: `(3, size, size)`, float64 in [0, 1].

    name: one of `SAMPLES`. ValueError for another name, or if size is not a whole number from 1 up.
    """
    require_one_of("sample photo", name, SAMPLES)
    require_int("sample_photo", size=size)
    # found, not imported: importing scikit-learn takes over a second
    package = Path(find_spec("sklearn").origin).parent
    return _square(Image.open(package / "datasets" / "images" / SAMPLES[name]), size)


def read_photo(data, size=128):
    """The middle square of a picture file's bytes: `(3, size, size)`, float64 in [0, 1].

    TypeError if data is not bytes (a path is not); ValueError if it is not a picture of at most
    64 million pixels, or if size is not a whole number from 1 up.
    """
    if not isinstance(data, bytes):
        raise TypeError(
            f"read_photo takes a file's bytes, not a {type(data).__name__}: "
            "Path(name).read_bytes() gives them."
        )
    require_int("read_photo", size=size)
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height <= MOST_PIXELS:  # else not even decoded
            return _square(ImageOps.exif_transpose(_with_8_bits(image)), size)
    except Exception as error:  # there are dozens of decoders, and anything may be in a file
        raise ValueError(
            "That file is not a picture this lesson can read: choose a JPEG or a PNG."
        ) from error
    raise ValueError(
        f"That picture has {image.width:,} x {image.height:,} pixels: choose a smaller one."
    )


def _with_8_bits(image):
    """A grey picture of 16 bits with 8 of them; Pillow would make it white."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).clip(0, 65_535) // 257).astype(np.uint8))


def _square(image, size):
    fitted = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
    values = np.asarray(fitted).copy()  # torch wants memory that can be written
    return torch.from_numpy(values).permute(2, 0, 1).double() / 255
