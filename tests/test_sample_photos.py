"""The sample photos, and photos read from a file."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from helpers.bad_input import TRUNCATED, Bad, bad_input_test
from helpers.copies import SMALL, jpeg
from lessonlib.sample_photos import read_photo, sample_photo


def test_a_sample_has_the_pixels_that_scikit_learn_gives():
    file = io.BytesIO()
    Image.fromarray(load_sample_image("flower.jpg")).save(file, "PNG")
    assert torch.equal(sample_photo("flower", 32), read_photo(file.getvalue(), 32))
    assert sample_photo("temple", 32).shape == (3, 32, 32)


def test_whatever_a_decoder_raises_is_one_sentence(monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("Failed to decode frame 0")  # as the decoder of AVIF does

    monkeypatch.setattr(Image.Image, "convert", failing)
    with pytest.raises(ValueError, match="not a picture"):
        read_photo(jpeg(SMALL[0]))


def ramp(mode, white):
    """The bytes of a TIFF that grows from 0 on the left to `white` on the right."""
    row = np.linspace(0, white, 64)
    values = np.tile(row, (64, 1)).astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode])
    file = io.BytesIO()
    Image.fromarray(values).save(file, "TIFF")
    return file.getvalue()


@pytest.mark.parametrize("mode, white", [("I;16", 65535), ("I", 65535), ("F", 1), ("F", 300)])
def test_grey_of_many_bits_keeps_its_range(mode, white):
    photo = read_photo(ramp(mode, white), 64)
    wanted = torch.linspace(0, 1, 64, dtype=torch.float64).expand(3, 64, 64)
    assert (photo - wanted).abs().max() < 0.02


def test_a_transparent_photo_lies_on_white():
    file = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(file, "PNG")
    assert read_photo(file.getvalue(), 8).min() == 1


def large(width, height):
    """A PNG of one colour, small in bytes."""
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


test_bad_input = bad_input_test(
    lambda _: read_photo(jpeg(SMALL[0]), 8).shape == (3, 8, 8),
    [
        Bad(
            "an unknown sample",
            lambda _: sample_photo("dog"),
            ValueError,
            "'dog'",
            "choose one of flower",
        ),
        Bad("no pixels", lambda _: sample_photo(size=0), ValueError, "size is 0", "at least 1"),
        Bad("no bytes", lambda _: read_photo(b""), ValueError, "not a picture", "choose a JPEG"),
        Bad(
            "100 megapixels",
            lambda _: read_photo(large(10000, 10000)),
            ValueError,
            "100 megapixels",
            "choose a smaller",
        ),
        Bad(
            "400 megapixels",
            lambda _: read_photo(large(20000, 20000)),
            ValueError,
            "megapixels",
            "choose a smaller",
        ),
        Bad("a path", lambda _: read_photo("dog.jpg"), TypeError, "a str", "read_bytes()"),
        Bad(
            "half a photo",
            lambda _: read_photo(TRUNCATED),
            ValueError,
            "not a picture",
            "choose a JPEG",
        ),
        Bad(
            "samples in a list",
            lambda _: sample_photo(["flower"]),
            ValueError,
            "['flower']",
            "choose one of flower",
        ),
    ],
)
