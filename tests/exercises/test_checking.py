"""What all checkers rest on: inputs, how answers are read and compared, the learner's own state."""

import importlib
import pkgutil
import sys
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

import lessonlib.exercises
from helpers.checkers import arguments, in_guise, single_precision
from lessonlib.exercises import comparing
from lessonlib.exercises.checking import Draws, Mistake, as_float64, say_apart
from lessonlib.exercises.comparing import same, try_on
from lessonlib.exercises.composition import check_arguments
from lessonlib.exercises.costs import check_kept
from lessonlib.exercises.equivalence import check_counterexample
from lessonlib.exercises.five_by_five import check_stack
from lessonlib.exercises.folding import check_fold
from lessonlib.exercises.kernels import check_correlate
from lessonlib.exercises.merging import CHAINS, check_border
from lessonlib.exercises.norm_order import check_exchange
from lessonlib.exercises.receptive_field import check_stem
from lessonlib.exercises.statistics import check_runs
from lessonlib.kernels import correlate


def all_checkers():
    for found in pkgutil.iter_modules(lessonlib.exercises.__path__):
        module = importlib.import_module(f"lessonlib.exercises.{found.name}")
        for name in module.__all__:
            if name.startswith("check_"):
                yield getattr(module, name)


def tried_on(check):
    """(cases, oracle, mistakes) of each `try_on` in a checker; none in those that do without."""
    seen = []

    def stop(answer, cases, oracle):
        seen.append([cases, oracle])
        return [comparing._Try((), None, None, False)], None

    def note(tried, mistakes):
        seen[-1].append(mistakes)
        return "seen"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "_try_all", stop)
        patch.setattr(comparing, "_explanation", note)
        check(*[lambda *inputs: 0] * arguments(check))
    return seen


MISTAKES = []
for check in all_checkers():
    for cases, oracle, mistakes in tried_on(check):
        for sentence in mistakes:
            MISTAKES.append(pytest.param(cases, oracle, mistakes, sentence, id=sentence[:60]))


@pytest.mark.parametrize("cases, oracle, mistakes, sentence", MISTAKES)
def test_every_mistake_has_its_own_hint_in_single_precision_too(cases, oracle, mistakes, sentence):
    def mistaken(*inputs):
        found = mistakes[sentence](*inputs)
        numbers = as_float64(found)
        if numbers is not None and not numbers.isfinite().all():
            raise ZeroDivisionError  # as it does in an answer that makes this mistake
        return found

    def rounded(*inputs):
        return in_guise(mistaken(*inputs), single_precision)

    for answer in (mistaken, rounded):
        with pytest.raises(Mistake) as caught:
            try_on(answer, cases, oracle, mistakes)
        assert str(caught.value) == sentence


def test_there_are_mistakes_to_try():
    assert len(MISTAKES) > 200


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_two_numbers_that_differ_are_never_printed_alike(found, wanted):
    assume(found != wanted)
    given, asked = say_apart(found, wanted)
    assert given != asked
    given, asked = say_apart((1, np.float64(found)), (1, wanted))
    assert given != asked


@given(st.floats(-1e9, 1e9), st.floats(-1e-5, 1e-5), st.integers(0, 4))
def test_a_verdict_of_wrong_shows_a_difference(wanted, off, zeros):
    found = np.float32(wanted * (1 + 10**zeros * off))
    if not same(found, wanted):
        given, asked = say_apart(found, wanted)
        assert given != asked


def test_whole_numbers_are_compared_exactly():
    for number in (7, 10**9, 2**40 + 1):
        assert same(number, number) and same(float(number), number)
        assert same(np.int64(number), number) and same(torch.tensor(number), number)
        assert not same(number + 1, number) and not same(number + 0.001, number)
    assert not same((10**9 + 1, 1), (10**9, 1))


@pytest.mark.parametrize(
    "value", [Fraction(1, 4), sympy.Rational(1, 4), np.float16(0.25), [[0.25]], np.array([0.25])]
)
def test_a_number_of_any_kind_is_read(value):
    assert same(value, 0.25) and not same(value, 0.26)


@pytest.mark.parametrize(
    "value", ["0.25", b"1", 1j, np.complex64(1), torch.tensor(1j), [1, [2]], [], [None], {}, "1/4"]
)
def test_what_is_no_number_is_not_read(value):
    assert as_float64(value) is None


def test_a_whole_number_may_come_from_a_rounding_of_numpys():
    def runs(sd, d):
        return np.ceil(2 * (2.8 * sd / d) ** 2)

    assert check_runs(runs).right


def test_paddings_and_truths_may_be_numpys_or_written_twice():
    first = {"padding": np.int64(1), "stride": (1, 1)}
    second = {"padding": [0, 0], "stride": np.int32(2)}
    assert check_arguments(first, second).right
    assert not check_arguments(first, {"padding": (0, 1), "stride": 2}).right
    for truth in (int, np.bool_):
        answer = {letter: truth(exact) for letter, (exact, _) in CHAINS.items()}
        assert check_border(answer).right


def test_rounding_is_no_counterexample():
    ramp = torch.full((3, 3), 1e9, dtype=torch.float64) + torch.rand(3, 3).double()
    ramp = ramp.cumsum(1)
    assert not check_counterexample(ramp, ramp / 3).right
    edge = torch.zeros(3, 3)
    edge[:, 1] = 1e-9
    assert check_counterexample(edge, -edge).right


def leaves(*inputs):
    sys.exit("enough")


def test_an_answer_that_exits_does_not_end_run_all():
    for check in all_checkers():
        verdict = check(*[leaves] * arguments(check))
        assert not verdict.right
    assert "SystemExit: enough" in check_correlate(leaves).sentence


def share_saved(n):
    return 1 - 9 * n / (2 * n + 1) ** 2


def exchange(pool, training, gamma):
    return gamma == 0 if training else gamma >= 0 or pool != "max"


def stem(layers, px):
    numbers = [0, 0, 1]
    channels = 3
    step = 1
    for k, out, stride in layers:
        px = (px - 1) // stride + 1
        weights = k * k * channels * out
        numbers = [
            numbers[0] + weights,
            numbers[1] + weights * px * px,
            numbers[2] + (k - 1) * step,
        ]
        channels = out
        step *= stride
    return numbers


def kept(c, m, h, w):
    photo = c * h * w
    middle = m * (h + 1) * (w + 1)
    return photo, photo + middle, photo + 2 * middle


def fold(weight, gamma, beta, mean, var, eps):
    scale = gamma / (var + eps).sqrt()
    return weight * scale[:, None, None, None], beta - scale * mean


ANSWERS = {
    check_correlate: correlate,
    check_exchange: exchange,
    check_fold: fold,
    check_kept: kept,
    check_stack: share_saved,
    check_stem: stem,
}


@pytest.fixture(params=["float64", "no gradients", "inference", "another device"])
def switched(request):
    """A kernel in which a notebook has switched something of torch."""
    if request.param == "float64":
        torch.set_default_dtype(torch.float64)
    if request.param == "another device":
        torch.set_default_device("meta")
    inference = torch.inference_mode(request.param == "inference")
    with inference, torch.set_grad_enabled(request.param == "float64"):
        yield
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("check", ANSWERS, ids=lambda check: check.__name__)
def test_the_verdict_does_not_depend_on_torchs_switches(check, switched):
    before = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    assert check(ANSWERS[check]).right
    assert not check(lambda *inputs: 0).right
    now = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    assert now == before


def test_checking_leaves_the_learners_random_numbers_and_inputs_alone():
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)

    def greedy(x, K):
        y = correlate(x, K)
        x.zero_()
        K.zero_()
        return y

    assert check_correlate(greedy).right
    assert torch.equal(torch.randn(3), expected)


def test_draws_are_the_same_each_time():
    assert torch.equal(Draws(3).normal(4), Draws(3).normal(4))
    assert Draws(3).integer(0, 99) == Draws(3).integer(0, 99)
