"""Photos to try kernels on: two that come with scikit-learn, or the learner's own."""

import io
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from lessonlib.checks import require_int, require_one_of

__all__ = ["MEGAPIXELS", "NO_PICTURE", "SAMPLES", "TOO_LARGE", "sample_photo", "read_photo"]

SAMPLES = {"flower": "flower.jpg", "temple": "china.jpg"}
MEGAPIXELS = 64  # of a photo, at most: as many as the larger phones take
WHITE = {"I": 65535, "F": 1}  # in pictures of many bits, by the first letter of their mode
NO_PICTURE = "That file is not a picture this lesson can read: choose a JPEG or a PNG."
TOO_LARGE = (
    f"That photo has {{megapixels}} megapixels and this takes up to {MEGAPIXELS}: "
    "choose a smaller one."
)


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

    Where it is transparent, it lies on white. Grey of 16 bits runs from 0 to 65535, grey of floats
    from 0 to 1, or from its lowest to its highest value if some lie outside.
    TypeError if data is not bytes (a path is not); ValueError if it is not a picture or has more
    than `MEGAPIXELS`, or if size is not a whole number from 1 up.
    """
    if not isinstance(data, bytes):
        raise TypeError(
            f"read_photo takes a file's bytes, not a {type(data).__name__}: "
            "Path(name).read_bytes() gives them."
        )
    require_int("read_photo", size=size)
    image = _opened(data)
    megapixels = image.width * image.height / 1e6
    if megapixels > MEGAPIXELS:
        raise ValueError(TOO_LARGE.format(megapixels=round(megapixels)))
    try:
        return _square(ImageOps.exif_transpose(image), size)
    except Exception as error:  # there are dozens of decoders, and anything may be in a file
        raise ValueError(NO_PICTURE) from error


def _opened(data):
    """The image, its pixels not read yet."""
    try:
        with warnings.catch_warnings():  # of many pixels: read_photo has its own limit
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise ValueError(TOO_LARGE.format(megapixels="far too many")) from error
    except Exception as error:  # there are dozens of decoders, and anything may be in a file
        raise ValueError(NO_PICTURE) from error


def _in_colour(image):
    """The image as RGB, its whole range from black to white, on white where it is transparent."""
    if image.mode[0] in WHITE:  # convert would cut these off at 255
        return _greys(np.nan_to_num(np.asarray(image, dtype=float)), WHITE[image.mode[0]])
    if image.has_transparency_data:
        image = image.convert("RGBA")
        page = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(page, image).convert("RGB")
    return image.convert("RGB")


def _greys(values, white):
    """Grey from 0 to `white`, or from the lowest to the highest value if some lie outside."""
    black = 0
    if values.min() < 0 or values.max() > white:
        black = values.min()
        white = values.max()
    levels = 255 * (values - black) / ((white - black) or 1)
    return Image.fromarray(levels.round().astype(np.uint8)).convert("RGB")


def _square(image, size):
    fitted = ImageOps.fit(_in_colour(image), (size, size), Image.Resampling.BICUBIC)
    values = np.asarray(fitted).copy()  # torch wants memory that can be written
    return torch.from_numpy(values).permute(2, 0, 1).double() / 255
