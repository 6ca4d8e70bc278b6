"""The thread, statement by statement, with the heading of the notebooks that answers it."""

import re
from pathlib import Path

import nbformat
import pytest

from lessonlib.claims import claims

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
THREAD = "https://forums.fast.ai/t/58494"
# In our words, in the order of the posts
ANSWERS = {
    "A 2x2 is a 3x3 with zeros": "01_kernels_and_padding#A-2x2-inside-a-3x3",
    "With weights for the zeros, the 3x3 is more general": (
        "01_kernels_and_padding#A-2x2-inside-a-3x3"
    ),
    "The second 2x2 brings four more, so the 3x3 wins by one": "03_the_way_back#Counting",
    "Many sizes were tried, 3x3 turned out best": "08_five_by_five#The-best-size",
    "The derivation with x1 to x9, a1 to a9": "02_two_make_one#Two-steps-on-nine-pixels",
    "A from B and C: nine equations, nine unknowns": "02_two_make_one#Nine-equations",
    "B and C from A: no solution unless one entry is restricted": "03_the_way_back#Counting",
    "The same for a 5x5 and two 3x3": "08_five_by_five#Twenty-five-equations",
    "In practice that is often satisfactory": "08_five_by_five#On-photos",
    "Accuracies .65, .60, .60, .65": "06_imagewoof#The-verdict-on-claims-6-and-9",
    "Exactly 0.65: incredible": "06_imagewoof#How-many-runs-would-you-need?",
    "The 3x3 loses: eight do the job of nine": "03_the_way_back#Eight-for-nine",
    "Overdetermined one way, underdetermined the other": "03_the_way_back#Too-many-equations",
    "11% less memory": "05_what_it_costs#What-is-kept-for-the-backward-pass",
    "It takes longer: 71 seconds for 56": "05_what_it_costs#Twenty-six-per-cent-slower",
    "Parallel on the GPU, and a bottleneck": "05_what_it_costs#Why-the-series-waits",
    "Is that why nobody stacks 2x2?": "08_five_by_five#Why-nobody-stacks-2x2",
    "The same could be said of two 3x3": "08_five_by_five#Why-nobody-stacks-2x2",
    "Activation before BatchNorm, and the stems": "07_stem_and_order#Five-statements",
    "You are just shuffling the numbers": "01_kernels_and_padding#The-patch-matrix",
    "What he meant was what I expressed": "03_the_way_back#Eight-for-nine",
    "The equations do not render": "02_two_make_one#Nine-equations",
}
ALL = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))


def prose(name):
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def anchors(name):
    headings = re.findall(r"^#+ (.+)$", "\n".join(prose(name)), flags=re.M)
    return {heading.replace(" ", "-") for heading in headings}


def test_every_post_is_here():
    assert len(ANSWERS) == 22


@pytest.mark.parametrize("statement, answer", ANSWERS.items(), ids=list(ANSWERS))
def test_a_statement_is_answered_under_a_heading(statement, answer):
    name, anchor = answer.split("#")
    assert anchor in anchors(name), statement


def test_the_ledger_links_to_every_notebook_that_answers():
    linked = {claim.shown.split(".")[0] for claim in claims()}
    assert {answer.split("#")[0] for answer in ANSWERS.values()} <= linked


@pytest.mark.parametrize("name", ALL)
def test_a_notebook_comes_from_the_thread_and_leads_back(name):
    first, *others = prose(name)
    assert f"[thread]({THREAD})" in first
    (answer,) = (cell for cell in others if cell.startswith("## What you could answer"))
    said = "".join(line[1:] for line in answer.splitlines() if line.startswith(">"))
    assert len(re.findall(r"[.?](?= |$)", said)) == 3, said


@pytest.mark.parametrize("name", ALL)
def test_a_picture_comes_within_the_first_eight_cells(name):
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells[:8]
    drawn = re.compile(r"\b(kernel_row|cost_bars|photo_grid|\w+Playground)\(")
    assert any(drawn.search(cell.source) for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", ALL)
def test_a_notebook_has_at_most_2500_words(name):
    assert sum(len(cell.split()) for cell in prose(name)) <= 2500
