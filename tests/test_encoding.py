"""Text files are read and written as UTF-8, whatever the system's own encoding is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("lessonlib", "scripts", "docs")
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def without_encoding(source):
    """The lines that open a text file and do not say how it is encoded."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        told = {keyword.arg for keyword in node.keywords}
        if name in ("read_text", "write_text") and "encoding" not in told:
            yield node.lineno
        if name == "open" and opens_text(node) and "encoding" not in told:
            yield node.lineno


def opens_text(call):
    """Whether `open(path)` or `path.open()` opens a text file, and not `Image.open`."""
    if isinstance(call.func, ast.Name):
        mode = call.args[1:2]
    elif isinstance(call.func.value, ast.Name) and call.func.value.id[0].isupper():
        return False
    elif isinstance(call.func.value, ast.Call) or ast.unparse(call.func.value) in MODULES:
        return False
    else:
        mode = call.args[:1]
    mode += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    return not mode or "b" not in ast.unparse(mode[0])


MODULES = ("gzip", "bz2", "lzma", "tarfile", "zipfile", "np", "webbrowser")  # these open no text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_file_is_opened_as_utf_8(path):
    assert list(without_encoding(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line, found",
    [
        ("Path(x).read_text()", True),
        ("path.write_text(text)", True),
        ("open(x)", True),
        ("open(x, 'w')", True),
        ("path.open()", True),
        ("path.open(mode='a')", True),
        ("path.read_text(encoding='utf-8')", False),
        ("open(x, 'rb')", False),
        ("path.open('wb')", False),
        ("Image.open(x)", False),
        ("tarfile.open(x)", False),
    ],
)
def test_the_measure_finds_it(line, found):
    assert bool(list(without_encoding(line))) == found
