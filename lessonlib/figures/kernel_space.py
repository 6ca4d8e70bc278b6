"""The kernels that split, in the space of all kernels: the cone of rows, and a slice of 3x3."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK
from lessonlib.figures.pictures import Picture
from lessonlib.figures.steps import Steps
from lessonlib.figures.style import COLORS

__all__ = ["double_cone", "mixtures", "residual_slice", "turned_cone"]

BLUE, VERMILION = COLORS[:2]
PALE = "#9DC6E2"
LENGTH = 3  # of a row in the cone
TURN = 40  # degrees from still to still
BEYOND = 0.25  # how far the slice goes on past its corners, in sides
FINENESS = 49  # pixels a side
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)


def turned_cone(rows):
    """The cone b^2 = 4ac of the rows (a, b, c), from all sides, with some rows of a = 1 on it.

    Inside it a row does not split. All rows are drawn of one length, which changes nothing about
    that. rows: `{name: (b, c)}`.
    """
    return Steps({f"turned by {a} degrees": _cone(rows, a) for a in range(0, 360, TURN)})


@in_our_style
def _cone(rows, degrees):
    figure = Figure(figsize=(4, 3.6))
    figure.subplots_adjust(0.07, 0.07, 0.93, 1)
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    axes.plot_wireframe(*double_cone(), color=PALE, linewidth=0.7)
    _draw_rows(axes, rows)
    axes.set(xlim=(-3, 3), ylim=(-3, 3), zlim=(-3, 3))
    axes.set(xticks=[], yticks=[], zticks=[])
    for name, axis in {"a": axes.xaxis, "c": axes.yaxis, "b": axes.zaxis}.items():
        axis.set_label_text(name)
        axis.labelpad = -12
    axes.view_init(elev=15, azim=degrees - 60)
    # so that no still is cropped more than another
    figure.add_artist(Rectangle((0, 0), 1, 1, transform=figure.transFigure, alpha=0))
    inside = [name for name, (b, c) in rows.items() if b**2 < 4 * c]
    outside = [name for name, (b, c) in rows.items() if b**2 > 4 * c]
    alt = (
        f"The double cone b^2 = 4ac, turned by {degrees} degrees: inside {', '.join(inside)}; "
        f"outside {', '.join(outside)}; the other rows on it."
    )
    return Picture(figure, alt)


def double_cone():
    """Points of b^2 = 4ac as (a, c, b), each a grid of circles by spokes."""
    # with a = r + s, c = r - s and b = 2t the cone is round: s^2 + t^2 = r^2
    heights = np.linspace(-2, 2, 5)
    r, angle = np.meshgrid(heights, np.linspace(0, 2 * np.pi, 25))
    s = r * np.cos(angle)
    t = r * np.sin(angle)
    return r + s, r - s, 2 * t


def _draw_rows(axes, rows):
    for name, (b, c) in rows.items():
        splits = b**2 >= 4 * c
        color = BLUE if splits else VERMILION
        end = LENGTH * np.array([1, c, b]) / np.linalg.norm([1, b, c])
        axes.plot(*np.outer(end, [0, 1]), color=color, linewidth=1)
        axes.plot(*end, "o" if splits else "s", color=color)
        beside = "bottom" if b**2 == 4 * c else "top"
        axes.text(*end, f" {name}", color=DARK, fontsize=8, va=beside)


@in_our_style
def residual_slice(corners):
    """How far mixtures of four 3x3 kernels are from products: white is none.

    corners: `{name: (3, 3) tensor}`, at the bottom left and right, then at the top left and right.
    Each is scaled to the norm 1; between them and a little beyond, they are mixed in proportion.
    """
    places = torch.linspace(-BEYOND, 1 + BEYOND, FINENESS, dtype=torch.float64)
    relative = nearest_product(mixtures(list(corners.values()), places)).relative.numpy()
    figure = Figure(figsize=(5.4, 4.4), layout="constrained")
    axes = figure.subplots()
    grid = places.numpy()
    # the root: the valley is narrow
    axes.pcolormesh(grid, grid, np.sqrt(relative), cmap="Blues", vmin=0, vmax=1, shading="nearest")
    lines = axes.contour(grid, grid, relative, LEVELS, colors=DARK, linewidths=0.6)
    axes.clabel(lines, fmt=lambda level: f"{level:.0%}", fontsize=8)
    words = []
    for name, place in zip(corners, [(0, 0), (1, 0), (0, 1), (1, 1)], strict=True):
        axes.plot(*place, "o", color=VERMILION)
        axes.annotate(name, place, (0, 6), textcoords="offset points", ha="center", fontsize=9)
        words.append(f"{name} {nearest_product(corners[name]).relative.abs():.0%}")
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.set_xlabel("relative residual: white is a product", fontsize=9)
    alt = (
        f"A square slice of the 3x3 kernels with its corners {', '.join(words)}, coloured by the "
        "relative residual of the nearest product; products are a thin white line and a point."
    )
    return Picture(figure, alt)


def mixtures(corners, places):
    """Mixtures (n, n, 3, 3) of four kernels, up and across the square at these places (n,)."""
    a, b, c, d = (kernel / kernel.norm() for kernel in corners)
    across = places[:, None, None]
    bottom = a + across * (b - a)
    top = c + across * (d - c)
    return bottom + places[:, None, None, None] * (top - bottom)
