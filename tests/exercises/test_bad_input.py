"""Bad input to exercises: one sentence each."""

from helpers.bad_input import NAN, Bad, bad_input_test
from lessonlib.exercises.factoring import check_split
from lessonlib.exercises.kernels import check_correlate
from lessonlib.exercises.quiz import Quiz
from lessonlib.kernels import correlate


def verdict(checked):
    assert not checked.right
    return checked.sentence


def stopping(*_):
    raise RuntimeError("mine\nin two lines")


test_exercises = bad_input_test(
    lambda _: check_correlate(correlate).right,
    [
        Bad(
            "no function",
            lambda _: verdict(check_correlate(3)),
            None,
            "this is of type int",
            "pass the function",
        ),
        Bad(
            "no return",
            lambda _: verdict(check_correlate(lambda x, k: None)),
            None,
            "returns nothing",
            "end with a return",
        ),
        Bad(
            "code that stops",
            lambda _: verdict(check_correlate(stopping)),
            None,
            "RuntimeError: mine",
            "inputs were",
        ),
        Bad(
            "a nan returned",
            lambda _: verdict(check_split(lambda a: (a[1:] * NAN, a[1:]))),
            None,
            "first kernel",
            "finite",
        ),
        Bad("a quiz there is not", lambda _: Quiz("99"), ValueError, "'99'", "choose one of 01"),
    ],
)
