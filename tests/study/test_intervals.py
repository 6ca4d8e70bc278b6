"""The intervals keep their promises in simulated studies, and agree with scipy's own."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lessonlib.study.intervals import (
    FEWEST,
    estimate,
    holm,
    interval,
    power,
    runs_needed,
    student,
    welch,
)
from lessonlib.training.runs import load_runs

STUDIES = 2000
SIZES = [3, 5, 8, 12]
# Differences with mean 0, and the promised share of studies whose interval holds it
KINDS = {
    "normal": (lambda random, shape: random.normal(size=shape), 0.95),
    "heavy-tailed": (lambda random, shape: random.laplace(size=shape), 0.95),
    "skewed": (lambda random, shape: random.gamma(4, size=shape) - 4, 0.93),
}
ACCURACIES = st.lists(st.floats(20, 80).map(lambda x: round(x, 2)), min_size=3, max_size=14)


def error_of(share):
    """Three standard errors of a share of STUDIES."""
    return 3 * (share * (1 - share) / STUDIES) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_the_interval_covers_what_it_claims(n, kind):
    draw, promised = KINDS[kind]
    low, high = interval(draw(np.random.default_rng(n), (STUDIES, n)))
    covered = ((low <= 0) & (high >= 0)).mean()
    assert covered > promised - error_of(promised)
    if kind == "normal":  # nor is it wider than it has to be
        assert covered < promised + error_of(promised)


def test_the_usual_percentile_interval_would_not():
    """The check above can fail: it does for the method most people take."""
    random = np.random.default_rng(0)
    differences = random.normal(size=(STUDIES, 10))
    means = differences[:, random.integers(10, size=(1000, 10))].mean(-1)
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    assert ((low <= 0) & (high >= 0)).mean() < 0.92


@given(ACCURACIES, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_pairs_are_scipys(x, level):
    found = student(x, level)
    if np.ptp(x) < 1e-9:
        assert found[1:3] == (-math.inf, math.inf) and math.isnan(found.p)
        return
    theirs = stats.ttest_1samp(x, 0)
    low, high = theirs.confidence_interval(level)
    assert found == pytest.approx((np.mean(x), low, high, theirs.pvalue), rel=1e-6, abs=1e-12)
    assert interval(x, level) == pytest.approx((low, high))


@given(ACCURACIES, ACCURACIES, st.sampled_from([0.5, 0.95, 0.999]))
def test_unpaired_runs_are_scipys_welch(x, y, level):
    found = welch(x, y, level)
    if np.ptp(x) + np.ptp(y) < 1e-9:
        return
    theirs = stats.ttest_ind(x, y, equal_var=False)
    low, high = theirs.confidence_interval(level)
    wanted = (np.mean(x) - np.mean(y), low, high, theirs.pvalue)
    assert found == pytest.approx(wanted, rel=1e-5, abs=1e-9)


def test_an_error_known_for_certain_has_normal_bounds():
    found = estimate(1.0, [(0.25, np.inf)], 0.95)
    assert found == pytest.approx((1, 1 - 0.98, 1 + 0.98, 0.0455), abs=1e-3)


def by_closed_testing(p):
    """Holm's adjusted p-values by their meaning: the worst of Bonferroni's over all families."""
    adjusted = []
    for i in range(len(p)):
        sets = [s for k in range(1, len(p) + 1) for s in combinations(range(len(p)), k) if i in s]
        adjusted.append(max(min(1, len(s) * min(p[j] for j in s)) for s in sets))
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test_of_bonferronis(p):
    assert holm(p) == pytest.approx(by_closed_testing(p))


def test_holm_of_no_family_is_empty_and_of_nonsense_refused():
    assert len(holm([])) == 0
    for wrong in ([0.1, math.nan], [1.2]):
        with pytest.raises(ValueError, match="lies between 0 and 1"):
            holm(wrong)


@pytest.mark.parametrize("n", [3, 5, 12])
@pytest.mark.parametrize("points", [0, 1, -2.5])
def test_power_is_the_share_of_simulated_studies(n, points):
    random = np.random.default_rng(n)
    ours = random.normal(points, 1.2, (STUDIES, n))
    theirs = random.normal(0, 1.2, (STUDIES, n))
    seen = (stats.ttest_ind(ours, theirs, axis=1).pvalue < 0.05).mean()
    assert seen == pytest.approx(power(points, 1.2, n), abs=error_of(0.5))


@given(
    st.lists(st.floats(-20, 20).map(lambda x: round(x, 3)), min_size=4, max_size=12),
    st.floats(0.5, 3),
    st.floats(-9, 9),
)
def test_the_interval_moves_grows_and_turns_with_the_differences(differences, factor, shift):
    x = np.array(differences)
    low, high = interval(x)
    if np.isinf([low, high]).any():
        return
    assert low <= x.mean() <= high or math.isclose(low, high)
    assert np.allclose(
        interval(factor * x + shift),
        [factor * low + shift, factor * high + shift],
        atol=1e-6 * (high - low + 1),
    )
    assert np.allclose(interval(-x), [-high, -low], atol=1e-6 * (high - low + 1))


def test_too_few_or_equal_differences_leave_everything_open():
    for differences in ([], [3.0], [3.0, 3.1], [1.0] * 6):
        assert interval(differences) == (-math.inf, math.inf)
        assert math.isnan(student(differences).p)
    for sides in (([1.0, 2.0], [1.0, 2.0, 3.0]), ([1.0] * 4, [2.0] * 4), ([], [])):
        found = welch(*sides)
        assert found[1:3] == (-math.inf, math.inf)
        assert math.isnan(found.p)
    assert FEWEST == 3


@pytest.mark.parametrize("n", [4, 10])
def test_rounding_is_no_spread(n):
    """The same difference of 12 photos, from another accuracy each time."""
    correct = range(100, 100 + 311 * n, 311)
    equal = [100 * (right / 3929 - (right - 12) / 3929) for right in correct]
    assert len(set(equal)) > 1
    assert interval(equal) == (-math.inf, math.inf)


def test_studies_at_once_are_studies_one_by_one():
    differences = np.random.default_rng(3).normal(size=(3, 7))
    low, high = interval(differences)
    assert np.allclose([interval(row) for row in differences], np.stack([low, high], 1))


def exactly_needed(sd, points, wanted):
    n = 2
    while True:
        cut = stats.t.ppf(0.975, n - 1)
        found = stats.nct(n - 1, points / sd * n**0.5)
        if found.sf(cut) + found.cdf(-cut) >= wanted:
            return n
        n += 1


@pytest.mark.parametrize("wanted", [0.8, 0.9])
@pytest.mark.parametrize("sd", [0.6, 1.34, 4.0])
def test_the_runs_needed_are_those_of_the_t_test_to_within_one(sd, wanted):
    differences = np.array([-1, 1, -1, 1]) * sd * 0.75**0.5  # whose spread is sd
    needed = max(FEWEST, exactly_needed(sd, 1, wanted))
    assert abs(runs_needed(differences, 1, wanted) - needed) <= 1


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: interval([1, 2, 3, math.nan]), "must be finite"),
        (lambda: interval(3), "One number"),
        (lambda: interval([[1, 2], [3]]), "numbers in a list"),
        (lambda: interval([1, 2, 3, 4], level=95), "between 0 and 1"),
        (lambda: welch([1, 2, 3], [1, math.inf, 2]), "must be finite"),
        (lambda: power(1, 0, 5), "a number of points above 0"),
        (lambda: power(1, 1, 1), "n is 1"),
        (lambda: runs_needed([1], 1), "needs two differences"),
        (lambda: runs_needed([1, 2], 0), "at least 0.001"),
        (lambda: runs_needed([1, 2], math.nan), "at least 0.001"),
        (lambda: runs_needed([1, 2], 1, power=80), "a share from 0.5"),
    ],
)
def test_nonsense_is_answered_with_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_it_covers_what_it_claims_for_accuracies_as_they_are_recorded():
    """Two arms whose runs are drawn from the first study's, each about its own arm's mean."""
    by_arm = {}
    for run in load_runs("cpu"):
        by_arm.setdefault((run.arm, str(run.recipe["network"])), []).append(100 * run.accuracy)
    around = [np.array(found) - np.mean(found) for found in by_arm.values() if len(found) >= 7]
    scaled = [left / left.std(ddof=1) for left in around]
    pool = np.concatenate(scaled)
    assert len(pool) > 80
    random = np.random.default_rng(0)
    for n in (4, 8, 12):
        differences = random.choice(pool, (STUDIES, n)) - random.choice(pool, (STUDIES, n))
        low, high = interval(differences)
        covered = ((low <= 0) & (high >= 0)).mean()
        assert 0.93 - error_of(0.93) < covered < 0.96 + error_of(0.96)
