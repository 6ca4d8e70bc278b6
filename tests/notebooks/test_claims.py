"""What the ledger says about training agrees with the runs that came with the course."""

import pytest

from lessonlib.claims import claims, ledger
from lessonlib.study.comparisons import compared
from lessonlib.study.intervals import interval
from lessonlib.study.plans import get_plan
from lessonlib.study.verdicts import verdict
from lessonlib.training.runs import load_runs

THREE = ("the thread, clean", "as in 2019", "2019, one stem for all")
# Claim: the questions and rows whose differences its verdict gives, in this order
MEASURED = {
    6: [(question, 2) for question in THREE],
    9: [(question, row) for question in THREE for row in (0, 1, 2)],
    13: [("order and stem", row) for row in (0, 1, 2)],
}
REVERSED = ("order and stem", 2)  # the claim is about the 3x3 stem, the row about the 7x7


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """The comparisons of a question on the runs that came with the course, without our own."""
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    [part] = get_plan("cpu")
    runs = load_runs("cpu")
    return lambda question: compared(part, runs, question)


@pytest.mark.parametrize("number", MEASURED)
def test_the_ledger_gives_the_differences_that_were_recorded(number, rows):
    words = claims()[number - 1].verdict
    place = 0
    for question, row in MEASURED[number]:
        _, differences = rows(question)[row]
        sign = -1 if (question, row) == REVERSED else 1
        low, high = sorted(sign * end for end in interval(differences))
        figures = f"{sign * differences.mean():+.1f} ({low:+.1f} to {high:+.1f})"
        assert figures in words[place:], f"claim {number}: {figures}"
        place = words.index(figures, place) + len(figures)


def test_the_confounds_did_what_notebook_06_says(rows):
    steps = {}
    for comparison, differences in rows("one change at a time"):
        words = verdict(*interval(differences), len(differences))
        steps[comparison.label] = words.split()[0]
    assert steps["two 2x2: shifted by a pixel"] == "worse"
    assert steps["two 2x2, shifted, stride first: BatchNorm between"] == "better"
    assert steps["3x3 of 2019: Mish in the stem"] == "better"
    clean = rows("the thread, clean")[:3]
    one_stem = rows("2019, one stem for all")[:3]
    for (_, ours), (_, theirs) in zip(clean, one_stem, strict=True):
        low, high = interval(theirs)
        assert low <= ours.mean() <= high


def cells(row):
    return [cell.strip() for cell in row.split("|")[1:-1]]


def test_the_ledger_has_a_head_for_each_column_and_a_row_for_each_claim():
    head, _, *rows = map(cells, ledger().data.splitlines())
    assert all(head)
    assert [row[0] for row in rows] == [str(number) for number in range(1, 16)]
    assert {len(row) for row in rows} == {len(head)}
