"""The minutes stated in each notebook, against what there is to read, to try and to solve."""

import ast
import re
from itertools import chain
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
WORDS = 200  # of prose, per minute
STATEMENTS = 10  # of code, per minute
PLAYGROUND = 3  # minutes
QUIZ = 5  # minutes
FOLDED = re.compile(r"<details>.*?</details>", flags=re.S)
EXERCISE = re.compile(r"^\*(\d+) minutes, (?:easy|medium|hard)\.\*", flags=re.M)


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def count_statements(source):
    return sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(source)))


def estimate(notebook):
    """Minutes for what is neither folded nor an exercise, and those that the exercises state."""
    prose = sources(notebook, "markdown")
    code = sources(notebook, "code")
    outputs = chain.from_iterable(cell.get("outputs", []) for cell in notebook.cells)
    shown = [output.get("data", {}).get("text/markdown", "") for output in outputs]
    texts = [FOLDED.sub("", text) for text in prose + shown if not EXERCISE.search(text)]
    words = sum(len(text.split()) for text in texts)
    statements = sum(map(count_statements, code))
    playgrounds = sum(len(re.findall(r"\b[A-Z]\w+Playground\(", source)) for source in code)
    quiz = QUIZ * any("# Quiz" in text for text in prose)
    exercises = sum(int(minutes) for text in prose for minutes in EXERCISE.findall(text))
    return words / WORDS + statements / STATEMENTS + PLAYGROUND * playgrounds + quiz, exercises


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_minutes_stated_are_about_right(path):
    notebook = nbformat.read(path, as_version=4)
    stated = re.search(
        r"\*\*About (\d+) minutes(?:, and (\d+) for the exercises)?", notebook.cells[0].source
    )
    assert stated, "the first cell lacks its **About 30 minutes, and 45 for the exercises.**"
    said = tuple(int(minutes or 0) for minutes in stated.groups())
    assert said == pytest.approx(estimate(notebook), abs=4), f"{path.stem}: {estimate(notebook)}"


def test_the_table_of_notebook_00_states_the_same():
    start = nbformat.read(NOTEBOOKS[0], as_version=4)
    row = r"\((\d\db?_\w+\.ipynb)\) \|.*\| (\d+(?: \+ \d+)?)"
    table = dict(re.findall(row, "\n".join(cell.source for cell in start.cells)))
    for path in NOTEBOOKS[1:]:
        first = nbformat.read(path, as_version=4).cells[0].source
        stated = re.search(r"About (\d+) minutes, and (\d+)", first)
        assert table[path.name] == " + ".join(stated.groups())
