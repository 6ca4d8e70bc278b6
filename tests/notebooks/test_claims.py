"""The ledger: a row a claim, a verdict of a few words, its figures behind the link."""

import re
from pathlib import Path

import nbformat
import pytest

from lessonlib.claims import claims, ledger
from lessonlib.imagewoof.sources import official_names
from lessonlib.study.evaluation import answers
from lessonlib.study.thread import compatible
from lessonlib.training.runs import load_runs

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
FEW = 30  # words
INTERVAL = re.compile(r"\d \([-+]?[\d.]+ to ")
CITED = re.compile(r"[Cc]laims? (\d+)(?: and (\d+))?")


def cells(row):
    return [cell.strip() for cell in row.split("|")[1:-1]]


def test_the_ledger_has_a_head_for_each_column_and_a_row_for_each_claim():
    head, _, *rows = map(cells, ledger().data.splitlines())
    assert all(head)
    assert [row[0] for row in rows] == [str(claim.number) for claim in claims()]
    assert {len(row) for row in rows} == {len(head)}


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: str(claim.number))
def test_a_verdict_is_short_and_leaves_measured_figures_to_the_notebook(claim):
    assert len(claim.verdict.split()) <= FEW
    assert not INTERVAL.search(claim.verdict)


def test_an_interval_would_be_found():
    assert INTERVAL.search("In points: -1.0 (-1.7 to -0.2), worse")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_claim_that_is_cited_by_number_is_there(path):
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    cited = [number for found in CITED.findall("\n".join(sources)) for number in found if number]
    assert {int(number) for number in cited} <= {claim.number for claim in claims()}


def test_claim_9_says_what_the_primary_family_found():
    """Held to the recorded runs, so that another run of them asks for other words."""
    validated = sum(name.startswith("val/") for name in official_names())
    rows = answers(load_runs("primary"), validated)
    found = [row.verdict for row in rows if row.stands and compatible(row.gap) == "compatible"]
    assert len(found) == 3
    assert all(words.startswith("worse") for words in found)
    assert {round(row.unpaired.difference) for row in rows} == {-1}
    [verdict] = [claim.verdict for claim in claims() if claim.number == 9]
    assert "all three lose about one point" in verdict
    assert "compatible" in verdict
