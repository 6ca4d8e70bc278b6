"""Every `module.name` in a docstring of lessonlib exists."""

import ast
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import lessonlib

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "lessonlib").rglob("*.py"))
NAMES = [module.name for module in pkgutil.walk_packages(lessonlib.__path__, "lessonlib.")]
MODULES = [name for name in NAMES if not name.endswith("__main__")]  # that one is a command
HOMES = (ast.Module, ast.ClassDef, ast.FunctionDef)


def mentioned(source):
    """The dotted names in the backticks of the docstrings that begin with a module of lessonlib."""
    homes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, HOMES)]
    text = "\n\n".join(ast.get_docstring(home) or "" for home in homes)
    spans = " ".join(re.findall(r"`([^`]+)`", text))
    dotted = re.findall(r"(?<![\w./])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", spans)
    return [name for name in dotted if modules_named(name)]


def modules_named(dotted):
    """The modules that the first part of a name may mean; all of lessonlib's for a full path."""
    first = dotted.partition(".")[0]
    if first == "lessonlib":
        return ["lessonlib"]
    return [module for module in MODULES if module.rpartition(".")[2] == first]


def exists(dotted):
    """Whether one of the modules that the name may mean has what follows."""
    rest = dotted.split(".")[1:]
    return any(has(import_module(module), rest) for module in modules_named(dotted))


def has(thing, names):
    """Whether `thing.a.b` is there for names `["a", "b"]`: an attribute, a field or a module."""
    for name in names:
        if name in getattr(thing, "__annotations__", {}):
            return True
        if f"{getattr(thing, '__name__', '')}.{name}" in MODULES:
            thing = import_module(f"{thing.__name__}.{name}")
        elif hasattr(thing, name):
            thing = getattr(thing, name)
        else:
            return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_docstring_names_exists(file):
    wrong = {name for name in mentioned(file.read_text(encoding="utf-8")) if not exists(name)}
    assert wrong == set()


@pytest.mark.parametrize(
    "docstring, found, right",
    [
        ("`kernels.compose`", ["kernels.compose"], True),
        ("`kernels.comprise`", ["kernels.comprise"], False),
        ("`lessonlib.kernels.compose`", ["lessonlib.kernels.compose"], True),
        ("`lessonlib.kernel.compose`", ["lessonlib.kernel.compose"], False),
        ("`{arm: counting.Cost}`", ["counting.Cost"], True),
        ("`figures.race`", ["figures.race"], True),
        ("`torch.export`, and kernels.nothing", [], True),
        ("`data/figures.png`", [], True),
    ],
)
def test_the_names_in_a_docstring(docstring, found, right):
    assert mentioned(f'"""{docstring}"""') == found
    assert all(map(exists, found)) == right
