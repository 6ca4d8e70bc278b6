"""The plans of data/protocol.md ask for what the protocol promises, and for nothing before it."""

import subprocess
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import pytest

from helpers.runs import a_run
from lessonlib.arms import ARMS
from lessonlib.networks import residual_network
from lessonlib.paths import DATA
from lessonlib.study import second_study
from lessonlib.study.plans import get_plan
from lessonlib.study.second_study import (
    BOTTLENECK,
    FOUR,
    RATES,
    best_rates,
    primary_plan,
    swept_rates,
)
from lessonlib.training.runs import load_runs

ROOT = Path(__file__).parents[2]
PLANS = ("rates", "primary", "thread-rates", "thread-size", "secondary-rates", "secondary")


@pytest.fixture(autouse=True)
def nothing_recorded(monkeypatch):
    """The sweep's recorded runs may ask for more rates: here they do only where a test says so."""
    monkeypatch.setattr(second_study, "load_runs", lambda name: [])


def sweep(accuracy):
    """A complete sweep in which `accuracy(arm, rate)` is that of every seed."""
    [part] = get_plan("rates")
    for t in part.trials:
        epochs = [{"accuracy": accuracy(t.arm, t.recipe.lr)}]
        yield a_run(arm=t.arm, seed=t.seed, recipe=asdict(t.recipe), epochs=epochs)


def test_three_seeds_per_arm_and_rate_that_the_evaluation_does_not_use():
    [part] = get_plan("rates")
    asked = {(t.arm, t.recipe.lr, t.seed) for t in part.trials}
    seeds = (100, 101, 102)
    assert asked == {(a, r, s) for a in FOUR for r in RATES for s in seeds}
    assert len(part.trials) == len(asked)


INSIDE = dict(zip(FOUR, (RATES[1], RATES[2], RATES[2], RATES[3])))


def by_best(best_at):
    """An accuracy that is best at each arm's own rate."""
    return lambda arm, rate: 0.5 if rate == best_at[arm] else 0.4


def test_the_best_rate_has_the_highest_mean_and_of_equal_ones_the_lowest_wins():
    runs = list(sweep(by_best(INSIDE)))
    assert best_rates(runs) == INSIDE
    flat = {RATES[1], RATES[2], RATES[3]}
    assert set(best_rates(sweep(lambda _, rate: 0.5 if rate in flat else 0.4)).values()) == {
        RATES[1]
    }
    with pytest.raises(ValueError, match="lacks 1 of 60 runs: train the plan rates first"):
        best_rates(runs[:-1])


def test_a_learners_runs_of_another_precision_do_not_move_the_best_rate():
    runs = list(sweep(by_best(INSIDE)))
    others = [replace(run, precision="bfloat16") for run in sweep(lambda _, rate: rate)]
    assert best_rates(runs + others[:-1]) == best_rates(others[:-1] + runs) == INSIDE


@pytest.mark.parametrize("edge, more", [(RATES[0], RATES[0] / 2), (RATES[-1], 2 * RATES[-1])])
def test_a_best_rate_at_the_edge_asks_for_one_more_rate_of_all_arms(monkeypatch, edge, more):
    runs = list(sweep(by_best(INSIDE | {"pair": edge})))
    assert swept_rates(runs) == sorted([*RATES, more])
    with pytest.raises(ValueError, match="lacks 12 of 72 runs"):
        best_rates(runs)
    monkeypatch.setattr(second_study, "load_runs", lambda name: runs)
    [part] = get_plan("rates")
    assert len(part.trials) == 72
    rest = [t for t in part.trials if t.recipe.lr == more]
    epochs = [{"accuracy": 0.3}]
    runs += [a_run(arm=t.arm, seed=t.seed, recipe=asdict(t.recipe), epochs=epochs) for t in rest]
    assert best_rates(runs)["pair"] == edge


def test_the_primary_plan_has_twelve_seeds_each_at_its_arms_best(monkeypatch):
    best_at = INSIDE
    runs = list(sweep(by_best(best_at)))
    monkeypatch.setattr(second_study, "load_runs", lambda name: runs)
    [part] = primary_plan()
    asked = sorted((t.arm, t.recipe.lr, t.seed) for t in part.trials)
    assert asked == sorted((arm, best_at[arm], seed) for arm in FOUR for seed in range(12))


def test_a_pair_has_eight_weights_for_nine():
    weights = {}
    for arm in ("3x3", "pair"):
        stem, *stages = residual_network(ARMS[arm], BOTTLENECK.network).children()
        weights[arm] = sum(p.numel() for m in stages for p in spatial(m))
    assert weights["pair"] / weights["3x3"] == 8 / 9


def spatial(module):
    """Weights of the convolutions that read neighbours, those of the stem left out."""
    for name, p in module.named_parameters():
        if p.ndim == 4 and p.shape[-1] > 1 and "convpath" in name:
            yield p


def test_the_protocol_is_older_than_every_run_of_its_plans():
    log = ["git", "log", "--follow", "--diff-filter=A", "--format=%aI", "--", "data/protocol.md"]
    asked = subprocess.run(log, cwd=ROOT, capture_output=True, text=True)
    if not (ROOT / ".git").exists() or not asked.stdout:
        pytest.skip("the history is not here")
    written = datetime.fromisoformat(asked.stdout.split()[-1])
    assert (DATA / "protocol.md").exists()
    runs = [run for name in PLANS for run in load_runs(name)]
    assert all(datetime.fromisoformat(run.recorded) > written for run in runs)


def test_the_threads_size_is_swept_around_each_arms_best_and_then_run_with_five_seeds(monkeypatch):
    runs = {"rates": list(sweep(by_best(INSIDE))), "thread-rates": []}
    monkeypatch.setattr(second_study, "load_runs", runs.__getitem__)
    [part] = get_plan("thread-rates")
    asked = {(t.arm, t.recipe.lr / INSIDE[t.arm]) for t in part.trials}
    assert asked == {(arm, factor) for arm in FOUR for factor in (0.5, 1, 2)}
    assert {t.seed for t in part.trials} == {100}
    with pytest.raises(ValueError, match="lacks 12 of 12 runs: train the plan thread-rates first"):
        get_plan("thread-size")

    def record(trials):
        for t in trials:
            epochs = [{"accuracy": 0.6 if t.recipe.lr == 2 * INSIDE[t.arm] else 0.5}]
            run = a_run(arm=t.arm, seed=t.seed, recipe=asdict(t.recipe), epochs=epochs)
            runs["thread-rates"].append(run)

    record(part.trials)  # the best is the last, so the sweep goes on
    with pytest.raises(ValueError, match="lacks 4 of 16 runs"):
        get_plan("thread-size")
    [more] = get_plan("thread-rates")
    record(set(more.trials) - set(part.trials))
    [part] = get_plan("thread-size")
    planned = sorted((t.arm, t.recipe.lr, t.seed) for t in part.trials)
    assert planned == sorted((arm, 2 * INSIDE[arm], seed) for arm in FOUR for seed in range(5))
    assert part.base.px == 128
