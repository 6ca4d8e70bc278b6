"""The walls of the house: what each floor must not load. Each import runs in a fresh interpreter."""

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

HEAVY = {"fastai", "ipywidgets", "matplotlib", "IPython", "sklearn"}
WALLS = [
    ("lessonlib.kernels", HEAVY | {"sympy"}),
    ("lessonlib.algebra.symbolic", HEAVY | {"torch"}),
    ("lessonlib.algebra.factoring", HEAVY),
    ("lessonlib.algebra.hidden_width", HEAVY | {"sympy"}),
    ("lessonlib.algebra.equivalence", HEAVY | {"sympy"}),
    ("lessonlib.arms", HEAVY),
    ("lessonlib.merging", HEAVY | {"sympy"}),
    ("lessonlib.costs.counting", HEAVY),
    ("lessonlib.costs.timing", HEAVY | {"sympy"}),
    ("lessonlib.merging", HEAVY | {"sympy"}),
    ("lessonlib.study.verdicts", HEAVY | {"torch", "sympy"}),
    ("lessonlib.study.plans", HEAVY),
    ("lessonlib.networks", {"ipywidgets"}),
    ("lessonlib.imagewoof.photos", {"fastai", "ipywidgets"}),
    ("lessonlib.playgrounds.kernel", {"fastai", "matplotlib", "ipywidgets"}),
    ("lessonlib.playgrounds.placement", {"fastai", "matplotlib", "ipywidgets"}),
    ("lessonlib.playgrounds.composition", {"fastai", "matplotlib", "ipywidgets"}),
    ("lessonlib.playgrounds.receptive_field", {"fastai", "matplotlib", "ipywidgets"}),
    ("lessonlib.playgrounds.live.named", {"fastai", "matplotlib", "ipywidgets"}),
    ("lessonlib.playgrounds.factoring", {"fastai", "matplotlib"}),
    ("lessonlib.playgrounds.equivalence", {"fastai", "matplotlib"}),
    ("lessonlib.playgrounds.merging", {"fastai", "matplotlib"}),
    ("lessonlib.exercises.kernels", HEAVY | {"sympy"}),
    ("lessonlib.exercises.quiz", {"fastai", "matplotlib"}),
]


@pytest.mark.parametrize("module, forbidden", WALLS, ids=[module for module, _ in WALLS])
def test_a_module_does_not_load_what_its_floor_does_not_need(module, forbidden):
    code = f"import sys, {module}; print(*sorted({forbidden!r} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []


@pytest.mark.parametrize(
    "name",
    [
        "00_start_here",
        "01_kernels_and_padding",
        "02_two_make_one",
        "03_the_way_back",
        "04_what_breaks_it",
    ],
)
def test_a_notebook_without_training_does_not_load_fastai(name):
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    imports = "\n".join(
        ast.unparse(node)
        for node in ast.parse(code).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    checked = f"{imports}\nimport sys\nprint('fastai' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", checked], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
