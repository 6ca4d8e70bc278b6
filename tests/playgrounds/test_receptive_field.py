"""The receptive field playground without a browser: its paths, its numbers, its code."""

import pytest

from helpers.playgrounds import message_of, run_code
from lessonlib.playgrounds.receptive_field import ReceptiveFieldPlayground, paths


@pytest.mark.parametrize(
    "sizes, strides, expected",
    [
        ([2, 2], [1, 1], [1, 2, 1]),
        ([3, 3], [1, 1], [1, 2, 3, 2, 1]),
        ([2, 2], [2, 1], [1, 1, 1, 1]),
        ([1, 2], [3, 1], [1, 0, 0, 1]),
    ],
)
def test_paths_of_a_stack(sizes, strides, expected):
    assert paths(sizes, strides).tolist() == expected


def test_it_says_what_one_output_sees():
    box = ReceptiveFieldPlayground()
    before = box.pane.image.value
    assert "sees 3 pixels a side; 64 pixels become 64" in message_of(box)
    assert "8 weights" in message_of(box)
    box.sizes[0].value = 3
    box.sizes[1].value = 3
    assert "sees 5 pixels" in message_of(box)
    assert "18 weights per channel, the one kernel that does the same has 25" in message_of(box)
    box.strides[0].value = 2
    assert box.field == 7
    assert "64 pixels become 32" in message_of(box)
    assert box.pane.image.value != before


def test_a_field_larger_than_the_row_is_shown_as_far_as_it_goes():
    box = ReceptiveFieldPlayground()
    before = box.pane.image.value
    for slider in (*box.sizes, *box.strides):
        slider.value = slider.max
    assert box.field > 64
    assert box.pane.image.value != before


def test_the_code_gives_the_same_field():
    box = ReceptiveFieldPlayground()
    box.sizes[0].value = 3
    assert run_code(box)["field"] == box.field
