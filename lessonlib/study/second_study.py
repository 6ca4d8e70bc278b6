"""The plans of data/protocol.md: learning rates first, then each arm at its own best one."""

from collections.abc import Container, Iterable
from dataclasses import replace
from statistics import mean

from lessonlib.configs import Network, Tier
from lessonlib.study.pairing import of_one_kind
from lessonlib.study.parts import Part, Trial
from lessonlib.training.runs import Run, load_runs

__all__ = ["BOTTLENECK", "FOUR", "RATES", "rates_plan", "accuracies_by_rate", "swept_rates"]
__all__ += ["best_rates", "primary_plan", "thread_rates_plan", "thread_size_plan"]
__all__ += ["widened", "best_rate", "missing_runs"]

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

# as near to the thread's xresnet50 as two cores come
THREAD_SIZE = replace(
    BOTTLENECK,
    name="bottleneck-128",
    px=128,
    stored=192,
    network=replace(BOTTLENECK.network, width=0.5, blocks=(2, 2, 2, 2)),
)
THREAD_SWEEP_SEEDS = (100,)
THREAD_SEEDS = range(5)


def rates_plan() -> list[Part]:
    """Every arm at every rate, seed by seed, so that a beginning is balanced too."""
    rates = swept_rates(load_runs("rates"))
    trials = []
    for seed in SWEEP_SEEDS:
        for rate in rates:
            trials += [Trial(arm, replace(BOTTLENECK, lr=rate), seed) for arm in FOUR]
    return [Part("learning rates", BOTTLENECK, tuple(trials))]


def accuracies_by_rate(
    runs: Iterable[Run], seeds: Container[int] = SWEEP_SEEDS
) -> dict[str, dict[float, list[float]]]:
    """`{arm: {rate: accuracies in percent}}` of a sweep's finished runs, those of one kind.

    seeds: those of the sweep; other runs are left out.
    """
    found: dict[str, dict[float, list[float]]] = {arm: {} for arm in FOUR}
    for run in of_one_kind(runs):
        if run.arm in found and run.seed in seeds:
            found[run.arm].setdefault(run.recipe["lr"], []).append(100 * run.accuracy)
    return found


def swept_rates(runs: Iterable[Run]) -> list[float]:
    """The rates of the sweep: RATES, and more until the best one of every arm lies inside."""
    return widened(accuracies_by_rate(runs), RATES, len(SWEEP_SEEDS))


def widened(found, rates, seeds):
    """`rates` in order, and more as long as the best one of an arm is the first or the last.

    found: as `accuracies_by_rate` gives it; seeds: how many runs each rate has, when all are there.
    """
    rates = sorted(rates)
    while not missing_runs(found, rates, seeds):
        best = [best_rate(by_rate, rates) for by_rate in found.values()]
        inside = [rates[0] < rate < rates[-1] for rate in best]
        if all(inside):
            break
        if rates[0] in best:
            rates.insert(0, rates[0] / 2)
        if rates[-1] in best:
            rates.append(rates[-1] * 2)
    return rates


def best_rates(runs: Iterable[Run]) -> dict[str, float]:
    """The rate of each arm with the highest mean accuracy over the sweep's seeds; `{arm: rate}`.

    Of equal ones the lowest. Only complete sweeps count: ValueError if a run of one is missing.
    """
    runs = list(runs)
    found = accuracies_by_rate(runs)
    rates = swept_rates(runs)
    missing = missing_runs(found, rates, len(SWEEP_SEEDS))
    if missing:
        raise ValueError(
            f"The sweep of learning rates lacks {missing} of "
            f"{len(FOUR) * len(rates) * len(SWEEP_SEEDS)} runs: train the plan rates first."
        )
    return {arm: best_rate(by_rate, rates) for arm, by_rate in found.items()}


def best_rate(by_rate, rates):
    """The one of `rates`, in order, with the highest mean accuracy; of equal ones the lowest."""
    return max(rates, key=lambda rate: mean(by_rate[rate]))


def missing_runs(found, rates, seeds):
    """How many runs the sweep of these rates lacks."""
    counts = [len(by_rate.get(rate, [])) for by_rate in found.values() for rate in rates]
    return sum(max(0, seeds - count) for count in counts)


def primary_plan() -> list[Part]:
    """Twelve seeds of the four arms, each at its best rate. ValueError before the sweep is done."""
    rates = best_rates(load_runs("rates"))
    trials = []
    for seed in SEEDS:
        trials += [Trial(arm, replace(BOTTLENECK, lr=rates[arm]), seed) for arm in FOUR]
    return [Part("each arm at its best rate", BOTTLENECK, tuple(trials))]


def thread_rates_plan() -> list[Part]:
    """At the thread's size, one seed: each arm at its best rate of 64 px, half of it and double.

    And at more, until its best lies inside. ValueError before the sweep at 64 px is done.
    """
    swept, _ = _thread_sweep()
    trials = []
    for arm, rates in swept.items():
        for rate in rates:
            size = replace(THREAD_SIZE, lr=rate)
            trials += [Trial(arm, size, seed) for seed in THREAD_SWEEP_SEEDS]
    return [Part("learning rates at the thread's size", THREAD_SIZE, tuple(trials))]


def thread_size_plan() -> list[Part]:
    """Five seeds of each arm at its best rate there. ValueError before that sweep is done."""
    swept, found = _thread_sweep()
    runs = len(THREAD_SWEEP_SEEDS)
    missing = sum(missing_runs({arm: found[arm]}, rates, runs) for arm, rates in swept.items())
    if missing:
        raise ValueError(
            f"The sweep at the thread's size lacks {missing} of {sum(map(len, swept.values()))} "
            "runs: train the plan thread-rates first."
        )
    trials = []
    for seed in THREAD_SEEDS:
        for arm, rates in swept.items():
            size = replace(THREAD_SIZE, lr=best_rate(found[arm], rates))
            trials.append(Trial(arm, size, seed))
    return [Part("each arm at the thread's size", THREAD_SIZE, tuple(trials))]


def _thread_sweep():
    """`{arm: its rates, in order}`, and of what is recorded `{arm: {rate: accuracies}}`."""
    found = accuracies_by_rate(load_runs("thread-rates"), THREAD_SWEEP_SEEDS)
    swept = {}
    for arm, rate in best_rates(load_runs("rates")).items():
        swept[arm] = widened({arm: found[arm]}, (rate / 2, rate, 2 * rate), len(THREAD_SWEEP_SEEDS))
    return swept, found
