"""Bad input to playgrounds: one sentence each, and all stays as the learner left it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from helpers.bad_input import INF, NAN, TIER, TRUNCATED, Bad, bad_input_test, drawings
from helpers.playgrounds import message_of, pictures
from lessonlib.arms import ARMS
from lessonlib.playgrounds.costs import CostPlayground
from lessonlib.playgrounds.factoring import FactoringPlayground
from lessonlib.playgrounds.race import RacePlayground


def typed(value):
    """The answer to a value typed into a field, if all other fields and the pictures stay."""
    box = FactoringPlayground()
    box.editor.cells[0].value = 7
    kernel = box.editor.kernel
    before = pictures(box)
    box.editor.cells[1].value = value
    assert box.editor.cells[0].value == 7
    assert torch.equal(box.editor.kernel, kernel)
    assert pictures(box) == before
    return message_of(box)


def uploaded(data):
    """The answer to a file that is not a picture, if the photo stays."""
    box = FactoringPlayground()
    before = pictures(box)
    box.picker._uploaded({"new": {"file": {"content": data}}})
    assert pictures(box) == before
    return message_of(box)


def measured_on_a_slow_machine():
    """The answer of the cost playground for a layer that would take minutes."""
    box = CostPlayground()
    timings = {"one photo": SimpleNamespace(low=100)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessonlib.playgrounds.costs.time_interleaved", lambda *_, **__: timings)
        box.measure()
    assert not box._measure.disabled
    assert box.timings is None
    return message_of(box)


def broken_race():
    """The answer of a race on a batch that is larger than the training set."""
    race = RacePlayground([ARMS["2x2"]], drawings(), replace(TIER, batch=100))
    race._start.click()
    race.race.wait()
    assert not race._start.disabled
    return message_of(race).split(" What was trained")[0]


test_playgrounds = bad_input_test(
    lambda _: "is two 2x2 kernels in series" in FactoringPlayground().answer.value,
    [
        Bad("nan typed", lambda _: typed(NAN), None, "nan is not", "between -99 and 99"),
        Bad("infinity typed", lambda _: typed(-INF), None, "-inf is not", "between -99 and 99"),
        Bad(
            "a huge number typed",
            lambda _: typed(1e300),
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
            lambda _: measured_on_a_slow_machine(),
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
