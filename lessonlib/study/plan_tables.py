"""What the recorded runs of a plan say, read as its protocol reads them."""

from collections.abc import Mapping
from statistics import mean

from IPython.display import Markdown

from lessonlib.arms import arm_label
from lessonlib.imagewoof.sources import official_names
from lessonlib.markdown import markdown_table
from lessonlib.study.evaluation import answers, answers_table
from lessonlib.study.pairing import of_one_kind
from lessonlib.study.plans import get_plan
from lessonlib.study.report import study_table
from lessonlib.study.second_study import (
    SWEEP_SEEDS,
    THREAD_SWEEP_SEEDS,
    accuracies_by_rate,
    best_rates,
)
from lessonlib.study.secondary import SHORT_SWEEP_SEEDS, secondary_rates, short_sweep
from lessonlib.study.secondary_answers import secondary_answers, secondary_table
from lessonlib.study.secondary_items import SWEPT
from lessonlib.study.thread_size import thread_size_table
from lessonlib.training.runs import load_runs

__all__ = ["plan_table", "sweep_table"]


def plan_table(name: str) -> Markdown:
    """The table of a plan: accuracies by rate of a sweep, else what was compared.

    ValueError for an unknown plan, and before the sweep of rates that it builds on is complete.
    """
    runs = load_runs(name)
    match name:
        case "rates":
            return sweep_table(accuracies_by_rate(runs), len(SWEEP_SEEDS))
        case "thread-rates":
            found = accuracies_by_rate(runs, THREAD_SWEEP_SEEDS)
            return sweep_table(found, len(THREAD_SWEEP_SEEDS))
        case "secondary-rates":
            middle = best_rates(load_runs("rates"))["3x3"]
            swept = {variant: short_sweep(variant, middle, runs)[1] for variant in SWEPT}
            begun = {variant: found for variant, found in swept.items() if found}
            return sweep_table(begun, len(SHORT_SWEEP_SEEDS))
        case "primary":
            validated = sum(photo.startswith("val/") for photo in official_names())
            return answers_table(answers(of_one_kind(runs), validated))
        case "thread-size":
            return thread_size_table(runs)
        case "secondary":
            best = secondary_rates(load_runs("rates"), load_runs("secondary-rates"))
            return secondary_table(secondary_answers(best, load_runs("primary") + runs))
    return study_table(get_plan(name), runs)


def sweep_table(found: Mapping[str, Mapping[float, list[float]]], seeds: int) -> Markdown:
    """Mean accuracy in percent by learning rate, a row per arm or variant.

    found: `{name: {rate: accuracies in percent}}`; seeds: how many runs a rate has when all are
    there. A cell with fewer says so.
    """
    rates = sorted({rate for by_rate in found.values() for rate in by_rate})
    what = "accuracy of one run" if seeds == 1 else f"mean accuracy of {seeds} runs"
    rows = []
    for name, by_rate in found.items():
        rows.append([arm_label(name), *(_mean(by_rate.get(rate, []), seeds) for rate in rates)])
    return Markdown(markdown_table((f"{what}, %", *(f"at {rate:g}" for rate in rates)), rows))


def _mean(accuracies, seeds):
    if not accuracies:
        return "not run"
    fewer = f" ({len(accuracies)} of {seeds})" if len(accuracies) < seeds else ""
    return f"{mean(accuracies):.1f}{fewer}"
