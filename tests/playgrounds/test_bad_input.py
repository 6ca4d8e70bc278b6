"""Bad input to sample_photos, playgrounds: one sentence each."""

import html
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import randn

from helpers.bad_input import INF, NAN, TIER, TRUNCATED, Bad, bad_input_test, drawings
from helpers.copies import SMALL, jpeg
from lessonlib.arms import ARMS
from lessonlib.figures import pictures
from lessonlib.imagewoof.synthetic import draw
from lessonlib.playgrounds.composition import CompositionPlayground
from lessonlib.playgrounds.costs import CostPlayground
from lessonlib.playgrounds.kernel import KernelPlayground
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.sample_photos import read_photo, sample_photo


def shown(box):
    return html.unescape(re.sub("<.*?>", "", box.message.value))


def typed(value, playground=CompositionPlayground):
    """A value is typed into a field: the answer, if all other fields and the picture are as the learner left them."""
    box = playground()
    editor = box.b if playground is CompositionPlayground else box.editor
    editor.cells[0].value = 7
    kernel, image = editor.kernel, box.after.image.value
    editor.cells[1].value = value
    assert (
        torch.equal(editor.kernel, kernel)
        and box.after.image.value == image
        and editor.cells[0].value == 7
    )
    return shown(box)


def uploaded(data):
    """A file is chosen, which is no picture: the answer, if the photo stays."""
    box = KernelPlayground()
    before = box.before.image.value
    box.picker._uploaded({"new": {"file": {"content": data}}})
    assert box.before.image.value == before
    return shown(box)


def too_slow():
    """The clock of the cost explorer, for a layer that would take minutes."""
    box = CostPlayground()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "lessonlib.playgrounds.costs.time_interleaved",
            lambda *_, **__: {"one photo": SimpleNamespace(low=100)},
        )
        box.measure()
    assert not box._measure.disabled and box.timings is None
    return shown(box)


def broken_race():
    """A race on a batch that is larger than the training set."""
    race = RacePlayground([ARMS["2x2"]], drawings(), replace(TIER, batch=100))
    race._start.click()
    race.race.wait()
    assert not race._start.disabled
    return shown(race).split(" What was trained")[0]


X, K = randn(3, 8, 8), randn(2, 2)


test_sample_photos = bad_input_test(
    lambda _: read_photo(jpeg(SMALL[0]), 8).shape == (3, 8, 8),
    [
        Bad(
            "a sample there is not",
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
            "samples in a list",
            lambda _: sample_photo(["flower"]),
            ValueError,
            "['flower']",
            "choose one of flower",
        ),
        Bad("no drawings", lambda _: draw(0, 8, 0), ValueError, "per_class is 0", "at least 1"),
        Bad(
            "a drawing in words",
            lambda _: pictures.Picture("a dog", "dog"),
            TypeError,
            "a str",
            "PNG bytes",
        ),
    ],
)


test_playgrounds = bad_input_test(
    lambda _: "Largest difference" in shown(CompositionPlayground()),
    [
        Bad("nan typed", lambda _: typed(NAN), None, "nan is not", "between -99 and 99"),
        Bad("infinity typed", lambda _: typed(-INF), None, "-inf is not", "between -99 and 99"),
        Bad(
            "a huge number typed",
            lambda _: typed(1e300, KernelPlayground),
            None,
            "1e+300",
            "between -99 and 99",
        ),
        Bad(
            "no photo uploaded",
            lambda _: uploaded(b"notes"),
            None,
            "not a picture",
            "choose a JPEG",
        ),
        Bad(
            "half a photo uploaded",
            lambda _: uploaded(TRUNCATED),
            None,
            "The photo stays as it was",
            "choose a JPEG",
        ),
        Bad(
            "too much to measure",
            lambda _: too_slow(),
            None,
            "would take about",
            "Choose fewer",
        ),
        Bad(
            "a race that cannot run",
            lambda _: broken_race(),
            None,
            "batch of 100",
            "choose a smaller",
        ),
    ],
)
