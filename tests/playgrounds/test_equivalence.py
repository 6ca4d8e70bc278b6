"""The equivalence playground without a browser: each switch, undo, code."""

import pytest

from helpers.playgrounds import (
    furthest,
    message_of,
    pictures,
    refuses_a_text,
    run_code,
    values,
)
from lessonlib.algebra.equivalence import compare, reasons
from lessonlib.playgrounds.equivalence import EquivalencePlayground


def test_it_starts_with_two_that_are_one():
    box = EquivalencePlayground()
    assert box.comparison.wrong == 0
    assert "Two are one" in message_of(box)
    assert "0.0% of the positions" in box.answer.value
    two, one, where = pictures(box)
    assert furthest(two, one) <= 1
    assert values(where).unique().tolist() == [237]  # grey


@pytest.mark.parametrize(
    "switch, value, share, word",
    [
        ("relu", True, 1, "ReLU"),
        ("norm", "eval", 0, "Two are one"),
        ("norm", "train", 1, "photos at hand"),
        ("bias", True, 0, "Two are one"),
        ("padding", "second", 0.121, "All of the padding"),
        ("padding", "each", 0.062, "Some of the padding"),
        ("padding", "2019", 0, "Two are one"),
        ("stride", "second", 0, "Two are one"),
        ("stride", "first", 1, "4x4 window"),
    ],
)
def test_each_switch_by_itself(switch, value, share, word):
    box = EquivalencePlayground()
    control = getattr(box, switch)
    at_first = control.value
    before = pictures(box)[0]
    control.value = value
    assert box.comparison.wrong == pytest.approx(share, abs=0.001)
    assert word in message_of(box)
    where = values(pictures(box)[2])
    assert (where[0] != where[2]).double().mean() == pytest.approx(share, abs=0.001)
    assert where.shape == (3, 224, 224)  # the picture keeps its size, whatever the stride
    control.value = at_first
    assert pictures(box)[0] == before


def test_two_switches_can_be_wrong_where_each_is_right():
    box = EquivalencePlayground()
    box.padding.value = "2019"
    box.bias.value = True
    assert box.comparison.wrong == pytest.approx(0.062, abs=0.001)
    assert reasons(box.switches)


def test_outputs_of_different_size_are_told():
    box = EquivalencePlayground()
    box.padding.value = "second"
    box.stride.value = "first"
    assert "17x17 numbers, the 3x3 16x16" in box.answer.value
    assert values(pictures(box)[0]).shape == (3, 224, 224)


def test_undo():
    box = EquivalencePlayground()
    first = pictures(box)
    box.relu.value = True
    box.stride.value = "first"
    box.undo()
    box.undo()
    assert not box.relu.value
    assert box.stride.value == "none"
    assert pictures(box) == first


@pytest.mark.parametrize("norm", ["none", "eval", "train"])
@pytest.mark.parametrize(
    "relu, bias, padding, stride", [(False, True, "2019", "first"), (True, False, "each", "second")]
)
def test_the_code_gives_the_same_errors(norm, relu, bias, padding, stride):
    box = EquivalencePlayground()
    box.norm.value = norm
    box.relu.value = relu
    box.bias.value = bias
    box.padding.value = padding
    box.stride.value = stride
    names = run_code(box)
    found = compare(names["two_steps"], names["one_step"])
    assert found.wrong == box.comparison.wrong
    assert found.largest == pytest.approx(box.comparison.largest)


def test_a_file_that_is_not_a_photo():
    refuses_a_text(EquivalencePlayground())
