"""Verdicts on runs: what overclaims is named, what does not is accepted in any form."""

import numpy as np
import pytest
import torch

from helpers.checkers import checker_tests
from lessonlib.exercises import overclaims
from lessonlib.exercises.overclaims import check_verdict
from lessonlib.study.intervals import student, welch

OURS = [46.0, 47.0, 45.0, 46.5, 44.9]
THEIRS = [48.0, 49.1, 47.7, 48.4, 49.0]
FOUND = welch(OURS, THEIRS)  # -3.7 to -1.4
RIGHT = {
    "claim": "worse by at least 1.3",
    "runs": (5, 5),
    "interval": (FOUND.low, FOUND.high),
    "family": [FOUND.p],
}


def verdict(**changes):
    return RIGHT | changes, OURS, THEIRS


def by_seed():
    pairs = student(np.subtract(OURS, THEIRS))
    return verdict(interval=(pairs.low, pairs.high), family=[pairs.p])


def of_errors(width):
    error = (np.var(OURS, ddof=1) / 5 + np.var(THEIRS, ddof=1) / 5) ** 0.5
    return verdict(interval=[FOUND.difference + side * width * error for side in (-1, 1)])


TestCheckers = checker_tests(
    overclaims,
    {
        check_verdict: [
            verdict(),
            verdict(claim="Worse."),
            verdict(claim="open"),
            verdict(claim="worse by at most 4 points"),
            verdict(claim="worse  by at least 1 percentage point"),
            verdict(claim="better by at most 0"),
            verdict(interval=(-3.7, -1.4)),
            verdict(interval=np.array([-3.73, -1.39], dtype=np.float32)),
            verdict(interval=torch.tensor([-3.8, -1.3]), claim="worse by at least 1.2"),
            verdict(interval={"low": FOUND.low, "high": FOUND.high}),
            verdict(runs=5),
            verdict(runs={"mine": 5, "3x3": 5}),
            verdict(runs=np.array([5, 5])),
            verdict(family=[FOUND.p, 0.5, 0.9]),
            verdict(family=FOUND.p),
            verdict(family={"mine": FOUND.p}),
            verdict(family={FOUND.p, 0.5}),
            verdict(family=[round(FOUND.p, 4)]),
            by_seed(),
            (RIGHT, np.array(OURS, dtype=np.float32), torch.tensor(THEIRS)),
            (RIGHT | {"claim": "better", "interval": (-FOUND.high, -FOUND.low)}, THEIRS, OURS),
            ({"claim": "open", "runs": (1, 5), "interval": None, "family": []}, [46.0], THEIRS),
        ]
    },
    {
        check_verdict: {
            "no number of runs shows that two arms are equal": verdict(claim="no difference"),
            "as little as 1.39 points": verdict(claim="worse by at least 1.8"),
            "better is the wrong way round": verdict(claim="better"),
            "worse is not shown. Claim 'open', or a bound: 'worse by at most 3.7'": verdict(
                claim="worse", interval=(-3.73, 0.1)
            ),
            "up to 3.73 points worse": verdict(claim="worse by at most 2"),
            "claim has to be one of": verdict(claim="a catastrophe"),
            "runs has to be (5, 5)": verdict(runs=(12, 12)),
            "only one standard error": of_errors(1),
            "only 1.96 standard errors": of_errors(1.96),
            "in shares": verdict(interval=(FOUND.low / 100, FOUND.high / 100)),
            "the wrong way round": verdict(interval=(-FOUND.high, -FOUND.low)),
            "the lower bound first": verdict(interval=(-1.4, -3.7)),
            "leaves out what the runs allow": verdict(interval=(-2.6, -2.5)),
            "interval has to be 2 finite numbers": verdict(interval=-2.6),
            "2 finite numbers": verdict(claim="open", interval=(-np.inf, np.inf)),
            "the 60 comparisons of its family": verdict(family=[FOUND.p] * 60),
            "family lacks the p-value": verdict(family=[0.6]),
            "of all comparisons that you looked at": verdict(family=3),
            "lacks family": ({k: RIGHT[k] for k in RIGHT if k != "family"}, OURS, THEIRS),
            "give no interval": (RIGHT | {"runs": (2, 5)}, OURS[:2], THEIRS),
            "one number a run": (RIGHT, [OURS], THEIRS),
        }
    },
    of_values=[check_verdict],
)


def test_an_unfilled_field_is_not_tried_yet():
    assert repr(check_verdict(RIGHT | {"claim": ...}, OURS, THEIRS)) == "Not tried yet."


def test_an_estimate_is_as_good_as_its_two_ends():
    assert check_verdict(*verdict(interval=FOUND)).right


@pytest.mark.parametrize("seed", range(20))
def test_a_bound_is_accepted_up_to_the_end_of_the_interval(seed):
    ours, theirs = np.random.default_rng(seed).normal(46, 1, (2, 4)) + [[3], [0]]
    found = welch(ours, theirs)
    fields = {"runs": 4, "interval": (found.low, found.high), "family": [found.p]}
    for end, bound in (("least", found.low), ("most", found.high)):
        step = 0.01 if end == "least" else -0.01
        for side, right in ((-step, True), (step, False)):
            points = bound + side
            if points < 0:
                continue
            claim = f"better by at {end} {points:.6f}"
            shown = found.low > 0 or end == "most"
            assert check_verdict(fields | {"claim": claim}, ours, theirs).right == (right and shown)
