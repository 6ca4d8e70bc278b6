"""The sample photos, and photos read from a file."""

import io

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
            "samples in a list",
            lambda _: sample_photo(["flower"]),
            ValueError,
            "['flower']",
            "choose one of flower",
        ),
    ],
)
