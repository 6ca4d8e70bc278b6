"""Charts of the second study: accuracy by learning rate, our differences beside the thread's."""

import numpy as np
from matplotlib.figure import Figure

from lessonlib.arms import ARMS, arm_label
from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK, GREY, label_rows, name_ends
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS, arm_style
from lessonlib.study.thread import THREAD_RUNS, compatible

__all__ = ["rates_chart", "beside_the_thread", "secondary_chart", "power_chart"]

THREADS = COLORS[6]  # black: the thread's own runs
RING = {"markerfacecolor": "none", "markersize": 13, "markeredgewidth": 2}


@in_our_style
def rates_chart(by_rate, best, common=None):
    """Accuracy by learning rate: a dot per run, a line per arm through the means.

    by_rate: `{arm: {rate: accuracies in percent}}`; best: `{arm: rate}`, ringed, or {}; common: a
    rate marked for all arms, or None.
    """
    figure = Figure(figsize=(9, 4), dpi=90)
    axes = figure.add_axes([0.07, 0.14, 0.5, 0.82])
    ends = []
    words = []
    for arm, found in by_rate.items():
        means = {rate: np.mean(found[rate]) for rate in sorted(found)}
        if not means:
            continue
        style = arm_style(arm)
        _draw_by_rate(axes, found, means, style)
        if arm in best:
            axes.plot(best[arm], means[best[arm]], "o", color=style["color"], **RING)
        ends.append((ARMS[arm].label, [*means.values()][-1], style))
        told = [f"{mean:.1f} at {rate:g}" for rate, mean in means.items()]
        words.append(f"{ARMS[arm].label}: {', '.join(told)}")
    _label_rates(axes, sorted({rate for found in by_rate.values() for rate in found}))
    if common:
        axes.axvline(common, color=GREY, linewidth=6, alpha=0.3, zorder=0)
    name_ends(ends, axes)
    return Picture(figure, f"Mean accuracy in percent by learning rate. {'; '.join(words)}.")


def _draw_by_rate(axes, found, means, style):
    axes.plot(list(means), list(means.values()), linewidth=2, **style)
    for rate, accuracies in found.items():
        at = [rate] * len(accuracies)
        axes.plot(at, accuracies, "o", color=style["color"], alpha=0.35, markersize=4)


def _label_rates(axes, rates):
    axes.set(xscale="log", xlabel="learning rate", ylabel="validation accuracy, %")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)


@in_our_style
def beside_the_thread(rows):
    """Differences from one 3x3 in points, ours and the thread's, with 95% intervals.

    A dot is a run minus the mean of its own side's 3x3. rows: from `evaluation.answers`.
    """
    figure = Figure(figsize=(9, 1 + 0.9 * max(1, len(rows))), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=1)
    words = []
    base = np.mean(THREAD_RUNS["3x3"])
    for i, row in enumerate(rows):
        color = arm_style(row.arm)["color"]
        _estimate_row(axes, i - 0.17, row.ours - row.theirs.mean(), row.unpaired, color)
        _estimate_row(axes, i + 0.17, np.array(THREAD_RUNS[row.arm]) - base, row.thread, THREADS)
        found = compatible(row.gap)
        beside = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 9}
        axes.text(1.02, i, found, color=DARK, **beside)
        label = ARMS[row.arm].label
        words.append(f"{label}: ours {row.unpaired.told}, the thread's {row.thread.told}, {found}")
    label_rows(axes, [ARMS[row.arm].label for row in rows])
    axes.set_xlabel("points from one 3x3; above, in colour: ours; below, in black: the thread's")
    return Picture(figure, f"Differences from one 3x3 in points. {'; '.join(words)}.")


@in_our_style
def secondary_chart(rows):
    """Each complete secondary comparison in points, with its 95% interval.

    A dot is a run minus the mean of the other side; blue leaves out zero, grey does not.
    rows: from `secondary_answers.secondary_answers`.
    """
    rows = [row for row in rows if row.estimate]
    figure = Figure(figsize=(9, 1 + 0.4 * max(1, len(rows))), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=1)
    words = []
    for i, row in enumerate(rows):
        found = row.estimate
        color = GREY if found.low <= 0 <= found.high else COLORS[0]
        _estimate_row(axes, i, row.ours - row.theirs.mean(), found, color)
        words.append(f"{row.label} against {arm_label(row.reference)}: {found.told}")
    names = [f"{row.label}\nagainst {arm_label(row.reference)}" for row in rows]
    label_rows(axes, names, fontsize=8)
    axes.set_xlabel("points; a dot is a run, a diamond the mean, a line its 95% interval")
    told = "; ".join(words) or "No comparison is complete yet"
    return Picture(figure, f"Secondary comparisons in points. {told}.")


def _estimate_row(axes, height, dots, estimate, color):
    axes.plot(dots, [height] * len(dots), "o", color=color, alpha=0.35, markersize=4)
    axes.plot([estimate.low, estimate.high], [height, height], color=color, linewidth=2)
    axes.plot(estimate.difference, height, "D", color=color, markersize=5)


@in_our_style
def power_chart(numbers, shares, title, marks):
    """The share of studies whose interval leaves out zero, by the number of runs per arm.

    numbers, shares: of the curve; marks: `{name: runs per arm}`, a dotted line each.
    """
    figure = Figure(figsize=(9, 3.2), dpi=90, layout="constrained")
    axes = figure.subplots()
    axes.plot(numbers, 100 * np.array(shares), color=COLORS[0], linewidth=2)
    for name, n in marks.items():
        axes.axvline(n, color=GREY, linestyle=":")
        axes.annotate(name, (n, 96), xytext=(4, 0), textcoords="offset points", fontsize=8)
    axes.set(xlabel="runs per arm", ylabel="studies that see it, %", ylim=(0, 102))
    axes.set_xlim(numbers[0], numbers[-1])
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, fontsize=9, color=DARK, loc="left")
    told = [
        f"{100 * share:.0f}% with {n}" for n, share in zip(numbers, shares) if n in (2, 5, 12, 30)
    ]
    return Picture(figure, f"{title} {', '.join(told)}.")
