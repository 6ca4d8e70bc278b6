"""The table at the thread's size: its means, its intervals by scipy, and what is not run yet."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from helpers.runs import a_run
from lessonlib.study.evaluation import answers
from lessonlib.study.second_study import THREAD_SIZE
from lessonlib.study.thread_size import both_sizes_table, thread_size_table

RANDOM = np.random.default_rng(0)
MEANS = {"3x3": 58, "2x2": 53, "pair-act": 56, "pair": 57}
ACCURACIES = {arm: RANDOM.normal(mean, 1, 5) for arm, mean in MEANS.items()}


def some_runs(seeds=5, lr=0.016):
    recipe = asdict(replace(THREAD_SIZE, lr=lr))
    return [
        a_run(arm=arm, seed=seed, recipe=recipe, epochs=[{"accuracy": found / 100}])
        for arm, accuracies in ACCURACIES.items()
        for seed, found in enumerate(accuracies[:seeds])
    ]


def cells_of(table):
    lines = table.data.splitlines()[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_a_row_has_the_mean_and_the_threads_mean():
    rows = cells_of(thread_size_table(some_runs()))
    assert [row[4] for row in rows] == ["65.0", "60.8", "59.5", "65.2"]  # of the thread's runs
    for row, accuracies in zip(rows, ACCURACIES.values(), strict=True):
        assert row[1:4] == ["5 of 5", "0.016", f"{accuracies.mean():.1f}"]


def test_runs_of_another_precision_are_left_out():
    runs = some_runs()
    others = [replace(run, precision="bfloat16", epochs=[{"accuracy": 0.9}]) for run in runs[:7]]
    assert thread_size_table(others + runs).data == thread_size_table(runs).data


def test_what_is_not_run_yet_is_counted():
    rows = cells_of(thread_size_table(some_runs(seeds=4)))
    assert [row[1] for row in rows] == ["4 of 5"] * 4
    first = [run for run in some_runs(seeds=1) if run.arm == "3x3"]
    assert cells_of(thread_size_table(first))[1][1:4] == ["0 of 5", "", ""]
    assert thread_size_table([]).data.startswith("None of the five seeds is recorded yet")


def evaluated(shift):
    """Twelve runs of each arm, all but the 3x3 lifted by `shift` points."""
    found = {arm: RANDOM.normal(mean - 8 + shift, 1, 12) for arm, mean in MEANS.items()}
    found["3x3"] -= shift
    runs = [
        a_run(arm=arm, seed=seed, epochs=[{"accuracy": value / 100}])
        for arm, values in found.items()
        for seed, value in enumerate(values)
    ]
    return found, answers(runs, photos=3929)


@pytest.mark.parametrize("shift", [0, 6])
def test_what_size_changed_is_a_contrast_of_four_means(shift):
    found, rows = evaluated(shift)
    cells = cells_of(both_sizes_table(some_runs(), rows, 3929))
    for row, (arm, small) in zip(cells, list(found.items())[1:], strict=True):
        four = [ACCURACIES[arm], ACCURACIES["3x3"], small, found["3x3"]]
        welch = stats.ttest_ind(*four[:2], equal_var=False)
        low, high = welch.confidence_interval(0.95)
        assert row[2] == f"{four[0].mean() - four[1].mean():+.1f} ({low:+.1f} to {high:+.1f})"
        change = np.dot([1, -1, -1, 1], [side.mean() for side in four])
        parts = np.array([side.var(ddof=1) / len(side) for side in four])
        freedom = parts.sum() ** 2 / sum(parts**2 / [len(side) - 1 for side in four])
        half = stats.t.ppf(0.975, freedom) * parts.sum() ** 0.5
        assert row[3].startswith(f"{change:+.1f} ({change - half:+.1f} to {change + half:+.1f}): ")
        assert ("not distinguishable" in row[3]) == (abs(change) < half)
        assert row[4] in ("compatible", "not compatible")


def test_sizes_are_compared_once_all_runs_are_there():
    _, rows = evaluated(0)
    waiting = "The two sizes are compared once all runs are there."
    assert both_sizes_table(some_runs(seeds=4), rows, 3929).data == waiting
    assert both_sizes_table(some_runs(), [], 3929).data == waiting


def test_runs_of_two_rates_are_refused():
    with pytest.raises(ValueError, match="The runs of 3x3 have learning rates 0.008, 0.016"):
        thread_size_table([*some_runs(), *some_runs(lr=0.008)])
