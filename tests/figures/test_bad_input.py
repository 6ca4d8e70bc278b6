"""Bad input to figures.pictures: one sentence each."""

from torch import randn

from helpers.bad_input import Bad, bad_input_test
from lessonlib.figures import pictures

X = randn(3, 8, 8)

test_pictures = bad_input_test(
    lambda _: pictures.pixels(X).startswith(b"\x89PNG"),
    [
        Bad(
            "two colours",
            lambda _: pictures.pixels(randn(2, 8, 8)),
            ValueError,
            "(2, 8, 8)",
            "(3, h, w)",
        ),
        Bad(
            "no pictures",
            lambda _: pictures.side_by_side([]),
            ValueError,
            "side_by_side",
            "at least one",
        ),
        Bad(
            "nothing to stack",
            lambda _: pictures.stacked([]),
            ValueError,
            "stacked",
            "at least one",
        ),
        Bad(
            "a title on notes",
            lambda _: pictures.titled(b"notes", {0: "dog"}),
            ValueError,
            "not a picture",
            "give a PNG",
        ),
        Bad(
            "a photo in lists",
            lambda _: pictures.pixels([[0]]),
            TypeError,
            "photo is of type list",
            "give a Tensor",
        ),
        Bad("zoom 0", lambda _: pictures.pixels(X, 0), ValueError, "zoom is 0", "at least 1"),
        Bad(
            "a photo without pixels",
            lambda _: pictures.pixels(X[:, :0]),
            ValueError,
            "(3, 0, 8)",
            "takes (3, h, w)",
        ),
        Bad(
            "a drawing in words",
            lambda _: pictures.Picture("a dog", "dog"),
            TypeError,
            "a str",
            "PNG bytes",
        ),
    ],
)
