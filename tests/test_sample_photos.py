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


def test_a_grey_picture_of_16_bits_keeps_its_greys():
    ramp = np.linspace(0, 65_535, 64).astype(np.uint16)
    file = io.BytesIO()
    Image.fromarray(np.tile(ramp, (64, 1))).save(file, "PNG")
    photo = read_photo(file.getvalue(), 64)
    expected = torch.from_numpy(ramp / 65_535).expand(3, 64, 64)
    torch.testing.assert_close(photo, expected, rtol=0, atol=1 / 255)


def test_whatever_a_decoder_raises_is_one_sentence(monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("Failed to decode frame 0")  # as the decoder of AVIF does

    monkeypatch.setattr(Image.Image, "convert", failing)
    with pytest.raises(ValueError, match="not a picture"):
        read_photo(jpeg(SMALL[0]))


def wide():
    """A file of a few bytes that would be 300 MB as numbers."""
    file = io.BytesIO()
    Image.new("1", (8, 10_000_000)).save(file, "TIFF", compression="group4")
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
        Bad("a path", lambda _: read_photo("dog.jpg"), TypeError, "a str", "read_bytes()"),
        Bad(
            "half a photo",
            lambda _: read_photo(TRUNCATED),
            ValueError,
            "not a picture",
            "choose a JPEG",
        ),
        Bad(
            "a huge picture",
            lambda _: read_photo(wide()),
            ValueError,
            "has 8 x 10,000,000 pixels",
            "choose a smaller one",
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
