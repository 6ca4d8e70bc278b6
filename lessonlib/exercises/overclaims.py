"""Checker of a verdict on runs: does it claim more than they give?"""

import re
from collections.abc import Mapping, Set
from math import inf, isinf, isnan

import numpy as np

from lessonlib.exercises.checking import Mistake, as_float64, checker
from lessonlib.study.intervals import holm, student, welch

__all__ = ["check_verdict"]

ROUNDING = 0.0501  # a bound with one decimal
FIELDS = ("claim", "runs", "interval", "family")
POINTS = r"(?: (?:percentage )?points?)?"
CLAIM = re.compile(rf"(better|worse)(?: by at (least|most) (\d*\.?\d+){POINTS})?\.?", re.I)
EQUAL = re.compile(r"equal|same|no difference|as good", re.I)
FORMS = "'better', 'worse', 'better by at least 0.5', 'worse by at most 1', or 'open'"


@checker
def check_verdict(verdict, ours, theirs):
    """`verdict` says how the runs `ours` do against the runs `theirs`, and no more than they give.

    ours, theirs: accuracies in percent, one for each run. verdict: a dictionary of four fields.
    claim: 'better', 'worse', one of these with ' by at least 0.5' or ' by at most 1', or 'open';
    runs: how many of each, `(n, m)`; interval: `(low, high)` in points, ours minus theirs;
    family: the p-values of all comparisons looked at, this one among them.
    """
    _require_fields(verdict)
    side, bound, points = _claim_of(verdict["claim"])
    ours, theirs = (_accuracies(runs) for runs in (ours, theirs))
    _check_runs(verdict["runs"], (len(ours), len(theirs)))
    estimates = [found for found in _estimates(ours, theirs) if not isinf(found.low)]
    if not estimates:
        if side != "open":
            raise Mistake(
                f"It overclaims: {len(ours)} and {len(theirs)} runs give no interval, "
                "so the claim is 'open' until there are at least three of each that differ."
            )
        return "so few runs leave everything open, and it says so."
    low, high = _numbers(_ends_of(verdict["interval"]), "interval", 2)
    _check_interval(low, high, ours, theirs, estimates)
    _check_claim(side, bound, points, low, high)
    _check_family(verdict["family"], estimates, stands=side != "open" and bound != "most")
    return "the verdict claims no more than these runs give."


def _require_fields(verdict):
    if not isinstance(verdict, Mapping):
        raise Mistake(f"A verdict is a dictionary with the fields {', '.join(FIELDS)}.")
    missing = [field for field in FIELDS if field not in verdict]
    if missing:
        raise Mistake(f"The verdict lacks {', '.join(missing)}: without it nobody can judge it.")


def _claim_of(claim):
    """(side, least or most or None, points) of a claim."""
    words = " ".join(claim.split()) if isinstance(claim, str) else ""
    if EQUAL.search(words):
        raise Mistake(
            "It overclaims: no number of runs shows that two arms are equal. Give a bound, "
            "such as 'worse by at most 1', or claim 'open'."
        )
    if words.lower().rstrip(".") == "open":
        return "open", None, 0
    found = CLAIM.fullmatch(words)
    if not found:
        raise Mistake(f"claim has to be one of {FORMS}.")
    side, bound, points = found.groups()
    return side.lower(), bound and bound.lower(), float(points or 0)


def _ends_of(interval):
    """The two ends of a whole Estimate, as `welch` gives it; anything else as it is."""
    return (interval.low, interval.high) if hasattr(interval, "low") else interval


def _numbers(value, name, count):
    found = as_float64(_listed(value))
    if found is None or found.numel() != count or not found.isfinite().all():
        raise Mistake(f"{name} has to be {count} finite numbers.")
    return found.flatten().tolist()


def _listed(value):
    """What a dictionary or a set holds as a list: the learner may have named the numbers."""
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, Set) else value


def _accuracies(runs):
    found = as_float64(runs)
    if found is None or found.ndim != 1 or not found.isfinite().all() or not len(found):
        raise Mistake("The runs have to be two lists of accuracies in percent, one number a run.")
    return found.numpy()


def _check_runs(said, there):
    value = as_float64(said)
    if value is not None and value.numel() == 1:
        said = [said, said]
    if tuple(_numbers(said, "runs", 2)) != there:
        raise Mistake(f"runs has to be {there}: that is how many were given.")


def _estimates(ours, theirs):
    """By Welch, and by Student seed by seed where there are as many runs of each."""
    found = [welch(ours, theirs)]
    if len(ours) == len(theirs):
        found.append(student(ours - theirs))
    return found


def _check_interval(low, high, ours, theirs, estimates):
    if low > high:
        raise Mistake("interval has to be (low, high), the lower bound first.")
    if any(_holds(low, high, found) for found in estimates):
        return
    if any(_holds(-high, -low, found) for found in estimates):
        raise Mistake("The interval is the wrong way round: take ours minus theirs.")
    if any(_holds(100 * low, 100 * high, found) for found in estimates):
        raise Mistake("The interval is in shares: a point is a hundredth, so times 100.")
    right = estimates[0]
    error = (ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs)) ** 0.5
    why = f"Welch gives {right.low:+.2f} to {right.high:+.2f}"
    for width, wrong in {1: "one standard error", 1.96: "1.96 standard errors"}.items():
        ends = right.difference - width * error, right.difference + width * error
        if np.allclose((low, high), ends, rtol=0, atol=ROUNDING):
            raise Mistake(f"It overclaims: the interval is only {wrong} on each side; {why}.")
    raise Mistake(f"It overclaims: the interval leaves out what the runs allow; {why}.")


def _holds(low, high, found):
    return low <= found.low + ROUNDING and found.high - ROUNDING <= high


def _check_claim(side, bound, points, low, high):
    """Mistake if the interval allows what the claim leaves out."""
    if side == "open":
        return
    if side == "worse":  # the same question, with the arms exchanged
        low, high = -high, -low
    if bound == "most":
        if high > points:
            raise Mistake(f"It overclaims: up to {high:.2f} points {side} are inside the interval.")
    elif high < 0:
        raise Mistake(f"The interval lies wholly on the other side: {side} is the wrong way round.")
    elif low <= 0:
        raise Mistake(
            f"It overclaims: zero is inside the interval, so {side} is not shown. "
            f"Claim 'open', or a bound: '{side} by at most {high:.1f}' and its like."
        )
    elif points > low:
        raise Mistake(
            f"It overclaims the size: as little as {low:.2f} points are inside the interval, "
            f"so {points:g} is not the least."
        )


def _check_family(family, estimates, stands):
    p = as_float64(_listed(family))
    if p is None or not p.numel() or not ((p >= 0) & (p <= 1)).all():
        raise Mistake("family has to be the p-values of all comparisons that you looked at.")
    p = np.atleast_1d(p.numpy()).flatten()
    own = [found.p for found in estimates if not isnan(found.p)]
    near = np.isclose(p[:, None], own, rtol=0.06, atol=0.0006).any(1)
    if not near.any():
        raise Mistake(f"family lacks the p-value of this comparison, {own[0]:.2g}.")
    adjusted = holm(p)[near].min(initial=inf)
    if stands and adjusted >= 0.05:
        raise Mistake(
            f"It overclaims: by itself the difference is shown, but of the {len(p)} comparisons "
            f"of its family together it is not (Holm: p = {adjusted:.2f}). Claim 'open'."
        )
