"""The primary family by scipy's own tests, and the thread's figures as they were published."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from helpers.runs import a_run
from lessonlib.figures.second_study import beside_the_thread
from lessonlib.study.evaluation import answers, answers_table
from lessonlib.study.intervals import Estimate
from lessonlib.study.second_study import BOTTLENECK, FOUR
from lessonlib.study.thread import THREAD_RUNS, compatible, gap, thread_difference

PHOTOS = 3929
RANDOM = np.random.default_rng(0)
ACCURACIES = {
    "3x3": 47 + RANDOM.normal(0, 0.8, 12),
    "2x2": 44 + RANDOM.normal(0, 0.8, 12),
    "pair-act": 46.2 + RANDOM.normal(0, 0.8, 12),
    "pair": 47 + RANDOM.normal(0, 0.8, 12),
}


def some_runs(accuracies=ACCURACIES):
    recipe = asdict(replace(BOTTLENECK, lr=0.016))
    return [
        a_run(arm=arm, seed=seed, recipe=recipe, epochs=[{"accuracy": found / 100}])
        for arm, values in accuracies.items()
        for seed, found in enumerate(values)
    ]


def test_every_answer_is_scipys():
    rows = answers(some_runs(), PHOTOS)
    assert [row.arm for row in rows] == list(FOUR[1:])
    for row in rows:
        ours = ACCURACIES[row.arm]
        theirs = ACCURACIES["3x3"]
        welch = stats.ttest_ind(ours, theirs, equal_var=False)
        assert row.unpaired[1:3] == pytest.approx(tuple(welch.confidence_interval(0.95)))
        assert row.unpaired.p == pytest.approx(welch.pvalue)
        pairs = stats.ttest_rel(ours, theirs)
        assert row.paired[1:3] == pytest.approx(tuple(pairs.confidence_interval(0.95)))
    p = [row.unpaired.p for row in rows]
    worst = max(p)
    assert max(row.adjusted for row in rows) == pytest.approx(worst)  # the last stays as it is
    assert min(row.adjusted for row in rows) == pytest.approx(3 * min(p))


def test_the_tables_say_what_stands_and_what_is_compatible():
    rows = answers(some_runs(), PHOTOS)
    found, beside = answers_table(rows).data.split("\n\n")
    for row, told, thread in zip(rows, found.splitlines()[2:], beside.splitlines()[2:]):
        cells = [cell.strip() for cell in told.split("|")[1:-1]]
        assert cells[1] == "12 and 12"
        assert cells[2].startswith(f"{row.unpaired.difference:+.1f} ({row.unpaired.low:+.1f} to")
        assert cells[3].startswith("yes" if row.adjusted < 0.05 else "no")
        assert thread.endswith(f"| {compatible(row.gap)} |")
    assert [row.stands for row in rows] == [True, True, False]


def test_a_family_that_is_not_complete_says_so_or_says_nothing():
    few = {arm: values[:5] for arm, values in ACCURACIES.items()}
    table = answers_table(answers(some_runs(few), PHOTOS)).data
    assert table.endswith("Not complete: the protocol asks for 12 runs of each arm.")
    none = answers(some_runs({arm: values[:2] for arm, values in ACCURACIES.items()}), PHOTOS)
    assert none == []
    assert "not all there yet" in answers_table(none).data
    assert beside_the_thread(none).png


def test_seeds_beyond_the_protocol_change_nothing():
    later = [replace(run, seed=run.seed + 12) for run in some_runs()]
    once = answers(some_runs(), PHOTOS)
    again = answers([*some_runs(), *later], PHOTOS)
    assert [row.unpaired for row in once] == [row.unpaired for row in again]


def test_runs_of_two_rates_are_never_mixed():
    other = some_runs({"pair": [47.0]})
    other = [replace(run, seed=11, recipe=asdict(BOTTLENECK)) for run in other]
    with pytest.raises(ValueError, match=r"pair have learning rates 0.004, 0.016: give those of"):
        answers([*some_runs()[:-1], *other], PHOTOS)


@pytest.mark.parametrize(
    "arm, difference, low, high",
    [("2x2", -4.2, -7.6, -0.8), ("pair-act", -5.5, -8.9, -2.1), ("pair", 0.2, -2.5, 2.9)],
)
def test_the_threads_differences_are_those_of_its_runs(arm, difference, low, high):
    found = thread_difference(arm)
    assert found[:3] == pytest.approx((difference, low, high), abs=0.06)


def test_the_threads_pooled_spread_is_that_of_an_analysis_of_variance():
    residuals = [np.array(runs) - np.mean(runs) for runs in THREAD_RUNS.values()]
    pooled = (np.concatenate(residuals) ** 2).sum() / 8
    half = stats.t(8).ppf(0.975) * (pooled * (1 / 5 + 1 / 3)) ** 0.5
    found = thread_difference("pair")
    assert (found.high - found.low) / 2 == pytest.approx(half)


def test_the_gap_counts_runs_and_photos_of_both_sides_in():
    ours = np.array([46.0, 47, 48, 47])
    theirs = np.array([47.0, 48, 49])
    found = gap("pair", ours, theirs, PHOTOS)
    assert found.difference == pytest.approx(47 - 48 - 0.2)
    runs = ours.var(ddof=1) / 4 + theirs.var(ddof=1) / 3
    thread = ((thread_difference("pair").high - 0.2) / stats.t(8).ppf(0.975)) ** 2
    photos = (47 * 53 + 48 * 52) / PHOTOS + (65.2 * 34.8 + 65 * 35) / 500
    least = 1.96 * (runs + thread + photos) ** 0.5  # as if every error were known for certain
    assert least < found.high - found.difference < 1.1 * least


def test_the_words_of_compatible():
    assert compatible(Estimate(-1, -3, 0.5, 0.2)) == "compatible"
    assert compatible(Estimate(-3, -5, -0.5, 0.01)) == "not compatible"
