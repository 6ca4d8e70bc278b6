"""The walls of the house: what each floor must not load. Each import runs in a fresh interpreter."""

import subprocess
import sys

import pytest

HEAVY = {"fastai", "ipywidgets", "matplotlib", "IPython", "sklearn"}
WALLS = [
    ("lessonlib.kernels", HEAVY | {"sympy"}),
    ("lessonlib.algebra", HEAVY | {"torch"}),
    ("lessonlib.arms", HEAVY),
    ("lessonlib.networks", {"ipywidgets"}),
    ("lessonlib.imagewoof", {"fastai", "ipywidgets"}),
    ("lessonlib.playgrounds.kernel", {"fastai", "matplotlib"}),
    ("lessonlib.playgrounds.placement", {"fastai", "matplotlib"}),
    ("lessonlib.playgrounds.composition", {"fastai", "matplotlib"}),
    ("lessonlib.playgrounds.stack", {"fastai", "matplotlib"}),
]


@pytest.mark.parametrize("module, forbidden", WALLS, ids=[module for module, _ in WALLS])
def test_a_module_does_not_load_what_its_floor_does_not_need(module, forbidden):
    code = f"import sys, {module}; print(*sorted({forbidden!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []
