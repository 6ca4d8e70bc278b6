"""Studies drawn from recorded runs: their chances are those that can be counted out."""

from itertools import product

import numpy as np
import pytest

from lessonlib.playgrounds.sample_size import SampleSizePlayground
from lessonlib.study.resampling import STUDIES, conclusions, resample_studies

RECORDED = {"3x3": [46, 47, 48], "2x2": [44, 45, 47], "pair": [46, 47.5]}
THREAD = {"2x2": -1, "pair": 0}


def counted_out(n, margin):
    """Every study there can be, each as likely as the other."""
    means = {}
    for label, some in RECORDED.items():
        means[label] = [np.mean(runs) for runs in product(some, repeat=n)]
    agree = [
        a - c <= -margin and abs(b - c) < margin
        for a, b, c in product(means["2x2"], means["pair"], means["3x3"])
    ]
    return np.mean(agree)


@pytest.mark.parametrize("n, margin", [(1, 1), (2, 1), (2, 0.75), (3, 0.5)])
def test_the_share_that_agrees_is_the_one_counted_out(n, margin):
    playground = SampleSizePlayground(RECORDED, THREAD, "nowhere")
    playground.runs.value = n
    playground.margin.value = margin
    expected = counted_out(n, margin)
    assert abs(playground.share - expected) < 4 * (expected * (1 - expected) / STUDIES) ** 0.5
    assert f"{100 * playground.share:.0f}% of these studies" in playground.message.value
    names = {}
    exec(playground.code(), names)
    assert names["share"] == playground.share


def test_means_are_of_recorded_runs_and_arms_are_drawn_apart():
    means = resample_studies(RECORDED, 2)
    assert set(means["pair"]) == {46, 46.75, 47.5}
    assert means["3x3"].shape == (STUDIES,)
    assert abs(np.corrcoef(means["3x3"], means["2x2"])[0, 1]) < 0.08
    means = {"a": np.array([1.0, 1.0, 1.0]), "b": np.array([0.0, 1.4, 2.0])}
    found = conclusions(means, "a", 1)
    assert found.keys() == {"b"}
    assert found["b"].tolist() == [-1, 0, 1]


def test_more_runs_agree_with_the_truth_more_often():
    margin = 0.5
    right = []
    for n in (1, 4, 20):
        found = conclusions(resample_studies(RECORDED, n), "3x3", margin)
        right.append((found["2x2"] == -1).mean())
    assert right[0] < right[1] < right[2]


@pytest.mark.parametrize(
    "recorded, n, words", [({"3x3": []}, 2, "of 3x3 there are none"), (RECORDED, 0, "n")]
)
def test_nonsense_is_answered_with_a_sentence(recorded, n, words):
    with pytest.raises(ValueError, match=words):
        resample_studies(recorded, n)


def test_the_playground_goes_back_and_says_what_it_shows():
    playground = SampleSizePlayground(RECORDED, THREAD, "nowhere")
    before = playground.share
    words = playground.alt()
    playground.runs.value = 9
    assert playground.alt() != words
    assert "4,000 studies of 9 runs per arm" in playground.alt()
    assert "drawn from nowhere, against 3x3" in playground.alt()
    playground.undo()
    assert playground.runs.value == 2
    assert playground.share == before
    assert bytes(playground.still()).startswith(b"\x89PNG")
