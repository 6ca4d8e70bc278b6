"""A line of lessonlib holds one thought: the limits are numbers that may only fall."""

from pathlib import Path

import pytest
from measure_code import Source, sources

SOURCES = sources(Path(__file__).parents[1] / "lessonlib")
DENSE_SHARE = 0.005
WIDE = 0
NESTED = 0


def found(kind):
    """The places of that kind in lessonlib, `file:line`."""
    here = []
    for source in SOURCES:
        here += [f"{source.path}:{line}" for line in getattr(source, kind)()]
    return here


def test_few_lines_are_dense():
    dense = found("dense")
    lines = sum(source.code_lines() for source in SOURCES)
    assert len(dense) < DENSE_SHARE * lines, "\n".join(dense)


def test_no_line_is_too_long():
    wide = found("wide")
    assert len(wide) <= WIDE, "\n".join(wide)


def test_no_comprehension_holds_another():
    nested = found("nested")
    assert len(nested) <= NESTED, "\n".join(nested)


@pytest.mark.parametrize(
    "kind, code, lines",
    [
        ("dense", "x = [" + "1, " * 21 + "]", []),
        ("dense", "\n\nx = [" + "1, " * 22 + "]", [3]),
        ("wide", "x = 1\n# " + "-" * 99, [2]),
        ("nested", "x = [i for i in [1]]", []),
        ("nested", "x = [[j for j in 'ab'] for i in [1]]", [1]),
        ("pairs", "a, b = 1, 2", [1]),
        ("pairs", "a, b = b, a\na, b = divmod(7, 2)", []),
    ],
)
def test_the_measure_finds_it(kind, code, lines, tmp_path):
    file = tmp_path / "code.py"
    file.write_text(code)
    assert getattr(Source(file), kind)() == lines
