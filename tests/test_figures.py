"""What the charts say in words is what the runs and kernels are."""

from dataclasses import replace

import pytest
import torch

from lessonlib.arms import ARMS
from lessonlib.figures.arms import footprints, ways
from lessonlib.figures.recorded import recorded_chart
from lessonlib.kernels import compose, embed
from lessonlib.runs import Run

TWO, THREE, FIVE = (torch.ones(k, k) for k in (2, 3, 5))
EXPECTED = {  # by hand: the kernel of ones, and the row and column in a 7x7 where its corner lies; the output's place is (3, 3)
    "3x3": (THREE, 2, 2),
    "2x2": (TWO, 2, 2),
    "pair": (compose(TWO, TWO), 2, 2),
    "pair-act": (compose(TWO, TWO), 2, 2),
    "2x2-corners": (compose(TWO, TWO), 2, 2),
    "pair-2019": (compose(TWO, TWO), 1, 1),
    "pair-act-2019": (compose(TWO, TWO), 1, 1),
    "5x5": (FIVE, 1, 1),
    "two-3x3": (compose(THREE, THREE), 1, 1),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_ways_from_a_pixel_to_the_output(name):
    kernel, row, col = EXPECTED[name]
    assert torch.equal(ways(ARMS[name]), embed(kernel, 7, row, col))


def test_the_words_of_the_footprints_tell_the_shift():
    alt = footprints([ARMS["3x3"], ARMS["2x2"], ARMS["pair-2019"]]).alt
    assert "one 3x3: 9 pixels, around its place" in alt
    assert "one 2x2: 4 pixels, 0.5 up and 0.5 to the left" in alt and "9 pixels, 1 up and 1 to the left" in alt


def run(arm, accuracy, **other):
    epochs = [{"accuracy": accuracy}]
    values = {"seed": 0, "recipe": {}, "data": "drawings", "stand_in": True, "losses": [], "parameters": 1, "finished": True}
    return Run(arm=arm, epochs=epochs, machine="here", versions={}, **(values | other))


def test_the_recorded_chart_counts_its_runs():
    runs = [run("3x3", 0.5), run("3x3", 0.52), run("2x2", 0.4)]
    alt = recorded_chart(runs).alt
    assert "one 3x3: 2 runs, 50.0 to 52.0%, mean 51.0%" in alt and "one 2x2: 1 runs, 40.0 to 40.0%" in alt
    assert "no run is there yet" in recorded_chart([]).alt


def test_runs_that_do_not_compare_are_not_drawn_together():
    with pytest.raises(ValueError, match="several recipes or sets of photos"):
        recorded_chart([run("3x3", 0.5), replace(run("3x3", 0.5), data="dogs")])
