"""The modules that others build on have type hints, and mypy finds nothing wrong with them."""

import inspect
import subprocess
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HINTED = ["lessonlib.merging"]


def test_mypy_finds_no_error():
    pytest.importorskip("mypy", reason="mypy is not installed, which checks type hints")
    found = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("module", HINTED)
def test_every_public_function_has_hints(module):
    """mypy passes a function without hints."""
    module = import_module(module)
    public = [getattr(module, name) for name in module.__all__]
    for function in filter(inspect.isfunction, public):
        signature = inspect.signature(function)
        hints = [parameter.annotation for parameter in signature.parameters.values()]
        assert inspect.Signature.empty not in (*hints, signature.return_annotation), function


def test_the_package_says_that_it_has_hints():
    assert files("lessonlib").joinpath("py.typed").is_file()
