"""Runs and costs as tables: numbers with as many digits as one run can carry."""

from math import isfinite
from statistics import median

from IPython.display import Markdown

from lessonlib.arms import ARMS
from lessonlib.study.comparisons import compared
from lessonlib.study.verdicts import FEWEST, interval, runs_needed, verdict

__all__ = ["race_table", "study_table", "cost_table", "layer_table", "timing_table"]


def race_table(runs):
    """Each run a row: accuracy of its last finished epoch, median training seconds an epoch, images a second."""
    if not runs:
        return Markdown("No run is there yet.")
    head = "| arm | seed | weights | accuracy, % | epochs | s an epoch | images/s |\n|---|---|---|---|---|---|---|\n"
    sources = "; ".join(
        sorted({f"{run.data}, tier {run.recipe['name']}, {run.machine}" for run in runs})
    )
    return Markdown(
        head + "\n".join(map(_row, runs)) + f"\n\nMeasured on {sources}. One row is one run."
    )


def cost_table(costs):
    """What each arm takes forward, `{arm name: costs.Cost}`, bytes in MB of 10^6."""
    head = "| arm | weights | M MACs | operations | MB moved | MB kept | MACs a byte |\n|---|---:|---:|---:|---:|---:|---:|\n"
    rows = (
        f"| {ARMS[name].label} | {c.weights:,} | {c.macs / 1e6:,.1f} | {c.operations} | {c.moved / 1e6:,.2f} "
        f"| {c.saved / 1e6:,.2f} | {c.intensity:,.1f} |"
        for name, c in costs.items()
    )
    return Markdown(head + "\n".join(rows))


def layer_table(layers):
    """A network's convolutions, a list of `costs.Layer`: shapes, costs, and which way a composed pair goes."""
    head = "| layer | in | out | weights | M MACs | MB kept | composing | goes |\n|---|---|---|---:|---:|---:|---:|---|\n"
    ways = {None: "one convolution", True: "composed first", False: "in series"}
    rows = (
        f"| {layer.name} | {_size(layer.shape_in)} | {_size(layer.shape_out)} | {layer.cost.weights:,} "
        f"| {layer.cost.macs / 1e6:,.1f} | {layer.cost.saved / 1e6:,.2f} "
        f"| {'' if layer.share is None else f'{100 * layer.share:.3g}%'} | {ways[layer.composes]} |"
        for layer in layers
    )
    return Markdown(head + "\n".join(rows))


def timing_table(timings):
    """Milliseconds of each candidate, `{arm name: costs.Timing}`, and its time over the first one's; quartiles in brackets."""
    head = "| arm | ms | times as long as the first |\n|---|---|---|\n"
    rows = (
        f"| {ARMS[name].label} | {1e3 * t.median:.2f} ({1e3 * t.low:.2f} to {1e3 * t.high:.2f}) "
        f"| {t.ratio:.2f} ({t.ratio_low:.2f} to {t.ratio_high:.2f}) |"
        for name, t in timings.items()
    )
    return Markdown(head + "\n".join(rows))


def _size(shape):
    _, channels, h, w = shape
    return f"{channels} x {h} x {w}"


def _row(run):
    accuracy, seconds, speed = ("-",) * 3
    if run.epochs:
        accuracy = f"{100 * run.accuracy:.1f}"
        seconds = f"{median(e['seconds'] for e in run.epochs):.1f}"
        speed = f"{median(e['images_per_second'] for e in run.epochs):,.0f}"
    epochs = f"{len(run.epochs)}" + ("" if run.finished else f" of {run.recipe['epochs']}, stopped")
    return f"| {ARMS[run.arm].label} | {run.seed} | {run.parameters:,} | {accuracy} | {epochs} | {seconds} | {speed} |"


def study_table(parts, runs, about=None):
    """Each comparison of a plan a row: pairs of runs, mean difference in points, its 95% interval, what that says.

    parts: of `plans.get_plan`; runs: what is recorded of it; about: a question of `comparisons.COMPARISONS`, None for all of them.
    Photos of different sources are never compared. ValueError for a question that there is not.
    """
    sources = sorted({run.data for run in runs})
    tables = [
        _part_table(part, [run for run in runs if run.data == data], about)
        for part in parts
        for data in sources
    ]
    return Markdown("\n\n".join(filter(None, tables)) or "No run is there yet.")


def _part_table(part, runs, about):
    rows = compared(part, runs, about)
    if not rows:
        return ""
    head = (
        "| compared | against | pairs of runs | difference, points | 95% interval | verdict | pairs to see 1 point |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    title = f"**{part.label}, {part.base.px} px, {part.base.epochs} epochs**\n\n"
    sources = "; ".join(sorted({f"{run.data}, {run.machine}" for run in runs}))
    lines = "\n".join(_comparison_row(*row) for row in rows)
    return f"{title}{head}{lines}\n\n{_together(compared(part, runs))} Measured on {sources}."


def _comparison_row(comparison, differences):
    n, (low, high) = len(differences), interval(differences)
    between, needed = (
        (f"{low:+.1f} to {high:+.1f}", runs_needed(differences, 1)) if isfinite(low) else ("-", "-")
    )
    names = f"| {comparison.label} | {comparison.against}"
    return f"{names} | {n} | {differences.mean():+.1f} | {between} | {verdict(low, high, n)} | {needed} |"


def _together(rows):
    """What it means to make so many comparisons, and which of them stand if all are to be right together (Bonferroni)."""
    rows = [(c, differences) for c, differences in rows if len(differences) >= FEWEST]
    if not rows:
        return f"No comparison has the {FEWEST} pairs that an interval needs."
    found = [
        (c, verdict(*interval(differences, 1 - 0.05 / len(rows)), len(differences)))
        for c, differences in rows
    ]
    stand = "; ".join(
        f"{c.label} against {c.against}: {words}"
        for c, words in found
        if not words.startswith("not")
    )
    return (
        f"Comparisons with an interval in the whole study: {len(rows)}. "
        "Of those without any true difference one in twenty is called better or worse by chance. "
        f"With 95% for all of them together (Bonferroni) there stand: {stand or 'none'}."
    )
