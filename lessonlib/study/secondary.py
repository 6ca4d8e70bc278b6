"""The secondary comparisons of data/protocol.md, exploratory: their short sweeps and runs."""

from collections.abc import Iterable
from dataclasses import replace

from lessonlib.study.pairing import of_one_kind
from lessonlib.study.parts import Part, Trial
from lessonlib.study.second_study import (
    BOTTLENECK,
    best_rate,
    best_rates,
    missing_runs,
    widened,
)
from lessonlib.study.secondary_items import ITEMS, SWEPT, VARIANTS
from lessonlib.training.runs import Run, load_runs

__all__ = ["short_sweep", "secondary_rates", "secondary_rates_plan", "secondary_plan"]

SHORT_SWEEP_SEEDS = (100, 101)


def short_sweep(
    name: str, middle: float, runs: Iterable[Run]
) -> tuple[list[float], dict[float, list[float]]]:
    """The rates to try for a variant outside the primary family; its accuracies in percent by rate.

    middle: the 3x3's best rate; half of it and double beside it, and more until the best lies
    inside, as in the rates of the primary family. runs: recorded of the plan `secondary-rates`.
    """
    variant = VARIANTS[name]
    found: dict[float, list[float]] = {}
    for run in of_one_kind(runs):
        recipe = variant.recipe(replace(BOTTLENECK, lr=run.recipe["lr"]))
        ours = run.arm == variant.arm and run.follows(recipe)
        if ours and run.seed in SHORT_SWEEP_SEEDS:
            found.setdefault(recipe.lr, []).append(100 * run.accuracy)
    rates = widened({name: found}, (middle / 2, middle, 2 * middle), len(SHORT_SWEEP_SEEDS))
    return rates, found


def secondary_rates(rates_runs: Iterable[Run], sweep_runs: Iterable[Run]) -> dict[str, float]:
    """`{name: best rate}` of the primary family and of every variant whose sweep is complete.

    The runs are those of the plans `rates` and `secondary-rates`. ValueError as `best_rates`.
    """
    best = best_rates(rates_runs)
    for name in SWEPT:
        rates, found = short_sweep(name, best["3x3"], sweep_runs)
        if not missing_runs({name: found}, rates, len(SHORT_SWEEP_SEEDS)):
            best[name] = best_rate(found, rates)
    return best


def secondary_rates_plan() -> list[Part]:
    """The short sweeps, item by item. ValueError before the sweep of the primary family is done."""
    middle = best_rates(load_runs("rates"))["3x3"]
    runs = load_runs("secondary-rates")
    parts = []
    for number, item in enumerate(ITEMS, 1):
        trials = []
        for seed in SHORT_SWEEP_SEEDS:
            for name in item.names:
                if name in SWEPT:
                    rates, _ = short_sweep(name, middle, runs)
                    trials += [_trial(item, name, rate, seed) for rate in rates]
        if trials:
            parts.append(Part(f"learning rates of item {number}", BOTTLENECK, tuple(trials)))
    return parts


def secondary_plan() -> list[Part]:
    """The runs of the items in the protocol's order; one whose sweep lacks a run is left out.

    The first needs no sweep. A printed line names those that are left out. ValueError before the
    sweep of the primary family is done.
    """
    best = secondary_rates(load_runs("rates"), load_runs("secondary-rates"))
    parts = []
    waiting = []
    for number, item in enumerate(ITEMS, 1):
        if not best.keys() >= set(item.names):
            waiting.append(str(number))
            continue
        trials = []
        for seed in range(item.seeds):
            trials += [_trial(item, name, best[name], seed) for name in item.names]
        base = replace(BOTTLENECK, epochs=item.epochs)
        parts.append(Part(f"item {number}: {item.words}", base, tuple(trials)))
    if waiting:
        print(f"Left out until the plan secondary-rates is trained: items {', '.join(waiting)}.")
    return parts


def _trial(item, name, rate, seed):
    return Trial(VARIANTS[name].arm, item.recipe(name, rate), seed)
