"""The walls of the house: what each floor must not load, in fresh interpreters."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

HEAVY = {"fastai", "ipywidgets", "matplotlib", "IPython", "sklearn"}
WALLS = [  # what none of these modules loads
    (
        HEAVY | {"sympy"},
        [
            "lessonlib.kernels",
            "lessonlib.exercises.kernels",
            "lessonlib.algebra.hidden_width",
            "lessonlib.algebra.equivalence",
            "lessonlib.costs.timing",
            "lessonlib.merging",
        ],
    ),
    (HEAVY | {"torch"}, ["lessonlib.algebra.symbolic"]),
    (HEAVY | {"torch", "sympy"}, ["lessonlib.study.verdicts"]),
    (
        HEAVY,
        [
            "lessonlib.arms",
            "lessonlib.algebra.factoring",
            "lessonlib.costs.counting",
            "lessonlib.study.plans",
        ],
    ),
    (
        {"fastai", "matplotlib", "ipywidgets"},
        [
            "lessonlib.playgrounds.kernel",
            "lessonlib.playgrounds.placement",
            "lessonlib.playgrounds.composition",
            "lessonlib.playgrounds.receptive_field",
            "lessonlib.playgrounds.live.named",
        ],
    ),
    (
        {"fastai", "matplotlib"},
        [
            "lessonlib.playgrounds.factoring",
            "lessonlib.playgrounds.equivalence",
            "lessonlib.playgrounds.merging",
            "lessonlib.exercises.quiz",
        ],
    ),
    ({"fastai", "ipywidgets"}, ["lessonlib.imagewoof.photos"]),
    ({"ipywidgets"}, ["lessonlib.networks"]),
]
WITHOUT_TRAINING = [
    "00_start_here",
    "01_kernels_and_padding",
    "02_two_make_one",
    "03_the_way_back",
    "03b_the_rescue",
    "04_what_breaks_it",
]


def printed_by(code):
    fresh = [sys.executable, "-c", code]
    return subprocess.run(fresh, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("forbidden, modules", WALLS, ids=[modules[0] for _, modules in WALLS])
def test_a_module_does_not_load_what_its_floor_does_not_need(forbidden, modules):
    """One after the other in one interpreter: whoever loads it first is to blame."""
    lines = ["import sys"]
    for module in modules:
        lines.append(f"import {module}; print({module!r}, *({forbidden!r} & set(sys.modules)))")
    assert printed_by("\n".join(lines)) == modules


def imports_of(name):
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    kinds = ast.Import | ast.ImportFrom
    return [ast.unparse(node) for node in ast.parse(code).body if isinstance(node, kinds)]


def test_notebooks_without_training_do_not_load_fastai():
    lines = ["import sys"]
    for name in WITHOUT_TRAINING:
        lines += imports_of(name)
        lines.append(f"print({name!r}, 'fastai' in sys.modules)")
    assert printed_by("\n".join(lines)) == [f"{name} False" for name in WITHOUT_TRAINING]
