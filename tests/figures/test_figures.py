"""What the charts say in words is what the runs and kernels are."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from helpers.runs import a_run
from lessonlib.arms import ARMS
from lessonlib.figures.arms import footprints, ways
from lessonlib.figures.pictures import Picture
from lessonlib.figures.recorded_runs import curves_chart, differences_chart, recorded_chart
from lessonlib.figures.style import arm_style
from lessonlib.kernels import compose, embed
from lessonlib.sample_photos import sample_photo
from lessonlib.study.comparisons import comparisons
from lessonlib.study.verdicts import interval, verdict

TWO, THREE, FIVE = (torch.ones(k, k) for k in (2, 3, 5))
EXPECTED = {  # by hand: the kernel of ones, and the row and column in a 7x7 where its corner lies; the output's place is (3, 3)
    "3x3": (THREE, 2, 2),
    "2x2": (TWO, 2, 2),
    "pair": (compose(TWO, TWO), 2, 2),
    "pair-act": (compose(TWO, TWO), 2, 2),
    "2x2-corners": (compose(TWO, TWO), 2, 2),
    "pair-2019": (compose(TWO, TWO), 1, 1),
    "pair-shifted": (compose(TWO, TWO), 1, 1),
    "pair-early": (compose(TWO, TWO), 1, 1),
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
    assert (
        "one 2x2: 4 pixels, 0.5 up and 0.5 to the left" in alt
        and "9 pixels, 1 up and 1 to the left" in alt
    )


def run(arm, accuracy, **other):
    epochs = [{"accuracy": accuracy}]
    return a_run(arm=arm, epochs=epochs, recipe={}, machine="here", **other)


def test_the_recorded_chart_counts_its_runs():
    alt = recorded_chart(
        {"ours": [run("3x3", 0.5), run("3x3", 0.52)], "theirs": [run("2x2", 0.4)], "none": []}
    ).alt
    assert (
        "ours: 2 runs, 50.0 to 52.0%, mean 51.0%; theirs: 1 run, 40.0 to 40.0%, mean 40.0%." in alt
    )
    assert "on drawings; here" in alt and "no run is there yet" in recorded_chart({}).alt


def test_two_arms_of_one_colour_are_told_apart():
    def drawn(arm):
        return recorded_chart({"ours": [run("3x3", 0.5)], "theirs": [run(arm, 0.4)]}).png

    assert arm_style("3x3")["color"] == arm_style("pair-act-2019")["color"] and drawn(
        "3x3"
    ) != drawn("pair-act-2019")


def test_the_curves_are_the_means_of_their_epochs():
    runs = [replace(run("3x3", 0), epochs=[{"accuracy": a}, {"accuracy": 0.6}]) for a in (0.3, 0.4)]
    alt = curves_chart({"ours": runs, "none": []}).alt
    assert (
        "recorded on drawings; here. ours, 2 runs: 35.0, 60.0." in alt
        and "no run" in curves_chart({}).alt
    )


def test_the_chart_of_differences_says_what_the_table_says():
    better, open_, few = (
        np.array([1.0, 1.1, 0.9, 1.2]),
        np.array([1.0, -1.1, 0.9, -1.2]),
        np.array([1.0, 2.0]),
    )
    rows = list(zip(comparisons()["the thread, clean"], (better, open_, few)))
    low, high = interval(better)
    alt = differences_chart(rows).alt
    assert (
        f"one 2x2 against 3x3: +1.1 of 4 pairs, {verdict(low, high, 4)}; two 2x2" in alt
        and "better by at least 0.8" in alt
    )
    assert (
        "-0.1 of 4 pairs, not distinguishable with 4 runs" in alt
        and "+1.5 of 2 pairs, not disting" in alt
    )
    assert "No run is there yet" in differences_chart([]).alt


@pytest.mark.parametrize("chart", [recorded_chart, curves_chart])
def test_runs_on_other_photos_are_not_drawn_together(chart):
    with pytest.raises(ValueError, match="several sets of photos"):
        chart({"ours": [run("3x3", 0.5)], "theirs": [replace(run("2x2", 0.5), data="dogs")]})


def lines(axes):
    for shift in range(6):
        axes.plot(np.sin(np.arange(9) + shift), alpha=0.6)


def photo(axes):
    axes.imshow(sample_photo("flower").permute(1, 2, 0).numpy())


@pytest.mark.parametrize("draw, share, mean, worst", [(lines, 0.5, 0.5, 16), (photo, 0.6, 5, 64)])
def test_a_picture_is_lighter_than_what_matplotlib_draws_and_looks_the_same(
    draw, share, mean, worst
):
    figure, drawn = Figure(figsize=(5, 3)), io.BytesIO()
    draw(figure.subplots())
    figure.savefig(drawn, format="png", dpi=110, bbox_inches="tight")
    picture = Picture(figure, "a drawing")
    was, now = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float)
        for png in (drawn.getvalue(), picture.png)
    )
    assert len(picture.png) < share * len(drawn.getvalue())
    assert abs(was - now).mean() < mean and abs(was - now).max() < worst
    ground = 8  # pixels: no patch of a photo is off in its colour, dots or not
    h, w = (size // ground * ground for size in was.shape[:2])
    patches = (was - now)[:h, :w].reshape(h // ground, ground, w // ground, ground, 3).mean((1, 3))
    assert abs(patches).max() < 8
