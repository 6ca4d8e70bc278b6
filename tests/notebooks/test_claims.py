"""What the ledger says of training is what the runs say that came with the course."""

import pytest

from lessonlib.claims import claims, ledger
from lessonlib.study.comparisons import compared
from lessonlib.study.plans import get_plan
from lessonlib.study.verdicts import interval, verdict
from lessonlib.training.runs import load_runs

MEASURED = {  # claim: the questions and rows whose differences its verdict gives, in this order
    6: [
        (question, 2) for question in ("the thread, clean", "as in 2019", "2019, one stem for all")
    ],
    9: [
        (question, row)
        for question in ("the thread, clean", "as in 2019", "2019, one stem for all")
        for row in (0, 1, 2)
    ],
    13: [("order and stem", 0), ("order and stem", 1), ("order and stem", 2)],
}


@pytest.mark.parametrize("number", MEASURED)
def test_the_ledger_gives_the_differences_that_were_recorded(number, tmp_path, monkeypatch):
    monkeypatch.setenv(
        "LESSON_RUNS", str(tmp_path)
    )  # this machine's own runs are none of the ledger's
    [part], runs = get_plan("cpu"), load_runs("cpu")
    verdict, place = claims()[number - 1].verdict, 0
    for question, row in MEASURED[number]:
        _, differences = compared(part, runs, question)[row]
        sign = (
            -1 if (question, row) == ("order and stem", 2) else 1
        )  # the claim is about the 3x3 stem, not the 7x7
        low, high = sorted(sign * end for end in interval(differences))
        figures = f"{sign * differences.mean():+.1f} ({low:+.1f} to {high:+.1f})"
        assert figures in verdict[place:], f"claim {number}: {figures}"
        place = verdict.index(figures, place) + len(figures)


def test_the_confounds_did_what_notebook_06_says(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path))
    [part], runs = get_plan("cpu"), load_runs("cpu")
    steps = {
        c.label: verdict(*interval(d), len(d)).split()[0]
        for c, d in compared(part, runs, "one change at a time")
    }
    assert steps["two 2x2: shifted by a pixel"] == "worse"
    assert (
        steps["two 2x2, shifted, stride first: BatchNorm between"]
        == steps["3x3 of 2019: Mish in the stem"]
        == "better"
    )
    clean, one_stem = (
        compared(part, runs, question)[:3]
        for question in ("the thread, clean", "2019, one stem for all")
    )
    for (_, ours), (_, theirs) in zip(clean, one_stem):
        low, high = interval(theirs)
        assert low <= ours.mean() <= high


def test_the_ledger_has_a_head_for_each_column_and_a_row_for_each_claim():
    head, _, *rows = (
        [cell.strip() for cell in row.split("|")[1:-1]] for row in ledger().data.splitlines()
    )
    assert all(head) and [row[0] for row in rows] == [str(number) for number in range(1, 16)]
    assert {len(row) for row in rows} == {len(head)}
