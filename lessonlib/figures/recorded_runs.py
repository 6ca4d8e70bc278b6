"""Charts of recorded runs: what many trainings came to, without training now."""

from collections import Counter
from statistics import mean

import numpy as np
from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK, GREY, label_rows, name_ends
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS, arm_style
from lessonlib.study.intervals import FEWEST, interval
from lessonlib.study.verdicts import verdict

__all__ = ["recorded_chart", "curves_chart", "differences_chart"]

MARKERS = ("", "o", "s", "^", "D")


@in_our_style
def recorded_chart(groups):
    """Validation accuracy after the last epoch: a row per group, a dot per run, a bar at the mean.

    groups: `{label: runs}`. ValueError if they are on different sets of photos, which cannot be
    compared.
    """
    groups = _not_empty(groups)
    where = _source(groups)
    figure = Figure(figsize=(8, 0.7 + 0.5 * max(1, len(groups))), layout="constrained")
    axes = figure.subplots()
    words = []
    owners = {}
    for row, (label, runs) in enumerate(groups.items()):
        arm = runs[0].arm
        color = arm_style(arm)["color"]
        # there are more arms than colours: the second arm of a colour is hollow
        hollow = owners.setdefault(color, arm) != arm
        percent = [100 * run.accuracy for run in runs]
        _draw_dots(axes, row, percent, color, hollow)
        span = f"{min(percent):.1f} to {max(percent):.1f}%, mean {mean(percent):.1f}%"
        words.append(f"{label}: {_runs_in_words(runs)}, {span}")
    label_rows(axes, list(groups))
    axes.set_xlabel("validation accuracy after the last epoch, %; a dot is a run, a bar their mean")
    figure.suptitle(where, fontsize=8, color=DARK, y=1.02)
    return Picture(figure, f"Recorded runs on {where}. {'; '.join(words)}.")


@in_our_style
def curves_chart(groups):
    """Validation accuracy by epoch: a thin line per run, a thick one for the mean of a group.

    The group is named where its mean ends. groups: `{label: runs}`. ValueError if they are on
    different sets of photos, which cannot be compared.
    """
    groups = _not_empty(groups)
    where = _source(groups)
    figure = Figure(figsize=(9, 4))
    axes = figure.add_axes([0.06, 0.14, 0.5, 0.8])
    ends = []
    words = []
    of_its_arm = Counter()
    for label, runs in groups.items():
        arm = runs[0].arm
        # groups of one arm share its colour and dash
        marker = MARKERS[of_its_arm[arm] % len(MARKERS)]
        of_its_arm[arm] += 1
        style = arm_style(arm) | {"marker": marker}
        middle = _draw_curves(axes, runs, style)
        name = f"{label}, {_runs_in_words(runs)}"
        ends.append((name, middle[-1], style))
        words.append(f"{name}: {', '.join(f'{percent:.1f}' for percent in middle)}")
    axes.set(xlabel="epoch", ylabel="validation accuracy, %")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    name_ends(ends, axes)
    figure.text(0.06, 1.0, where, fontsize=8, color=DARK)
    title = f"Mean validation accuracy by epoch in percent, recorded on {where}."
    return Picture(figure, f"{title} {'; '.join(words)}.")


@in_our_style
def differences_chart(rows):
    """Paired differences with their 95% intervals; a dot is a pair of runs.

    rows: (comparison, differences in points), from `comparisons.compared`.
    An interval that leaves out zero is blue, any other grey; with too few pairs for an interval
    there are only dots.
    """
    figure = Figure(figsize=(9, 0.7 + 0.45 * max(1, len(rows))), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=1)
    words = []
    for row, (comparison, differences) in enumerate(rows):
        n = len(differences)
        found = verdict(*interval(differences), n)
        _draw_differences(axes, row, differences, found)
        words.append(
            f"{comparison.label} against {comparison.against}: {differences.mean():+.1f} "
            f"of {n} {'pair' if n == 1 else 'pairs'}, {found}"
        )
    label_rows(axes, [f"{c.label}\nagainst {c.against}" for c, _ in rows], fontsize=8)
    axes.set_xlabel(
        "difference in points; a dot is a pair of runs, a diamond the mean, a line its 95% interval"
    )
    told = "; ".join(words) or "No run is there yet"
    return Picture(figure, f"Differences in points of accuracy. {told}.")


def _draw_dots(axes, row, percent, color, hollow):
    look = {"color": color, "markerfacecolor": "none" if hollow else color}
    axes.plot(percent, [row] * len(percent), "o", **look, alpha=0.6, markersize=6)
    axes.plot([mean(percent)] * 2, [row - 0.3, row + 0.3], color=color, linewidth=2)


def _draw_curves(axes, runs, style):
    """Draw the runs and their mean; returns the mean in percent, `(epochs,)`."""
    accuracies = [_accuracies(run) for run in runs]
    curves = 100 * np.array(accuracies)
    middle = curves.mean(0)
    epochs = range(1, len(middle) + 1)
    axes.plot(epochs, curves.T, color=style["color"], linewidth=0.6, alpha=0.35)
    axes.plot(epochs, middle, linewidth=2, **style)
    return middle


def _accuracies(run):
    return [epoch["accuracy"] for epoch in run.epochs]


def _draw_differences(axes, row, differences, found):
    n = len(differences)
    color = GREY if found.startswith("not") else COLORS[0]
    axes.plot(differences, [row] * n, "o", color=color, alpha=0.35, markersize=4)
    if n >= FEWEST:
        axes.plot(interval(differences), [row, row], color=color, linewidth=2)
    axes.plot(differences.mean(), row, "D", color=color, markersize=5)
    beside = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 8}
    axes.text(1.02, row, found, color=DARK, **beside)


def _runs_in_words(runs):
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}"


def _not_empty(groups):
    return {label: runs for label, runs in groups.items() if runs}


def _source(groups):
    """What the runs were recorded on, in words."""
    runs = [run for some in groups.values() for run in some]
    if not runs:
        return "no run is there yet"
    if len({run.data for run in runs}) > 1:
        raise ValueError(
            "These runs are on several sets of photos, which cannot be compared: choose one set."
        )
    machines = sorted({run.machine for run in runs})
    return f"{runs[0].data}; {', '.join(machines)}"
