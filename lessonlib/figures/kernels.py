"""Kernels as pictures: their numbers in colour, and what each entry is made of."""

import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import COLORS, DASHES, entry_color
from lessonlib.kernels import correlate

__all__ = ["drift_chart", "kernel_row", "patch_map", "spectrum_chart"]

ENTRIES = LinearSegmentedColormap.from_list("entries", [entry_color(share) for share in (-1, 0, 1)])


@in_our_style
def kernel_row(kernels, alt):
    """Small kernels side by side as coloured squares with their numbers.

    kernels: `{title: (kh, kw) tensor}`.
    """
    figure = Figure(figsize=(2 * len(kernels), 2.2), layout="constrained")
    largest = max(kernel.abs().max().item() for kernel in kernels.values()) or 1.0
    ends = {"vmin": -largest, "vmax": largest}
    squares = figure.subplots(1, len(kernels), squeeze=False).flat
    for axes, (title, kernel) in zip(squares, kernels.items()):
        axes.imshow(kernel.numpy(), cmap=ENTRIES, **ends)
        for i, row in enumerate(kernel.tolist()):
            for j, value in enumerate(row):
                axes.text(j, i, f"{value:.3g}", ha="center", va="center", fontsize=9)
        axes.set(title=title, xticks=[], yticks=[])
        axes.title.set_fontsize(9)
    return Picture(figure, alt)


@in_our_style
def patch_map(entries, alt):
    """Which products meet in each entry of a kernel, as a square of cells.

    entries: `{(row, column): list of terms}`.
    """
    n = 1 + max(row for row, _ in entries)
    figure = Figure(figsize=(1.6 * n, 1.2 * n), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, n), ylim=(n, 0))
    axes.hlines(range(n + 1), 0, n, color="#999999", linewidth=1)
    axes.vlines(range(n + 1), 0, n, color="#999999", linewidth=1)
    centred = {"ha": "center", "va": "center", "fontsize": 10}
    for (row, column), terms in entries.items():
        axes.text(column + 0.5, row + 0.5, "\n+ ".join(terms), **centred)
    axes.axis("off")
    return Picture(figure, alt)


@in_our_style
def drift_chart(stacks, layers, size=25):
    """A dot after `layers` layers of each stack, all padded by 1.

    stacks: `{title: kernels}`, the kernels taken in turn.
    """
    figure = Figure(figsize=(2 * len(stacks), 2.4), layout="constrained")
    for axes, (title, kernels) in zip(figure.subplots(1, len(stacks)), stacks.items()):
        picture = torch.zeros(size, size, dtype=torch.float64)
        picture[size // 2, size // 2] = 1
        for n in range(layers):
            picture = correlate(picture, kernels[n % len(kernels)], padding=1)
        axes.imshow(picture.numpy(), cmap="Blues")
        axes.plot(size // 2, size // 2, marker="+", color="#D55E00", markersize=12)
        axes.set(title=title, xticks=[], yticks=[])
        axes.title.set_fontsize(9)
    figure.supxlabel(f"a dot after {layers} layers; the cross marks where it was", fontsize=9)
    alt = f"A dot after {layers} layers of {', '.join(stacks)}, with a cross where it was."
    return Picture(figure, alt)


@in_our_style
def spectrum_chart(spectra):
    """Singular values, largest first, as shares of the largest, on a logarithmic scale.

    spectra: `{label: (n,) tensor}`.
    """
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    for (label, values), color, dash in zip(spectra.items(), COLORS, DASHES):
        shares = values / values[0]
        style = {"color": color, "linestyle": dash, "marker": "o", "markersize": 3}
        axes.plot(range(1, len(shares) + 1), shares, **style)
        middle = len(shares) // 2
        beside = {"xytext": (4, 10), "textcoords": "offset points", "color": DARK}
        axes.annotate(label, (middle, shares[middle]), **beside)
    axes.set(yscale="log", xlabel="direction", ylabel="singular value, share of the largest")
    axes.spines[["top", "right"]].set_visible(False)
    return Picture(figure, f"Singular values, falling from the largest: {', '.join(spectra)}.")
