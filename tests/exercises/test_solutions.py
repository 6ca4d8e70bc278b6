"""The exercises of the notebooks: untried at first, and right with their own solutions."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def imports(cells):
    """The import statements of a notebook's code cells, as source."""
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    nodes = [node for tree in trees for node in tree.body]
    found = [ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(found)


def exercises(cells):
    """(lines of the stub, call of the checker, text of the cell after), for each exercise."""
    for cell, after in zip(cells, cells[1:]):
        *stub, last = cell.source.splitlines() or [""]
        if cell.cell_type == "code" and last.startswith("check_"):
            yield stub, last, after.source


def solutions(text):
    folded = r"<summary>Solution</summary>\n\n```python\n(.*?)\n```\n\n</details>"
    return re.findall(folded, text, re.S)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_solutions_in_the_notebook_are_right(path):
    cells = nbformat.read(path, as_version=4).cells
    headings = [cell.source for cell in cells if cell.cell_type == "markdown"]
    if not any(heading.startswith("## Exercises") for heading in headings):
        pytest.skip("no exercises yet")
    found = list(exercises(cells))
    assert len(found) >= 2
    for stub, call, folded in found:
        space = {}
        exec(imports(cells) + "\n" + "\n".join(stub), space)
        assert repr(eval(call, space)) == "Not tried yet."
        assert folded.count("<details><summary>Hint ") == 2
        (solution,) = solutions(folded)
        exec(solution, space)
        assert eval(call, space).right, (call, eval(call, space))
