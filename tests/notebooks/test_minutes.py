"""The minutes at the top of each notebook, against what there is to read, to try and to solve in it."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
WORDS, STATEMENTS = 200, 10  # in a minute, of prose and of code
PLAYGROUND, QUIZ = 3, 5  # minutes
FOLDED = re.compile(r"<details>.*?</details>", flags=re.S)
EXERCISE = re.compile(r"^\*(\d+) minutes, (?:easy|medium|hard)\.\*", flags=re.M)


def estimate(notebook):
    """Minutes to read and try all that is not folded or an exercise, and the sum of what the exercises state."""
    prose, code = (
        [cell.source for cell in notebook.cells if cell.cell_type == kind]
        for kind in ("markdown", "code")
    )
    shown = [
        o["data"].get("text/markdown", "")
        for c in notebook.cells
        for o in c.get("outputs", [])
        if "data" in o
    ]
    words = sum(
        len(FOLDED.sub("", text).split()) for text in prose + shown if not EXERCISE.search(text)
    )
    statements = sum(
        isinstance(node, ast.stmt) for source in code for node in ast.walk(ast.parse(source))
    )
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
    rows = nbformat.read(NOTEBOOKS[0], as_version=4)
    table = dict(
        re.findall(
            r"\((\d\d_\w+\.ipynb)\) \|.*\| (\d+(?: \+ \d+)?)",
            "\n".join(c.source for c in rows.cells),
        )
    )
    for path in NOTEBOOKS[1:]:
        first = nbformat.read(path, as_version=4).cells[0].source
        assert table[path.name] == " + ".join(
            re.search(r"About (\d+) minutes, and (\d+)", first).groups()
        )
