"""The sheet and the notes for teachers: what they name exists, what they count is right."""

import re
from pathlib import Path

import nbformat
import pytest

from lessonlib.arms import ARMS
from lessonlib.costs.counting import cost

ROOT = Path(__file__).parents[2]
SHEET = nbformat.read(ROOT / "notebooks" / "10_the_sheet.ipynb", as_version=4)
NOTES = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
PROSE = "\n".join(cell.source for cell in SHEET.cells if cell.cell_type == "markdown")
SHOWN = [output for cell in SHEET.cells for output in cell.get("outputs", [])]
TABLES = "\n".join(output.get("data", {}).get("text/markdown", "") for output in SHOWN)


def headings(name):
    cells = nbformat.read(ROOT / "notebooks" / name, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.findall(r"^#+ (.+)$", prose, flags=re.M)


@pytest.mark.parametrize(
    "link", re.findall(r"\]\((\d\d_\w+\.ipynb)#([^)]+)\)", PROSE), ids="#".join
)
def test_a_link_of_the_sheet_leads_to_a_heading(link):
    name, anchor = link
    assert anchor in [heading.replace(" ", "-") for heading in headings(name)]


def test_the_sheet_counts_as_the_course_does():
    assert "| one 3x3, two 2x2 | 9 | 8 | 7 | 2 |" in TABLES
    assert "| one 5x5, two 3x3 | 25 | 18 | 17 | 8 |" in TABLES


@pytest.mark.parametrize("row", [("pair", "3x3", "11%"), ("two-3x3", "5x5", "28%")])
def test_the_savings_in_words_are_those_of_a_layer(row):
    pair, one, said = row
    weights = [cost(ARMS[name].build(64, 64, 1), (1, 64, 8, 8)).weights for name in (pair, one)]
    assert said == f"{1 - weights[0] / weights[1]:.0%}"
    assert said in PROSE


def test_the_sheet_without_its_capstone_fits_a_page():
    sheet = PROSE.partition("## Capstone")[0] + TABLES
    assert len(sheet.split()) < 700


def test_the_notes_for_teachers_name_notebooks_and_headings_that_exist():
    links = re.findall(r"\]\(\.\./notebooks/(.+?)\)", NOTES)
    assert links and all((ROOT / "notebooks" / link).exists() for link in links)
    every = [headings(path.name) for path in (ROOT / "notebooks").glob("*.ipynb")]
    skipped = re.findall(
        r"\*([A-Z][^*]+)\*", NOTES.partition("## What to skip")[2].partition("##")[0]
    )
    assert len(skipped) == 3
    assert set(skipped) <= {heading for some in every for heading in some}


@pytest.mark.parametrize("part", ["two hours", "a day", "a week", "Common errors", "discussion"])
def test_the_notes_for_teachers_have_each_part(part):
    assert part in NOTES
