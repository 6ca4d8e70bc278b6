"""Charts of recorded runs: what many trainings came to, with no training now."""

from statistics import mean

import numpy as np
from matplotlib.figure import Figure

from lessonlib.figures.labels import DARK, GREY, name_ends
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS, arm_style
from lessonlib.study.verdicts import FEWEST, interval, verdict

__all__ = ["recorded_chart", "curves_chart", "differences_chart"]

MARKERS = ("", "o", "s", "^", "D")


def recorded_chart(groups):
    """Validation accuracy after the last epoch, `{label: runs}`: a row a group, one dot a run, a bar at the mean.

    Runs on different sets of photos do not compare: ValueError.
    """
    groups, where = _there(groups), _source(groups)
    figure = Figure(figsize=(8, 0.7 + 0.5 * max(1, len(groups))), layout="constrained")
    axes, words, owner = figure.subplots(), [], {}
    for row, (label, runs) in enumerate(groups.items()):
        ends, color = [100 * run.accuracy for run in runs], arm_style(runs[0].arm)["color"]
        # there are more arms than colours: the second arm of a colour is hollow
        fill = color if owner.setdefault(color, runs[0].arm) == runs[0].arm else "none"
        axes.plot(
            ends, [row] * len(ends), "o", color=color, markerfacecolor=fill, alpha=0.6, markersize=6
        )
        axes.plot([mean(ends)] * 2, [row - 0.3, row + 0.3], color=color, linewidth=2)
        words.append(
            f"{label}: {_runs(ends)}, {min(ends):.1f} to {max(ends):.1f}%, mean {mean(ends):.1f}%"
        )
    _rows(axes, list(groups))
    axes.set_xlabel("validation accuracy after the last epoch, %; a dot is a run, a bar their mean")
    figure.suptitle(where, fontsize=8, color=DARK, y=1.02)
    return Picture(figure, f"Recorded runs on {where}. " + "; ".join(words) + ".")


def curves_chart(groups):
    """Validation accuracy by epoch, `{label: runs}`: a thin line a run, a thick one their mean, named where it ends.

    Runs on different sets of photos do not compare: ValueError.
    """
    groups, where = _there(groups), _source(groups)
    figure, ends, words = Figure(figsize=(9, 4)), [], []
    axes = figure.add_axes([0.06, 0.14, 0.5, 0.8])
    arms = [runs[0].arm for runs in groups.values()]
    for place, (label, runs) in enumerate(groups.items()):
        curves = 100 * np.array([[epoch["accuracy"] for epoch in run.epochs] for run in runs])
        marker = MARKERS[
            arms[:place].count(arms[place]) % len(MARKERS)
        ]  # groups of one arm share its colour and dash
        style, epochs, middle = (
            arm_style(arms[place]) | {"marker": marker},
            range(1, curves.shape[1] + 1),
            curves.mean(0),
        )
        axes.plot(epochs, curves.T, color=style["color"], linewidth=0.6, alpha=0.35)
        axes.plot(epochs, middle, linewidth=2, **style)
        ends.append((f"{label}, {_runs(runs)}", middle[-1], style))
        words.append(f"{label}, {_runs(runs)}: " + ", ".join(f"{share:.1f}" for share in middle))
    axes.set(xlabel="epoch", ylabel="validation accuracy, %")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    name_ends(ends, axes)
    figure.text(0.06, 1.0, where, fontsize=8, color=DARK)
    return Picture(
        figure,
        f"Mean validation accuracy by epoch in percent, recorded on {where}. "
        + "; ".join(words)
        + ".",
    )


def differences_chart(rows):
    """Paired differences with their 95% intervals, one row for each of `comparisons.compared`; a dot is a pair of runs.

    An interval that leaves out zero is blue, any other grey; with too few pairs for an interval there are only dots.
    """
    figure = Figure(figsize=(9, 0.7 + 0.45 * max(1, len(rows))), layout="constrained")
    axes, words = figure.subplots(), []
    axes.axvline(0, color=GREY, linewidth=1)
    for row, (comparison, differences) in enumerate(rows):
        n, middle, (low, high) = len(differences), differences.mean(), interval(differences)
        found = verdict(low, high, n)
        color = GREY if found.startswith("not") else COLORS[0]
        axes.plot(differences, [row] * n, "o", color=color, alpha=0.35, markersize=4)
        if n >= FEWEST:
            axes.plot([low, high], [row, row], color=color, linewidth=2)
        axes.plot(middle, row, "D", color=color, markersize=5)
        axes.text(
            1.02,
            row,
            found,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
            color=DARK,
        )
        words.append(
            f"{comparison.label} against {comparison.against}: {middle:+.1f} of {n} {'pair' if n == 1 else 'pairs'}, {found}"
        )
    _rows(axes, [f"{c.label}\nagainst {c.against}" for c, _ in rows], fontsize=8)
    axes.set_xlabel(
        "difference in points; a dot is a pair of runs, a diamond the mean, a line its 95% interval"
    )
    return Picture(
        figure,
        "Differences in points of accuracy. " + ("; ".join(words) or "No run is there yet") + ".",
    )


def _runs(some):
    return f"{len(some)} {'run' if len(some) == 1 else 'runs'}"


def _there(groups):
    return {label: runs for label, runs in groups.items() if runs}


def _source(groups):
    """What the runs were recorded on, in words."""
    runs = [run for some in groups.values() for run in some]
    if len({run.data for run in runs}) > 1:
        raise ValueError(
            "These runs are of several sets of photos, which do not compare: choose those of one."
        )
    return (
        f"{runs[0].data}; {', '.join(sorted({run.machine for run in runs}))}"
        if runs
        else "no run is there yet"
    )


def _rows(axes, labels, **text):
    axes.set_yticks(range(len(labels)), labels, **text)
    axes.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
