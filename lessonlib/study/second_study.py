"""The plans of data/protocol.md: learning rates first, then each arm at its own best one."""

from collections.abc import Iterable
from dataclasses import replace
from statistics import mean

from lessonlib.configs import Network, Tier
from lessonlib.study.parts import Part, Trial
from lessonlib.training.runs import Run, load_runs

__all__ = ["BOTTLENECK", "FOUR", "RATES", "rates_plan", "best_rates", "primary_plan"]

FOUR = ("3x3", "2x2", "pair-act", "pair")
RATES = (4e-3, 8e-3, 1.6e-2, 3.2e-2, 6.4e-2)
SWEEP_SEEDS = (100, 101, 102)
SEEDS = range(12)

# every replaced 3x3 has as many channels out as in: a pair has eight weights for its nine
BOTTLENECK = Tier(
    name="bottleneck-64",
    px=64,
    stored=128,
    photos=None,
    network=Network(width=0.25, blocks=(1, 1, 1, 1), expansion=4, stem_replaced=False),
    epochs=5,
    batch=64,
    lr=RATES[0],
)


def rates_plan() -> list[Part]:
    """Every arm at every rate, seed by seed, so that a beginning is balanced too."""
    trials = []
    for seed in SWEEP_SEEDS:
        for rate in RATES:
            trials += [Trial(arm, replace(BOTTLENECK, lr=rate), seed) for arm in FOUR]
    return [Part("learning rates", BOTTLENECK, tuple(trials))]


def best_rates(runs: Iterable[Run]) -> dict[str, float]:
    """The rate of each arm with the highest mean accuracy over the sweep's seeds; `{arm: rate}`.

    Of equal ones the lowest. Only complete sweeps count: ValueError if a run of one is missing.
    """
    found: dict[str, dict[float, list[float]]] = {arm: {} for arm in FOUR}
    for run in runs:
        if run.arm in found and run.finished and run.seed in SWEEP_SEEDS:
            found[run.arm].setdefault(run.recipe["lr"], []).append(run.accuracy)
    best = {}
    for arm, by_rate in found.items():
        counts = {rate: len(by_rate.get(rate, [])) for rate in RATES}
        if min(counts.values()) < len(SWEEP_SEEDS):
            raise ValueError(
                f"The sweep of {arm} is not complete, {sum(counts.values())} of "
                f"{len(RATES) * len(SWEEP_SEEDS)} runs: train the plan rates first."
            )
        best[arm] = max(sorted(by_rate), key=lambda rate, of=by_rate: mean(of[rate]))
    return best


def primary_plan() -> list[Part]:
    """Twelve seeds of the four arms, each at its best rate. ValueError before the sweep is done."""
    rates = best_rates(load_runs("rates"))
    trials = []
    for seed in SEEDS:
        trials += [Trial(arm, replace(BOTTLENECK, lr=rates[arm]), seed) for arm in FOUR]
    return [Part("each arm at its best rate", BOTTLENECK, tuple(trials))]
