"""What the charts say in words is what the runs and kernels are."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lessonlib.arms import ARMS
from lessonlib.figures.arms import footprints, ways
from lessonlib.figures.recorded_runs import curves_chart, differences_chart, recorded_chart
from lessonlib.figures.style import arm_style
from lessonlib.figures.trained_kernels import changes_chart
from lessonlib.kernels import compose, embed
from lessonlib.study.intervals import interval
from lessonlib.study.verdicts import verdict
from lessonlib.training.trained_kernels import TrainedLayer, constant_share

TWO, THREE, FIVE = (torch.ones(k, k) for k in (2, 3, 5))
PAIR = compose(TWO, TWO)
# by hand: the kernel of ones, and the row and column in a 7x7 where its corner lies; the output's
# place is (3, 3)
EXPECTED = {
    "3x3": (THREE, 2, 2),
    "2x2": (TWO, 2, 2),
    "pair": (PAIR, 2, 2),
    "pair-act": (PAIR, 2, 2),
    "2x2-corners": (PAIR, 2, 2),
    "pair-2019": (PAIR, 1, 1),
    "pair-shifted": (PAIR, 1, 1),
    "pair-early": (PAIR, 1, 1),
    "pair-act-2019": (PAIR, 1, 1),
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
    assert "one 2x2: 4 pixels, 0.5 up and 0.5 to the left" in alt
    assert "9 pixels, 1 up and 1 to the left" in alt


def test_the_footprints_at_stride_2_tell_which_of_two_takes_it():
    first, last = ARMS["pair-early"], ARMS["pair-shifted"]
    assert torch.equal(ways(first), ways(last))
    dilated = torch.zeros(3, 3)
    dilated[::2, ::2] = 1
    # a 2x2, then one whose taps lie two pixels apart; places 1 to 4, and the output's is 4
    assert torch.equal(ways(first, 9, stride=2), embed(compose(TWO, dilated), 9, 1, 1))
    assert torch.equal(ways(last, 9, stride=2), embed(PAIR, 9, 2, 2))
    alt = footprints([first, last], stride=2).alt
    assert "16 pixels, 1.5 up and 1.5 to the left" in alt and "9 pixels, 1 up" in alt


def run(arm, *accuracies, data="drawings"):
    """What the charts read of a recorded run."""
    epochs = [{"accuracy": accuracy} for accuracy in accuracies]
    return SimpleNamespace(
        arm=arm, epochs=epochs, accuracy=accuracies[-1], data=data, machine="here"
    )


def test_the_recorded_chart_counts_its_runs():
    ours = [run("3x3", 0.5), run("3x3", 0.52)]
    alt = recorded_chart({"ours": ours, "theirs": [run("2x2", 0.4)], "none": []}).alt
    assert "ours: 2 runs, 50.0 to 52.0%, mean 51.0%;" in alt
    assert "theirs: 1 run, 40.0 to 40.0%, mean 40.0%." in alt
    assert "on drawings; here" in alt
    assert "no run is there yet" in recorded_chart({}).alt


def test_two_arms_of_one_colour_are_told_apart():
    def drawn(arm):
        return recorded_chart({"ours": [run("pair-act", 0.5)], "theirs": [run(arm, 0.4)]}).png

    assert arm_style("pair-act")["color"] == arm_style("pair-act-2019")["color"]
    assert drawn("pair-act") != drawn("pair-act-2019")


def test_the_curves_are_the_means_of_their_epochs():
    runs = [run("3x3", 0.3, 0.6), run("3x3", 0.4, 0.6)]
    alt = curves_chart({"ours": runs, "none": []}).alt
    assert "recorded on drawings; here. ours, 2 runs: 35.0, 60.0." in alt
    assert "no run" in curves_chart({}).alt


def test_the_chart_of_differences_says_what_the_table_says():
    better = np.array([1.0, 1.1, 0.9, 1.2])
    unclear = np.array([1.0, -1.1, 0.9, -1.2])
    few = np.array([1.0, 2.0])
    named = [SimpleNamespace(label=label, against="3x3") for label in ("2x2", "pair", "other")]
    alt = differences_chart(list(zip(named, (better, unclear, few)))).alt
    assert f"2x2 against 3x3: +1.1 of 4 pairs, {verdict(*interval(better), 4)}; pair" in alt
    assert "better by at least 0.8" in alt
    assert "-0.1 of 4 pairs, not distinguishable with 4 runs" in alt
    assert "+1.5 of 2 pairs, not disting" in alt
    assert "No run is there yet" in differences_chart([]).alt


@pytest.mark.parametrize("chart", [recorded_chart, curves_chart])
def test_runs_on_other_photos_are_not_drawn_together(chart):
    theirs = [run("2x2", 0.5, data="dogs")]
    with pytest.raises(ValueError, match="several sets of photos"):
        chart({"ours": [run("3x3", 0.5)], "theirs": theirs})


def test_what_training_changed_is_said_in_words():
    initial = torch.randn(20, 3, 3, generator=torch.Generator().manual_seed(0))
    of_equal_entries = torch.arange(20.0)[:, None, None].expand_as(initial)
    layer = TrainedLayer("0", (4, 5), initial + of_equal_entries, initial, {})
    before, after = (constant_share(kernels) for kernels in (initial, layer.kernels))
    words = changes_chart([layer, layer], "nothing at all").alt
    assert words.count(f"{before:.0%}, 100%, {after:.0%}") == 2
