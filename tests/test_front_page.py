"""What the site's front page draws and counts, against sympy, torch and the records; no browser."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from scipy import stats

from lessonlib.algebra.factoring import is_product
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.algebra.symbolic import equations
from lessonlib.arms import THE_FOUR
from lessonlib.claims import claims
from lessonlib.configs import TIERS
from lessonlib.paths import DATA
from lessonlib.training.runs import load_runs

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def front():
    sys.path.insert(0, str(DOCS))
    import explorable

    yield explorable
    sys.path.remove(str(DOCS))


def test_the_equations_in_letters_are_those_of_sympy(front):
    plain = str.maketrans({"₀": "0", "₁": "1", "₂": "2", "{": "", "}": "", "_": ""})
    assert len(front.letters()) == len(equations())
    for line, equation in zip(front.letters(), equations()):
        left, right = line.translate(plain).split(" = ")
        assert left == str(equation.lhs).translate(plain)
        products = [f"{term[:3]}*{term[3:]}" for term in right.split(" + ")]
        ours = sympy.sympify("+".join(products))
        assert ours == sympy.sympify(str(equation.rhs).translate(plain))


def test_the_white_line_on_the_map_is_where_the_products_are(front):
    edge = torch.linspace(*front.EDGE, 49, dtype=torch.float64)
    corner = edge.square().clamp(max=0.25)
    assert nearest_product(front.plane(edge, corner)).relative.max() < 1e-6
    for beside in (corner + 0.05, corner - 0.05):
        assert nearest_product(front.plane(edge, beside)).relative.min() > 1e-3


def test_named_kernels_lie_where_they_belong(front):
    for name, place in front.data()["plane"]["named"].items():
        kernel = front.plane(*torch.tensor(place, dtype=torch.float64))
        scaled = front.THREE[name] / front.THREE[name][1, 1]
        torch.testing.assert_close(kernel, scaled)
        on_the_line = abs(place[1] - min(place[0] ** 2, 0.25)) < 1e-12
        assert on_the_line == (is_product(scaled).answer == "real")


def test_the_counts_are_those_of_the_algebra(front):
    counts = front.numbers()
    names = ("zeros", "places", "equations", "unknowns", "rank")
    assert [counts[name] for name in names] == [5, 4, 9, 8, 7]
    assert counts["claims"] == len(claims())


def test_the_races_are_the_recorded_runs(front):
    """Each accuracy is looked up in the file itself."""
    lines = [json.loads(line) for line in (DATA / "runs" / "cpu.jsonl").read_text().splitlines()]
    recorded = {
        tuple(round(1000 * epoch["accuracy"]) for epoch in line["epochs"]) for line in lines
    }
    for arms in front.data()["races"].values():
        assert len({len(arm["accuracies"]) for arm in arms}) == 1
        for arm in arms:
            assert {tuple(run) for run in arm["accuracies"]} <= recorded


def test_the_table_has_means_and_paired_differences_of_the_runs(front):
    network = json.loads(json.dumps(asdict(TIERS["cpu"].network)))
    runs = [run for run in load_runs("cpu") if run.recipe["network"] == network]
    by_seed = {(run.arm, run.seed): 100 * run.accuracy for run in runs}
    rows = front.numbers()["trained"]["the thread, clean"]
    for arm, (_, mean, words) in zip(THE_FOUR, rows):
        ours = np.array([by_seed[arm.name, seed] for seed in range(10)])
        assert mean == f"{ours.mean():.1f}"
        less = ours - [by_seed["3x3", seed] for seed in range(10)]
        low, high = stats.t.interval(0.95, 9, less.mean(), stats.sem(less)) if words else (0, 0)
        assert words in ("", f"{less.mean():+.1f} ({low:+.1f} to {high:+.1f})")


def test_the_pair_that_is_shown_is_not_its_own_half_turn(front):
    a = front.compose(torch.tensor(front.B), torch.tensor(front.C))
    assert not torch.equal(a, a.flip(0, 1))
