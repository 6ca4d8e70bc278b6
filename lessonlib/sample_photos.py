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

    TypeError if data is not bytes (a path is not); ValueError if it is not a picture, or if size is
    not a whole number from 1 up.
    """
    if not isinstance(data, bytes):
        raise TypeError(
            f"read_photo takes a file's bytes, not a {type(data).__name__}: "
            "Path(name).read_bytes() gives them."
        )
    require_int("read_photo", size=size)
    try:
        return _square(ImageOps.exif_transpose(Image.open(io.BytesIO(data))), size)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(
            "That file is not a picture this lesson can read: choose a JPEG or a PNG."
        ) from error


def _square(image, size):
    fitted = ImageOps.fit(image.convert("RGB"), (size, size), Image.Resampling.BICUBIC)
    values = np.asarray(fitted).copy()  # torch wants memory that can be written
    return torch.from_numpy(values).permute(2, 0, 1).double() / 255
