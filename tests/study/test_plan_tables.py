"""The table of each plan: what its protocol asks for, and never a verdict from a sweep."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from helpers.runs import a_run
from lessonlib.study import plan_tables
from lessonlib.study.plan_tables import plan_table, sweep_table
from lessonlib.study.plans import plan_names
from lessonlib.study.runner import main
from lessonlib.study.second_study import THREAD_SIZE, best_rates
from lessonlib.training.runs import load_runs

HEADS = {
    "rates": "| mean accuracy of 3 runs, % | at 0.004 |",
    "thread-rates": "| accuracy of one run, % | at 0.002 |",
    "secondary-rates": "| mean accuracy of 2 runs, % |",
    "primary": "| against one 3x3, points | runs | difference | stands among three |",
    "thread-size": "| arm | runs | best rate |",
    "secondary": "| secondary, exploratory |",
    "cpu": "**xresnet of half width, 64 px, 5 epochs**",
}


def cells_of(table):
    lines = table.data.splitlines()[2:]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


@pytest.mark.parametrize("name", plan_names())
def test_each_plan_has_the_table_of_its_protocol(name, capsys):
    main(["table", name])
    said = capsys.readouterr().out
    assert said.startswith(HEADS.get(name, "")) and said.strip()
    if name.endswith("rates"):
        assert "stands" not in said and "worse" not in said


def test_the_sweeps_means_are_those_that_choose_the_best_rate():
    runs = load_runs("rates")
    rates = [float(head.removeprefix("at ")) for head in heads_of("rates")]
    for (arm, best), row in zip(best_rates(runs).items(), cells_of(plan_table("rates"))):
        by_hand = []
        for rate in rates:
            asked = [r.accuracy for r in runs if (r.arm, r.recipe["lr"]) == (arm, rate)]
            by_hand.append(100 * np.mean(asked))
        assert row[1:] == [f"{mean:.1f}" for mean in by_hand]
        assert rates[np.argmax(by_hand)] == best


def heads_of(name):
    first = plan_table(name).data.splitlines()[0]
    return [cell.strip() for cell in first.split("|")[2:-1]]


def test_a_sweep_counts_what_is_missing():
    table = sweep_table({"pair": {0.016: [44.0]}, "3x3": {0.016: [45, 46], 0.008: [43, 44]}}, 2)
    assert cells_of(table) == [
        ["two 2x2, activation after the second", "not run", "44.0 (1 of 2)"],
        ["one 3x3", "43.5", "45.5"],
    ]


def test_the_sweep_at_the_threads_size_leaves_out_the_evaluation(monkeypatch):
    runs = [
        a_run(
            arm=arm,
            seed=seed,
            recipe=asdict(replace(THREAD_SIZE, lr=lr)),
            epochs=[{"accuracy": share}],
        )
        for arm, seed, lr, share in [
            ("3x3", 100, 0.016, 0.559),
            ("pair", 100, 0.008, 0.555),
            ("pair", 0, 0.016, 0.9),
        ]
    ]
    monkeypatch.setattr(plan_tables, "load_runs", lambda name: runs)
    assert cells_of(plan_table("thread-rates")) == [
        ["one 3x3", "not run", "55.9"],
        ["one 2x2", "not run", "not run"],
        ["two 2x2, activation after each", "not run", "not run"],
        ["two 2x2, activation after the second", "55.5", "not run"],
    ]


def test_an_unknown_plan_is_named_with_those_that_there_are():
    with pytest.raises(ValueError, match="There is no plan 'nope'; choose one of test, cpu"):
        plan_table("nope")
