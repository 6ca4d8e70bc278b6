"""Charts for the way back, one kernel into two.

Which rows of three factor, how near random kernels come, and how a form changes its signature.
"""

import numpy as np
from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS, DASHES

__all__ = ["discriminant_plane", "residual_histogram", "eigenvalue_paths"]

BLUE, VERMILION = COLORS[:2]


@in_our_style
def discriminant_plane(rows):
    """The rows (1, b, c) as points of a plane, and the region b^2 >= 4c where they factor.

    rows: `{name: (b, c)}`.
    """
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    b = np.linspace(-4, 4, 200)
    axes.fill_between(b, b**2 / 4, -2, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(b, b**2 / 4, color=BLUE)
    axes.text(2.2, -1.5, "two real factors", ha="center", color=DARK)
    axes.text(-1.6, 2.5, "complex factors only", ha="center", color=DARK)
    axes.text(2.75, 1.6, "the same\nfactor twice", va="center", color=DARK, fontsize=8)
    below = {"textcoords": "offset points", "ha": "center", "va": "top", "fontsize": 9}
    words = []
    for name, (x, y) in rows.items():
        real = x**2 >= 4 * y
        axes.plot(x, y, "o" if real else "s", color=BLUE if real else VERMILION)
        axes.annotate(name.replace(" ", "\n"), (x, y), (0, -8), **below)
        words.append(f"{name} {'real' if real else 'complex only'}")
    axes.set(xlabel="b", ylabel="c", xlim=(-4, 4), ylim=(-2, 4), title="rows (1, b, c)")
    axes.spines[["top", "right"]].set_visible(False)
    alt = (
        "Plane of b and c with the parabola c = b^2/4; on and below it the rows factor over the "
        f"reals: {'; '.join(words)}."
    )
    return Picture(figure, alt)


@in_our_style
def residual_histogram(relative, named, survey):
    """Histogram of the relative residuals of random kernels (n,), with named kernels as marks.

    named: `{name: residual}`; survey: the 5% and 95% quantiles of another sample, drawn below
    this one's.
    """
    figure = Figure(figsize=(7.2, 3.8), layout="constrained")
    axes = figure.subplots()
    counts, *_ = axes.hist(relative.numpy(), bins=40, range=(0, 0.9), color=BLUE, alpha=0.35)
    top = counts.max()
    low, middle, high = np.quantile(relative.numpy(), [0.05, 0.5, 0.95])
    _draw_range(axes, -0.04 * top, (low, high), "nine in ten of these kernels", BLUE)
    _draw_range(axes, -0.11 * top, survey, "nine in ten of a survey of 40,000", "#666666")
    _mark_kernels(axes, named, top)
    axes.set(xlabel="relative residual of the nearest product", yticks=[], xlim=(0, 0.92))
    axes.spines[["top", "right", "left"]].set_visible(False)
    marks = ", ".join(f"{name} {value:.3f}" for name, value in named.items())
    alt = (
        f"Histogram of the relative residuals of {len(relative):,} random kernels: "
        f"median {middle:.3f}, nine in ten between {low:.3f} and {high:.3f}, in a survey of 40,000 "
        f"between {survey[0]:.3f} and {survey[1]:.3f}; marked: {marks}."
    )
    return Picture(figure, alt)


def _draw_range(axes, height, ends, words, color):
    axes.plot(ends, [height, height], color=color, linewidth=4, solid_capstyle="butt")
    axes.text(ends[1] + 0.01, height, words, va="center", color=color, fontsize=8)


def _mark_kernels(axes, named, top):
    """A line for each named kernel, their names at three heights so that neighbours stay apart."""
    in_order = sorted(named.items(), key=lambda pair: pair[1])
    for i, (name, value) in enumerate(in_order):
        height = top * (1.05 + 0.12 * (i % 3))
        axes.plot([value, value], [0, height], color=VERMILION, linewidth=1)
        axes.text(value, height, name, ha="center", va="bottom", fontsize=8)


@in_our_style
def eigenvalue_paths(times, values, enough):
    """The four eigenvalues (n, 4) of G + tQ against t (n,).

    enough: the t from which on two of them have each sign.
    """
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="#999999", linewidth=1)
    for k in range(4):
        axes.plot(times, values[:, k], color=VERMILION if k < 2 else BLUE, linestyle=DASHES[k < 2])
    axes.axvline(enough, color="#666666", linewidth=1, linestyle=":")
    words = " from here on\n two of each sign"
    axes.text(enough, values.max(), words, va="top", fontsize=8, color=DARK)
    axes.set(xlabel="t", ylabel="eigenvalues of G + tQ")
    axes.spines[["top", "right"]].set_visible(False)
    starts = ", ".join(f"{value:.2f}" for value in values[0].tolist())
    alt = (
        f"Four eigenvalues against t: at t = 0 {starts}; beyond t = {enough:.2f} two fall and two "
        "rise for good."
    )
    return Picture(figure, alt)
