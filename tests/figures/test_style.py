"""Charts look the same, whatever style the notebook has chosen, and leave that as it was."""

import ast
import inspect
import pkgutil
from importlib import import_module

import matplotlib
import pytest
import torch
from matplotlib import pyplot

import lessonlib.figures
from helpers.runs import a_run
from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.kernels import kernel_row
from lessonlib.figures.race import race_chart
from lessonlib.figures.recorded_runs import recorded_chart

STYLES = {
    "dark": "dark_background",
    "large": {"font.size": 30, "lines.linewidth": 9, "figure.dpi": 300},
    "LaTeX": {"text.usetex": True},
    "tight": {"savefig.bbox": None, "savefig.facecolor": "black", "axes.grid": True},
}


def charts():
    yield kernel_row({"one": torch.eye(2)}, "a kernel")
    yield race_chart([a_run()], 2, 0.1, "drawings", 8)
    yield recorded_chart({"one 2x2": [a_run(), a_run(seed=1)]})


@pytest.fixture(scope="module")
def usual():
    with matplotlib.style.context("default"):
        return [chart.png for chart in charts()]


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_chart_is_the_same_in_every_style(style, usual):
    with matplotlib.style.context(style):
        chosen = dict(matplotlib.rcParams)
        assert [chart.png for chart in charts()] == usual
        assert dict(matplotlib.rcParams) == chosen


def test_a_style_chosen_while_a_race_draws_is_kept():
    with matplotlib.style.context("default"):
        in_our_style(lambda: pyplot.style.use("dark_background"))()
        assert matplotlib.rcParams["axes.facecolor"] == "black"


def test_every_chart_is_drawn_in_our_style():
    for found in pkgutil.iter_modules(lessonlib.figures.__path__):
        module = import_module(f"lessonlib.figures.{found.name}")
        tree = ast.parse(inspect.getsource(module))
        for node in tree.body:
            draws = isinstance(node, ast.FunctionDef) and "Picture(figure" in ast.unparse(node)
            names = [ast.unparse(one) for one in node.decorator_list] if draws else ["in_our_style"]
            assert "in_our_style" in names, f"{module.__name__}.{node.name}"
