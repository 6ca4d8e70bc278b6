"""What a layer costs: the arms side by side, and where they stand under a machine's roofline."""

import numpy as np
from matplotlib.figure import Figure

from lessonlib.arms import ARMS
from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import arm_style

__all__ = ["cost_bars", "roofline"]

MARKERS = ("o", "s", "^", "D")
WIDTH = 3  # of a column of bars, in units of the first arm's bar
LONGEST = 2.9  # a longer bar is cut off here; its number stands on it


@in_our_style
def cost_bars(quantities):
    """Bars of each quantity as a share of the first arm's, one column per quantity.

    quantities: `{title: {arm name: number}}`; no bar where the number is None.
    """
    names = list(next(iter(quantities.values())))
    figure = Figure(figsize=(2.1 * len(quantities) + 1.4, 0.32 * len(names) + 0.4), dpi=80)
    # one axes for all columns: the playground draws it anew at every move of a slider
    axes = figure.add_axes((0.13, 0, 0.87, 1))
    words = []
    for column, (title, values) in enumerate(quantities.items()):
        ratios = {name: _ratio(values[name], values[names[0]]) for name in names}
        _draw_column(axes, WIDTH * column, title, ratios)
        if any(ratios.values()):
            words.append(f"{title} {_ratios_in_words(ratios)}")
    axes.set(xlim=(-0.05, WIDTH * len(quantities)), ylim=(len(names) - 0.4, -1.2), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return Picture(figure, f"Bars for each arm as a share of {names[0]}: {'; '.join(words)}.")


def _ratio(value, reference):
    return value / reference if value else 0


def _draw_column(axes, left, title, ratios):
    lengths = [min(ratio, LONGEST) for ratio in ratios.values()]
    colors = [arm_style(name)["color"] for name in ratios]
    axes.barh(list(ratios), lengths, 0.7, left, color=colors, alpha=0.75)
    for row, ratio in enumerate(ratios.values()):
        words = f"{ratio:.2f}" if ratio else "not measured"
        axes.text(left + 0.05, row, words, va="center", fontsize=9)
    axes.text(left, -0.6, title, va="bottom", fontsize=9)
    solid_and_dotted = [(0, ()), (0, (1, 2))]
    line = {"color": "#666666", "linewidth": 1, "linestyle": solid_and_dotted}
    axes.vlines([left, left + 1], -0.5, len(ratios) - 0.5, **line)


def _ratios_in_words(ratios):
    return ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items() if ratio)


@in_our_style
def roofline(roof, layers):
    """MACs per second against arithmetic intensity, under the two ceilings of a machine.

    After Williams, Waterman and Patterson (2009). roof: a `timing.Roofline`;
    layers: `{title: {arm name: (intensity, MACs per second)}}`, as measured.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    points = [point for measured in layers.values() for point in measured.values()]
    ridge = roof.macs / roof.bytes
    low = min(ridge / 5, *(intensity for intensity, _ in points)) / 1.5
    high = max(ridge, *(intensity for intensity, _ in points)) * 3
    _draw_roof(axes, roof, low, high)
    words = _draw_points(axes, layers)
    lowest = min(roof.bytes * low, *(speed for _, speed in points)) / 1.5
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(lowest, 2 * roof.macs))
    axes.set(xlabel="MACs per byte moved", ylabel="MACs per second")
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")
    axes.spines[["top", "right"]].set_visible(False)
    alt = (
        f"Roofline of this machine: it multiplies {roof.macs / 1e9:.1f} G times per second and "
        f"moves {roof.bytes / 1e9:.1f} GB per second, so it bends at {ridge:.1f} MACs a byte. "
        f"Below it, in G MACs per second: {'; '.join(words)}."
    )
    return Picture(figure, alt)


def _draw_roof(axes, roof, low, high):
    x = np.geomspace(low, high, 300)
    axes.plot(x, np.minimum(roof.macs, roof.bytes * x), color="#444444")
    where = {"ha": "right", "va": "bottom", "fontsize": 9}
    axes.text(high, roof.macs * 1.06, "as fast as it multiplies", **where)
    axes.text(low * 1.1, roof.macs, "as fast as it\nreads and writes", va="top", fontsize=9)


def _draw_points(axes, layers):
    """A marker for each layer, a colour for each arm, both in the legend. Returns them in words."""
    words = []
    for (title, measured), marker in zip(layers.items(), MARKERS):
        for name, (intensity, speed) in measured.items():
            axes.plot(intensity, speed, marker, color=arm_style(name)["color"])
            place = f"{speed / 1e9:.1f} at {intensity:.1f}"
            words.append(f"{ARMS[name].label} at {title}: {place}")
        axes.plot([], [], marker, color="#666666", label=title)
    for name in next(iter(layers.values())):
        axes.plot([], [], linewidth=6, color=arm_style(name)["color"], label=ARMS[name].label)
    return words
