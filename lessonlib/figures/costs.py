"""Drawings of what a layer costs: the arms side by side, and where they stand under the roof of a machine."""

import numpy as np
from matplotlib.figure import Figure

from lessonlib.arms import ARMS
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import arm_style

__all__ = ["cost_bars", "roofline"]

MARKERS = ("o", "s", "^", "D")


def cost_bars(quantities):
    """Bars of each quantity as a share of the first arm's: `{title: {arm name: number}}`, no bar where the number is None."""
    names = list(next(iter(quantities.values())))
    figure = Figure(figsize=(2.1 * len(quantities) + 1.4, 0.32 * len(names) + 0.4), dpi=80)
    axes = figure.add_axes(
        (0.13, 0, 0.87, 1)
    )  # a single one: it is drawn anew at every move of a slider
    words = []
    for column, (title, values) in enumerate(quantities.items()):
        left = 3 * column
        ratios = [values[name] / values[names[0]] if values[name] else 0 for name in names]
        axes.barh(
            names,
            [min(r, 2.9) for r in ratios],
            0.7,
            left,
            color=[arm_style(name)["color"] for name in names],
            alpha=0.75,
        )
        for row, ratio in enumerate(ratios):
            axes.text(
                left + 0.05,
                row,
                f"{ratio:.2f}" if ratio else "not measured",
                va="center",
                fontsize=9,
            )
        axes.text(left, -0.6, title, va="bottom", fontsize=9)
        axes.vlines(
            [left, left + 1],
            -0.5,
            len(names) - 0.5,
            color="#666666",
            linewidth=1,
            linestyle=[(0, ()), (0, (1, 2))],
        )
        words.append(
            f"{title} "
            + ", ".join(f"{name} {ratio:.2f}" for name, ratio in zip(names, ratios) if ratio)
        )
    axes.set(xlim=(-0.05, 3 * len(quantities)), ylim=(len(names) - 0.4, -1.2), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    measured = "; ".join(line for line in words if line[-1].isdigit())
    return Picture(figure, f"Bars for each arm as a share of {names[0]}: {measured}.")


def roofline(roof, layers):
    """MACs a second against arithmetic intensity, under the two ceilings of a machine (Williams et al. 2009).

    roof: a `timing.Roofline`; layers: `{title: {arm name: (intensity, MACs a second)}}`, as measured.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    points = [point for measured in layers.values() for point in measured.values()]
    ridge = roof.macs / roof.bytes
    ends = min(ridge / 5, *(x for x, _ in points)) / 1.5, max(ridge, *(x for x, _ in points)) * 3
    x = np.geomspace(*ends, 300)
    axes.plot(x, np.minimum(roof.macs, roof.bytes * x), color="#444444")
    axes.text(
        ends[1], roof.macs * 1.06, "as fast as it multiplies", ha="right", va="bottom", fontsize=9
    )
    axes.text(ends[0] * 1.1, roof.macs, "as fast as it\nreads and writes", va="top", fontsize=9)
    words = []
    for (title, measured), marker in zip(layers.items(), MARKERS):
        for name, (intensity, speed) in measured.items():
            axes.plot(intensity, speed, marker, color=arm_style(name)["color"])
            words.append(f"{ARMS[name].label} at {title}: {speed / 1e9:.1f} at {intensity:.1f}")
        axes.plot([], [], marker, color="#666666", label=title)
    for name in next(iter(layers.values())):
        axes.plot([], [], linewidth=6, color=arm_style(name)["color"], label=ARMS[name].label)
    lowest = min(roof.bytes * ends[0], *(speed for _, speed in points)) / 1.5
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=(lowest, 2 * roof.macs))
    axes.set(xlabel="MACs for each byte moved", ylabel="MACs a second")
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")
    axes.spines[["top", "right"]].set_visible(False)
    return Picture(
        figure,
        f"Roofline of this machine: it multiplies {roof.macs / 1e9:.1f} G times a second and moves {roof.bytes / 1e9:.1f} GB "
        f"a second, so the roof bends at {ridge:.1f} MACs a byte. Below it, in G MACs a second: {'; '.join(words)}.",
    )
