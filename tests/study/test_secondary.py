"""The secondary comparisons: what the protocol lists, trained as it says, read when complete."""

from dataclasses import asdict, replace
from math import isfinite

import numpy as np
import pytest
import torch
from scipy.stats import ttest_ind

from helpers.runs import a_run
from lessonlib.arms import ARMS, SECONDARY_ARMS, arm_label, get_arm
from lessonlib.configs import TIERS
from lessonlib.figures.second_study import secondary_chart
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.networks import residual_network
from lessonlib.study import secondary
from lessonlib.study.plans import added_variants, get_plan
from lessonlib.study.second_study import BOTTLENECK, FOUR
from lessonlib.study.secondary import secondary_rates, short_sweep
from lessonlib.study.secondary_answers import secondary_answers, secondary_table
from lessonlib.study.secondary_items import (
    AS_THE_2X2,
    AS_THE_PAIR,
    ITEMS,
    NORM_LAST,
    ONE_7X7,
    SWEPT,
    VARIANTS,
)
from lessonlib.training.fit import learner_for
from lessonlib.training.runs import Arithmetic, load_runs, run_key

RATE = 0.016
FLAT = dict.fromkeys([*FOUR, *SWEPT], RATE)
THERE = Arithmetic("cpu", "bfloat16", "")
CHANNELS = (16, 32, 64, 128)


@pytest.fixture
def recorded(monkeypatch):
    """What the plans find recorded: the four arms' rates, and what a test adds."""
    runs = {"rates": load_runs("rates"), "secondary-rates": []}
    monkeypatch.setattr(secondary, "load_runs", runs.__getitem__)
    monkeypatch.setattr(secondary, "best_rates", lambda _: dict.fromkeys(FOUR, RATE))
    return runs


def swept(parts, best_at=RATE):
    """The runs of these parts, best at one rate."""
    for part in parts:
        for trial in part.trials:
            yield of_trial(trial, 0.5 if trial.recipe.lr == best_at else 0.4)


def of_trial(trial, accuracy):
    epochs = [{"accuracy": accuracy}]
    return a_run(arm=trial.arm, seed=trial.seed, recipe=asdict(trial.recipe), epochs=epochs)


def test_the_plans_ask_for_what_the_protocol_lists_in_its_order(recorded, capsys):
    sweeps = get_plan("secondary-rates")
    asked = [(t.arm, t.recipe, t.seed) for part in sweeps for t in part.trials]
    assert len(set(asked)) == len(asked) == len(SWEPT) * 3 * 2 == 90
    assert {seed for *_, seed in asked} == {100, 101}
    assert {recipe.lr for _, recipe, _ in asked} == {RATE / 2, RATE, 2 * RATE}
    [first] = get_plan("secondary")
    assert "secondary-rates is trained: items 2, 3, 4, 5, 6, 7, 8." in capsys.readouterr().out
    assert first.base.epochs == 20
    assert {(t.arm, t.seed) for t in first.trials} == {(a, s) for a in FOUR for s in range(4)}
    recorded["secondary-rates"] += swept(sweeps)
    parts = get_plan("secondary")
    assert [len(part.trials) for part in parts] == [16, 16, 24, 8, 8, 8, 24, 32]
    assert capsys.readouterr().out == ""
    later = [t for part in parts[1:] for t in part.trials]
    assert {t.seed for t in later} == set(range(8))
    assert {(t.recipe.lr, t.recipe.epochs) for t in later} == {(RATE, 5)}


def test_an_item_whose_sweep_lacks_a_run_is_left_out_and_no_other(recorded, capsys):
    recorded["secondary-rates"] += list(swept(get_plan("secondary-rates")))[:-1]
    assert len(get_plan("secondary")) == 7
    assert "trained: items 8." in capsys.readouterr().out


def test_a_best_rate_at_the_edge_asks_for_one_more_of_that_variant_alone(recorded):
    [item, *_] = get_plan("secondary-rates")
    runs = recorded["secondary-rates"]
    for arm, best_at in (("pair-norm", RATE), ("pair-relu", 2 * RATE)):
        trials = tuple(t for t in item.trials if t.arm == arm)
        runs += swept([replace(item, trials=trials)], best_at)
    assert short_sweep("pair-norm", RATE, runs)[0] == [RATE / 2, RATE, 2 * RATE]
    assert short_sweep("pair-relu", RATE, runs)[0] == [RATE / 2, RATE, 2 * RATE, 4 * RATE]
    assert secondary_rates([], runs) == dict.fromkeys(FOUR, RATE) | {"pair-norm": RATE}
    [again, *_] = get_plan("secondary-rates")
    more = [t for t in again.trials if t.recipe.lr == 4 * RATE]
    assert [(t.arm, t.seed) for t in more] == [("pair-relu", 100), ("pair-relu", 101)]
    runs += [of_trial(t, 0.3) for t in more]
    assert secondary_rates([], runs)["pair-relu"] == 2 * RATE


def test_neither_the_first_study_nor_a_recorded_run_changes():
    assert not set(SECONDARY_ARMS) & set(ARMS)
    assert added_variants() == {}
    for name in ("rates", "primary"):
        [part] = get_plan(name)
        asked = [run_key(t.arm, asdict(t.recipe), t.seed, "", THERE) for t in part.trials]
        runs = load_runs(name)
        recorded = [run_key(run.arm, run.recipe, run.seed, "", THERE) for run in runs]
        assert sorted(asked) == sorted(recorded)


SPATIAL = {
    "3x3": lambda c: 9 * c * c,
    "2x2": lambda c: 4 * c * c,
    "pair-act": lambda c: 8 * c * c + 2 * c,
    "pair": lambda c: 8 * c * c,
    "pair-norm": lambda c: 8 * c * c + 2 * c,
    "pair-relu": lambda c: 8 * c * c,
    "pair-wide": lambda c: 8 * c * {16: 22, 32: 44, 64: 87, 128: 174}[c],
    "3x3-composed-start": lambda c: 9 * c * c,
    "3x1-1x3": lambda c: 6 * c * c,
    "2x2-corners": lambda c: 4 * c * c,
    "5x5": lambda c: 25 * c * c,
    "two-3x3-act": lambda c: 18 * c * c + 2 * c,
    "two-3x3": lambda c: 18 * c * c,
}
MIDDLES = {AS_THE_PAIR: (15, 31, 61, 123), AS_THE_2X2: (12, 25, 49, 99)}


def weights_by_hand(name):
    stem = 9 * (3 * 8 + 8 * 8 + 8 * 16) + 2 * (8 + 8 + 16)
    if name == ONE_7X7:
        stem = 49 * 3 * 16 + 2 * 16
    total = stem + 512 * 10 + 10
    before = 16
    for c, m in zip(CHANNELS, MIDDLES.get(name, CHANNELS)):
        out = 4 * c
        total += before * m + SPATIAL.get(name, SPATIAL["3x3"])(m) + m * out + before * out
        total += 2 * (m + m + out + out)  # BatchNorm
        before = out
    return total


@pytest.mark.parametrize("name", VARIANTS)
def test_weights_counted_by_hand(name):
    variant = VARIANTS[name]
    network = residual_network(get_arm(variant.arm), variant.recipe(BOTTLENECK).network)
    assert sum(p.numel() for p in network.parameters()) == weights_by_hand(name)


@pytest.mark.parametrize("name, target", [(AS_THE_PAIR, "pair"), (AS_THE_2X2, "2x2")])
def test_narrowed_networks_have_the_weights_of_the_arm_within_half_a_percent(name, target):
    assert abs(weights_by_hand(name) / weights_by_hand(target) - 1) < 0.005


def test_the_composed_start_gives_what_the_pair_gives_before_training():
    started = {}
    for arm in ("pair", "3x3-composed-start"):
        torch.manual_seed(3)
        started[arm] = residual_network(get_arm(arm), BOTTLENECK.network).double().eval()
        for module in started[arm].modules():  # BatchZero would hide the blocks
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.ones_(module.weight)
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    pair, single = (network(x) for network in started.values())
    assert (pair - single).abs().max() < 1e-5 * pair.abs().max()  # composed in float32


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIERS["test"])


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_trains_one_batch_without_nan(name, photos):
    recipe = VARIANTS[name].recipe(replace(TIERS["test"], network=BOTTLENECK.network, lr=2 * RATE))
    learner = learner_for(get_arm(VARIANTS[name].arm), photos, recipe, precision="float32")
    x, y = next(iter(learner.dls.train))
    learner.create_opt()
    learner.model.train()
    with torch.autocast(x.device.type, torch.bfloat16):
        loss = learner.loss_func(learner.model(x), y)
    loss.backward()
    learner.opt.step()
    assert isfinite(loss.item())
    for p in learner.model.parameters():
        assert p.grad.isfinite().all() and p.isfinite().all()


def made_up(name, item, mean, seeds, **changes):
    draw = np.random.default_rng(len(name) + 100 * len(seeds))
    recipe = asdict(item.recipe(name, RATE))
    for seed, luck in zip(seeds, draw.normal(0, 0.01, len(seeds))):
        epochs = [{"accuracy": mean + luck}]
        fields = {"arm": VARIANTS[name].arm, "seed": seed, "recipe": recipe, "epochs": epochs}
        yield a_run(**fields | changes)


def test_a_comparison_is_scipys_welch_when_all_its_runs_are_there():
    item = ITEMS[1]
    ours = list(made_up("pair-norm", item, 0.47, range(8)))
    theirs = list(made_up("pair", item, 0.45, range(12)))  # four seeds more than asked
    other = list(made_up("pair-norm", item, 0.9, range(8), recipe=asdict(BOTTLENECK)))
    row = secondary_answers(FLAT, [*ours, *theirs, *other])[3]
    assert (row.name, row.reference) == ("pair-norm", "pair")
    here = np.array([100 * run.accuracy for run in ours])
    there = np.array([100 * run.accuracy for run in theirs[:8]])
    oracle = ttest_ind(here, there, equal_var=False)
    low, high = oracle.confidence_interval()
    difference = here.mean() - there.mean()
    assert np.allclose(row.estimate, (difference, low, high, oracle.pvalue))
    means = f"{here.mean():.1f} and {there.mean():.1f}, 8 runs each"
    told = f"| {means} | {difference:+.1f} ({low:+.1f} to {high:+.1f}) |"
    assert told in secondary_table([row]).data
    alt = secondary_chart([row]).alt
    assert f"{row.label} against {arm_label('pair')}: {difference:+.1f} ({low:+.1f} to" in alt


def test_a_comparison_is_not_read_before_its_last_run():
    item = ITEMS[7]
    theirs = list(made_up("3x3", item, 0.45, range(8)))
    for there, words in ((7, "15 of 16 runs"), (1, "9 of 16 runs"), (0, "not run yet")):
        ours = made_up(NORM_LAST, item, 0.45, range(there))
        rows = secondary_answers(FLAT, [*ours, *theirs])
        [row] = [row for row in rows if row.name == NORM_LAST]
        assert (row.estimate, row.found) == (None, words)
        assert secondary_chart([row]).alt.endswith("No comparison is complete yet.")
        [line] = secondary_table([row]).data.splitlines()[2:3]
        assert line.split(" | ")[2] == "", "a mean of half of the runs"


def test_runs_of_another_precision_are_not_compared():
    item = ITEMS[1]
    ours = made_up("pair-norm", item, 0.47, range(8), precision="bfloat16")
    row = secondary_answers(FLAT, [*ours, *made_up("pair", item, 0.45, range(8))])[3]
    assert row.found == "not compared: precision bfloat16 against float32"
    assert row.estimate is None


def test_with_nothing_recorded_the_table_has_a_row_for_each_item():
    table = secondary_table(secondary_answers(dict.fromkeys(FOUR, RATE), [])).data
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(ITEMS)
    assert all("not run yet" in line for line in rows[2:])


def test_what_06_and_08_say_of_them_is_what_the_runs_give():
    best = secondary_rates(load_runs("rates"), load_runs("secondary-rates"))
    rows = secondary_answers(best, load_runs("primary") + load_runs("secondary"))
    found = {(row.name, row.reference): row.estimate for row in rows}
    assert found[AS_THE_PAIR, "pair"].low > 0  # narrowed to the pair's weights it still wins
    assert found["pair-wide", "3x3"].high < 0  # the wider pair still loses
    assert found["3x1-1x3", "3x3"].high < 0 and round(found["3x1-1x3", "3x3"].difference) == -1
