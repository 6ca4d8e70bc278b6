"""The site's reference: every module has its place, and plain English survives as RST."""

import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "reference").glob("*.rst"))


def test_every_folder_and_root_module_has_its_place_once():
    listed = []
    for page in PAGES:
        for names in re.findall(r"^\.\. modules:: (.*)", page.read_text(), flags=re.M):
            listed += names.split()
    inside = [
        module.name for module in pkgutil.iter_modules([str(ROOT / "lessonlib")], "lessonlib.")
    ]
    assert sorted(listed) == sorted(inside)


@pytest.fixture(scope="module")
def reference():
    pytest.importorskip("sphinx", reason="the site needs sphinx: make site installs it")
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "docstring, read",
    [
        ("Weights `(out, in)`, *kept* | as_they are.", "Weights (out, in), *kept* | as_they are."),
        (
            "The kernel's `k`s, ``n``, and a ` stray mark.",
            "The kernel's ks, n, and a ` stray mark.",
        ),
        ("1. not a list\n- nor this: `{a: b}`", "1. not a list - nor this: {a: b}"),
        (
            "Of |x| and x_ and _y_, `a\\b`:: no code follows.",
            "Of |x| and x_ and _y_, a\\b:: no code follows.",
        ),
        ("Run it:\n\n    python -m x *\n\nThen `stop`.", "Run it:\n\npython -m x *\n\nThen stop."),
        ("Title\n=====", "Title ====="),
        ("", ""),
    ],
)
def test_a_docstring_is_read_as_it_stands(docstring, read, reference):
    from docutils.core import publish_doctree

    rst = "\n".join(reference.as_rst(docstring))
    strict = {"halt_level": 2, "report_level": 2}  # a warning is an error
    assert publish_doctree(rst, settings_overrides=strict).astext() == read
