"""The arms are told apart in the common kinds of colour blindness, and words stand out."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from lessonlib.arms import ARMS
from lessonlib.figures import pictures
from lessonlib.figures.kernels import ENTRIES, kernel_row, spectrum_chart
from lessonlib.figures.style import COLORS, arm_style, entry_color
from lessonlib.figures.way_back import discriminant_plane, eigenvalue_paths, residual_histogram

# G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, A Physiologically-based Model for Simulation
# of Color Vision Deficiency, IEEE TVCG 15(6), 2009, severity 1; they act on linear RGB.
SEEN = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
APART = 15  # in CIELAB; 2.3 is just noticeable side by side, thin lines need several times that


def linear(color):
    values = np.array(to_rgb(color))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear RGB, for the white point of sRGB."""
    ratios = XYZ @ np.clip(rgb, 0, 1) / XYZ.sum(1)
    knee = 6 / 29
    near_black = ratios / (3 * knee**2) + 4 / 29
    x, y, z = np.where(ratios > knee**3, np.cbrt(ratios), near_black)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(a, b, kind):
    return np.linalg.norm(lab(SEEN[kind] @ linear(a)) - lab(SEEN[kind] @ linear(b)))


def contrast(a, b):
    """WCAG 2's ratio: the relative luminances, each with 5% of stray light."""
    dark, light = sorted(XYZ[1] @ linear(color) for color in (a, b))
    return (light + 0.05) / (dark + 0.05)


def test_the_measures_are_the_published_ones():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#767676", "white") == pytest.approx(4.54, abs=0.01)
    assert lab(linear("red")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    green_and_brown = "#00a000", "#b06000"
    assert distance(*green_and_brown, "deuteranopia") < distance(*green_and_brown, "normal") / 2


@pytest.mark.parametrize("kind", SEEN)
def test_the_colours_are_told_apart(kind):
    assert min(distance(a, b, kind) for a, b in combinations(COLORS, 2)) > APART


def test_arms_of_one_colour_differ_in_dash():
    for a, b in combinations(map(arm_style, ARMS), 2):
        assert a["color"] != b["color"] or a["linestyle"] != b["linestyle"]


def test_an_arm_of_2019_has_the_colour_of_its_clean_twin():
    twins = [name for name in ARMS if name.endswith("-2019")]
    assert len(twins) == 2
    for name in twins:
        assert arm_style(name)["color"] == arm_style(name.removesuffix("-2019"))["color"]


def test_the_sign_of_an_entry_has_one_colour_in_figures_and_playgrounds():
    for share in (-1, -0.5, 0, 0.5, 1):
        drawn = ENTRIES((share + 1) / 2)[:3]
        assert drawn == pytest.approx(to_rgb(entry_color(share)), abs=0.01)


DRAWN = {
    "kernels": lambda: kernel_row(
        {"A": torch.linspace(-2, 2, 25).reshape(5, 5), "B": torch.eye(3)}, "two kernels"
    ),
    "spectrum": lambda: spectrum_chart(
        {name: torch.logspace(0, -k, 20) for k, name in enumerate("abcde", 1)}
    ),
    "plane": lambda: discriminant_plane({"blur": (2, 1), "box": (1, 1), "two ends": (0, 1)}),
    "histogram": lambda: residual_histogram(
        torch.linspace(0.1, 0.6, 200), {"blur": 0.1, "box": 0.44}, (0.1, 0.5)
    ),
    "paths": lambda: eigenvalue_paths(
        torch.linspace(0, 3, 30), torch.linspace(-2, 2, 120).reshape(30, 4), 1.5
    ),
}


def shown_words(figure):
    """The texts of a figure that hold words and are seen."""
    texts = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return [text for text in texts if text.get_text().strip() and text.get_visible()]


def ground_of(text, pixels):
    """The commonest colour where the text stands, or None outside the figure."""
    box = text.get_window_extent()
    rows = slice(max(int(box.y0), 0), int(box.y1) + 1)
    columns = slice(max(int(box.x0), 0), int(box.x1) + 1)
    colors = Counter(map(tuple, pixels[rows, columns].reshape(-1, 3)))
    if not colors:
        return None
    [(commonest, _)] = colors.most_common(1)
    return np.array(commonest) / 255


@pytest.mark.parametrize("name", DRAWN)
def test_words_in_charts_stand_out_from_what_is_behind_them(name, monkeypatch):
    figures = []
    monkeypatch.setattr(pictures, "_rendered", lambda figure: figures.append(figure) or b"")
    DRAWN[name]()
    canvas = FigureCanvasAgg(figures[0])
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3]
    words = shown_words(figures[0])
    assert len(words) > 5
    for text in words:
        ground = ground_of(text, pixels)
        if ground is not None:
            assert contrast(text.get_color(), ground) >= 4.5, text.get_text()
