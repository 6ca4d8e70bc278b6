"""A chart of recorded runs: what many trainings of each arm came to, with no training now."""

from statistics import mean

from matplotlib.figure import Figure

from lessonlib.arms import ARMS
from lessonlib.figures.style import arm_style
from lessonlib.pictures import Picture

__all__ = ["recorded_chart"]


def recorded_chart(runs):
    """Validation accuracy of finished runs: one dot a run after the last epoch, a bar at the mean, one row an arm.

    The runs must be of one recipe and one set of photos, else ValueError: dots of different experiments do not compare.
    """
    if len({(run.data, str(run.recipe)) for run in runs}) > 1:
        raise ValueError("recorded_chart: these runs are of several recipes or sets of photos; choose those of one.")
    arms = [name for name in ARMS if any(run.arm == name for run in runs)]
    figure = Figure(figsize=(8, 0.7 + 0.5 * max(1, len(arms))), layout="constrained")
    axes = figure.subplots()
    words = []
    for row, name in enumerate(arms):
        ends = [100 * run.accuracy for run in runs if run.arm == name]
        axes.plot(ends, [row] * len(ends), "o", color=arm_style(name)["color"], alpha=0.6, markersize=6)
        axes.plot([mean(ends)] * 2, [row - 0.3, row + 0.3], color=arm_style(name)["color"], linewidth=2)
        words.append(f"{ARMS[name].label}: {len(ends)} runs, {min(ends):.1f} to {max(ends):.1f}%, mean {mean(ends):.1f}%")
    axes.set(yticks=range(len(arms)), yticklabels=[ARMS[name].label for name in arms], ylim=(max(1, len(arms)) - 0.5, -0.5))
    axes.set_xlabel("validation accuracy after the last epoch, %; a dot is a run, a bar their mean")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    where = f"{runs[0].data}; {runs[0].machine}" if runs else "no run is there yet"
    figure.suptitle(where, fontsize=8, color="#444444", y=1.02)
    return Picture(figure, f"Recorded runs on {where}. " + "; ".join(words) + ".")
