"""The statistics keep their promises in simulated studies.

The words never say more than the interval.
"""

import math
import re
from collections import Counter
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.runs import a_run
from lessonlib.study.verdicts import (
    BOOTSTRAP,
    FEWEST,
    bounds_in_words,
    compare_with_reported,
    interval,
    paired,
    runs_needed,
    verdict,
    verdicts_together,
    why_not_paired,
)

STUDIES = 2000
SIZES = [3, 4, 5, 7, 8, 10, 15]
# Differences with mean 0, and the promised share of studies whose interval holds it: few, many
KINDS = {
    "normal": (lambda random, shape: random.normal(size=shape), 0.95, 0.95),
    "heavy-tailed": (lambda random, shape: random.laplace(size=shape), 0.95, 0.95),
    "skewed": (lambda random, shape: random.gamma(4, size=shape) - 4, 0.93, 0.94),
    "very skewed": (lambda random, shape: random.exponential(size=shape) - 1, 0.88, 0.93),
}


def intervals(differences):
    # In parts, so as not to fill the memory
    parts = [interval(some) for some in np.array_split(differences, 10)]
    return (np.concatenate(ends) for ends in zip(*parts))


def error_of(share):
    """Three standard errors of a share of STUDIES."""
    return 3 * (share * (1 - share) / STUDIES) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_the_interval_covers_what_it_claims(n, kind):
    draw, of_few, of_many = KINDS[kind]
    promised = of_few if n < BOOTSTRAP else of_many
    low, high = intervals(draw(np.random.default_rng(n), (STUDIES, n)))
    covered = ((low <= 0) & (high >= 0)).mean()
    assert covered > promised - error_of(promised)
    if kind == "normal" and (n >= 10 or n < BOOTSTRAP):  # nor is it wider than it has to be
        assert covered < promised + error_of(promised)


def test_the_usual_percentile_interval_would_not():
    """The check above can fail: it does for the method most people take."""
    random = np.random.default_rng(0)
    differences = random.normal(size=(STUDIES, 10))
    means = differences[:, random.integers(10, size=(1000, 10))].mean(-1)
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    assert ((low <= 0) & (high >= 0)).mean() < 0.92


@pytest.mark.parametrize("n", SIZES)
def test_two_equal_arms_are_called_different_in_one_study_of_twenty(n):
    """Accuracies on 3,929 photos, skewed by bad starts, and a part that the seed gives both."""
    random = np.random.default_rng(n)
    shared = random.normal(0, 0.5, (STUDIES, n))

    def accuracies():
        return np.round(39.29 * (60 + shared - random.exponential(1, (STUDIES, n)))) / 39.29

    low, high = intervals(accuracies() - accuracies())
    words = [verdict(*ends, n) for ends in zip(low, high)]
    different = np.mean([not sentence.startswith("not") for sentence in words])
    assert different < 0.05 + error_of(0.05)


def test_many_normal_differences_give_students_interval():
    differences = np.random.default_rng(0).normal(1, 2, 200)
    student = stats.t.interval(0.95, 199, differences.mean(), stats.sem(differences))
    assert np.allclose(interval(differences), student, atol=0.05 * 4 / 200**0.5 * 4)


def test_the_interval_of_few_is_students():
    x = np.array([0.3, -1.2, 2.0, 0.9])
    assert interval(x, 0.9) == pytest.approx(stats.t.interval(0.9, 3, x.mean(), stats.sem(x)))


def test_the_interval_agrees_with_all_resamples_counted_out():
    """n = 8: all 6,435 different resamples with their chances, instead of a few thousand drawn."""
    x = np.array([0.3, -1.2, 2.0, 0.9, 0.1, -0.4, 1.1, 0.6])
    t = []
    chances = []
    for resample in combinations_with_replacement(range(8), 8):
        drawn = x[list(resample)]
        times = Counter(resample).values()
        error = drawn.std(ddof=1) / 8**0.5
        t.append(abs(drawn.mean() - x.mean()) / error if error > 1e-12 else np.inf)
        chances.append(math.factorial(8) / math.prod(map(math.factorial, times)) / 8**8)
    order = np.argsort(t)
    cut = np.array(t)[order][np.searchsorted(np.cumsum(np.array(chances)[order]), 0.95)]
    half = cut * x.std(ddof=1) / 8**0.5
    assert interval(x) == pytest.approx((x.mean() - half, x.mean() + half), rel=0.05)


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
    for differences in ([], [3.0], [3.0, 3.1], [1.0] * 6, [1.0] * 9):
        assert interval(differences) == (-math.inf, math.inf)
    assert (FEWEST, BOOTSTRAP) == (3, 8)


def test_eight_differences_may_be_too_few_for_a_level():
    """Too many resamples lack the odd one."""
    assert interval([0.0] * 7 + [1.0], level=0.9998) == (-math.inf, math.inf)


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


@pytest.mark.parametrize(
    "low, high, words",
    [
        (1.29, 3, "better by at least 1.2 points"),
        (0.034, 3, "better by at least 0.03 points"),
        (-3, -0.99, "worse by at least 0.9 points"),
        (0.009, 3, "not distinguishable with 8 runs"),
        (-0.2, 3, "not distinguishable with 8 runs"),
        (0, 3, "not distinguishable with 8 runs"),
        (-math.inf, 3, "not distinguishable with 8 runs"),
    ],
)
def test_verdicts_in_words(low, high, words):
    assert verdict(low, high, 8) == words


def test_a_family_of_equal_arms_gets_a_verdict_in_at_most_one_study_of_twenty():
    families = np.random.default_rng(0).normal(size=(400, 8, 4))
    wrong = 0
    for family in families:
        words = verdicts_together(family)
        wrong += not all(sentence.startswith("not") for sentence in words)
    assert 0.02 < wrong / len(families) < 0.08


def test_a_family_of_one_gets_its_own_verdict_and_an_empty_one_none():
    differences = [1.0, 1.1, 0.9]
    assert verdicts_together([differences]) == [verdict(*interval(differences), 3)]
    assert verdicts_together([]) == []
    wider = interval(differences, 1 - 0.05 / 2)
    assert verdicts_together([differences] * 2) == [verdict(*wider, 3)] * 2


@given(st.floats(-30, 30), st.floats(0, 30))
def test_the_words_are_never_stronger_than_the_interval(low, width):
    high = low + width
    words = verdict(low, high, 5)
    said = re.fullmatch(r"(better|worse) by at least ([\d.]+) points", words)
    if not said:
        assert words == "not distinguishable with 5 runs"
        assert low < 0.01
        assert high > -0.01
    elif said[1] == "better":
        assert 0 < float(said[2]) <= low * (1 + 1e-12)
    else:
        assert 0 < float(said[2]) <= -high * (1 + 1e-12)


WORSE = "if it is worse, then by at most {} points"
BETTER = "if it is better, then by at most {} points"


@pytest.mark.parametrize(
    "low, high, worse, better",
    [
        (-1.21, 0.4, WORSE.format(1.3), BETTER.format(0.4)),
        (-0.001, 0.001, WORSE.format(0.1), BETTER.format(0.1)),
        (0.3, 2.05, "not worse", BETTER.format(2.1)),
        (-2, -0.5, WORSE.format(2.0), "not better"),
    ],
)
def test_bounds_in_words(low, high, worse, better):
    assert bounds_in_words(low, high) == f"{worse}; {better}"


def test_an_open_interval_has_no_bounds_yet():
    assert bounds_in_words(-math.inf, math.inf) == "no bound yet"


def bounds(low, high):
    """What `bounds_in_words` allows, as numbers: the least and the greatest difference."""
    worse, better = bounds_in_words(low, high).split("; ")
    return -points_in(worse), points_in(better)


def points_in(words):
    found = re.search(r"at most ([\d.]+) points", words)
    return float(found[1]) if found else 0


@given(st.floats(-30, 30), st.floats(0, 30))
def test_the_bounds_are_never_tighter_than_the_interval(low, width):
    least, greatest = bounds(low, low + width)
    assert least <= low + 1e-9 or (least == 0 and low >= 0)
    assert greatest >= low + width - 1e-9 or (greatest == 0 and low + width <= 0)
    # Nor are they looser than a tenth
    assert min(low, 0) - least < 0.1 + 1e-9
    assert greatest - max(low + width, 0) < 0.1 + 1e-9


@pytest.mark.parametrize("truth", [-1.0, 0.0])
@pytest.mark.parametrize("n", [4, 10])
def test_a_true_difference_is_within_the_bounds_in_as_many_studies_as_the_interval_promises(
    n, truth
):
    ends = intervals(np.random.default_rng(n).normal(truth, 1.34, (STUDIES, n)))
    least, greatest = np.array([bounds(*pair) for pair in zip(*ends)]).T
    assert (truth < least).mean() < 0.025 + error_of(0.025)
    assert (truth > greatest).mean() < 0.025 + error_of(0.025)
    assert ((least <= truth) & (truth <= greatest)).mean() > 0.95 - error_of(0.95)


def exactly_needed(sd, points, power):
    n = 2
    while True:
        cut = stats.t.ppf(0.975, n - 1)
        found = stats.nct(n - 1, points / sd * n**0.5)
        if found.sf(cut) + found.cdf(-cut) >= power:
            return n
        n += 1


@pytest.mark.parametrize("power", [0.8, 0.9])
@pytest.mark.parametrize("sd", [0.6, 0.95, 1.34, 2.0, 4.0])
def test_the_runs_needed_are_those_of_the_t_test_to_within_one(sd, power):
    differences = np.array([-1, 1, -1, 1]) * sd * 0.75**0.5  # whose spread is sd
    assert abs(runs_needed(differences, 1, power) - max(FEWEST, exactly_needed(sd, 1, power))) <= 1


def test_so_many_runs_do_find_the_difference():
    random = np.random.default_rng(0)
    sd = 1.34
    n = runs_needed(np.array([-1, 1, -1, 1]) * sd * 0.75**0.5, 1)
    low, _ = intervals(random.normal(1, sd, (STUDIES, n)))
    assert 0.75 < (low > 0).mean() < 0.85


def some_runs(accuracies, data="photos", **changes):
    return [
        a_run(seed=seed, data=data, epochs=[{"accuracy": accuracy}], **changes)
        for seed, accuracy in accuracies.items()
    ]


def test_runs_are_paired_by_seed_and_photos():
    ours = some_runs({2: 0.6, 0: 0.5, 1: 0.4})
    ours += some_runs({3: 0.9}, "drawings")
    ours += some_runs({4: 0.1}, finished=False)
    theirs = some_runs({0: 0.25, 2: 0.5, 3: 0.2, 4: 0.2, 5: 0.3})
    assert paired(ours, theirs) == pytest.approx([25, 10])
    assert len(paired(ours, [])) == 0


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: interval([1, 2, 3, math.nan]), "must be finite"),
        (lambda: interval([1, 2, 3, 4], level=95), "above 0 and up to 0.9998"),
        (lambda: interval([1, 2, 3, 4], level=0.99999), "above 0 and up to 0.9998"),
        (lambda: runs_needed([1], 1), "needs two differences"),
        (lambda: runs_needed([1, 2], 0), "at least 0.001"),
        (lambda: runs_needed([1, 2], math.nan), "at least 0.001"),
        (lambda: runs_needed([1, 2], 1, power=80), "a share from 0.5"),
    ],
)
def test_nonsense_is_answered_with_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    "low, high, words",
    [
        (0.3, 1.7, "+1.0 points fit what we find"),
        (-1.7, -0.3, "+1.0 points are ruled out here"),
        (1.2, 2.0, "the same direction, but +1.0 points are ruled out here"),
        (-0.4, 0.9, "+1.0 points are ruled out here"),
        (-0.4, 1.6, "neither +1.0 points nor 0 is ruled out here"),
        (-math.inf, math.inf, "too few runs for an interval, so +1.0 points stay open"),
    ],
)
def test_a_figure_of_others_beside_our_interval(low, high, words):
    assert compare_with_reported(low, high, 1) == words


def test_runs_that_were_computed_in_another_way_are_not_paired_and_why():
    ours = some_runs({0: 0.6, 1: 0.5})
    half = some_runs({0: 0.5, 1: 0.4}, precision="bfloat16")
    elsewhere = some_runs({0: 0.5}, device="cuda")
    older = some_runs({0: 0.5}, versions={"torch": "2.6.0"})
    for others, why in (
        (half, "precision float32 against bfloat16"),
        (elsewhere, "device cpu against cuda"),
        (older, "against 2.6.0"),
        (some_runs({7: 0.5}), "no seed that both have"),
        (some_runs({0: 0.5}, "drawings"), "data photos against drawings"),
    ):
        assert len(paired(ours, others)) == 0
        assert why in why_not_paired(ours, others)
    assert why_not_paired(ours, []) == why_not_paired(ours, some_runs({0: 0.1})) == ""
