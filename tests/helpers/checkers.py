"""The tests that every module of checkers needs, made of right and wrong answers to them."""

import inspect
import re

import numpy as np
import pytest
import torch

NONSENSE = [None, 7, "word", object(), [], {}, torch.zeros(0)]


def checker_tests(module, right, wrong, of_values=()):
    """A class of tests for all the checkers of a module.

    right: {checker: [answer, ...]}; wrong: {checker: {words of the hint: answer}}, at least three
    for each; of_values: the checkers whose answer is not a function. An answer to a checker of two
    arguments is a tuple.
    """
    checkers = [getattr(module, name) for name in module.__all__]
    of_functions = [check for check in checkers if check not in of_values]
    right_rows = [(check, answer) for check, answers in right.items() for answer in answers]
    wrong_rows = []
    for check, answers in wrong.items():
        wrong_rows += [(check, answer, hint) for hint, answer in answers.items()]

    class Tests:
        @pytest.mark.parametrize("row", right_rows, ids=lambda row: row[0].__name__)
        def test_a_right_answer_is_right(self, row):
            verdict = checked(*row)
            assert verdict.right and verdict.sentence.startswith("Right: ")
            assert repr(verdict) == verdict.sentence

        @pytest.mark.parametrize("guise", GUISES, ids=lambda guise: guise.__name__)
        @pytest.mark.parametrize("row", right_rows, ids=lambda row: row[0].__name__)
        def test_a_right_answer_is_right_in_every_guise(self, row, guise):
            verdict = checked(row[0], in_guise(row[1], guise))
            assert verdict.right, verdict

        @pytest.mark.parametrize("row", wrong_rows, ids=lambda row: f"{row[0].__name__}: {row[2]}")
        def test_a_wrong_answer_gets_the_right_hint(self, row):
            check, answer, hint = row
            verdict = checked(check, answer)
            assert not verdict.right and hint in verdict.sentence and "\n" not in verdict.sentence

        def test_every_checker_has_a_right_and_three_wrong_answers(self):
            assert set(right) == set(wrong) == set(checkers)
            assert min(map(len, right.values())) >= 1 and min(map(len, wrong.values())) >= 3
            assert all(check.__doc__ for check in checkers)

        @pytest.mark.parametrize("check", checkers, ids=lambda check: check.__name__)
        def test_an_untried_answer_stops_nothing(self, check):
            assert repr(check(*[...] * arguments(check))) == "Not tried yet."
            if check in of_functions:
                assert repr(check(lambda *inputs: ...)) == "Not tried yet."
                assert repr(check(not_implemented)) == "Not tried yet."

        @pytest.mark.parametrize("check", of_functions, ids=lambda check: check.__name__)
        def test_an_answer_that_breaks_off_is_reported(self, check):
            stops = r"Your code stops in line \d+ with ZeroDivisionError: division by zero"
            assert re.match(rf"{stops}; the inputs were .+\.$", check(broken).sentence)
            assert "does it end with a return?" in check(lambda *inputs: None).sentence
            assert not check(lambda *inputs: "nonsense").right
            assert not check(lambda *inputs: float("nan")).right
            assert "TypeError" in check(lambda: 0).sentence

        @pytest.mark.parametrize("check", checkers, ids=lambda check: check.__name__)
        @pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda value: type(value).__name__)
        def test_nonsense_is_refused_and_nothing_is_raised(self, check, nonsense):
            verdict = check(*[nonsense] * arguments(check))
            assert not verdict.right and verdict.sentence.endswith(".")

    return Tests


def single_precision(value):
    """Every number as float32 keeps it."""
    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    return float(np.float32(value)) if isinstance(value, float) else value


def of_numpy(value):
    """Numbers and tensors as numpy has them."""
    if isinstance(value, torch.Tensor):
        return value.numpy()
    return np.asarray(value)[()] if isinstance(value, bool | int | float) else value


def lists(value):
    return value.tolist() if isinstance(value, torch.Tensor) else value


def rows(value):
    """A tensor as a list of its rows, which the learner forgot to stack."""
    return list(value) if isinstance(value, torch.Tensor) and value.ndim else value


def tensors(value):
    """Numbers as tensors, in float32 where they are not whole."""
    return torch.tensor(value) if isinstance(value, bool | int | float) else value


GUISES = (single_precision, of_numpy, lists, rows, tensors)


def in_guise(answer, guise):
    """The same answer, each of its numbers and tensors changed by `guise`.

    A function gets its inputs in single precision for `single_precision`, so that it computes so.
    """

    def changed(value):
        if isinstance(value, list | tuple):
            entries = [changed(entry) for entry in value]
            numbers = [isinstance(entry, np.generic) for entry in entries]
            return np.array(entries) if numbers and all(numbers) else type(value)(entries)
        if isinstance(value, dict):
            return {key: changed(entry) for key, entry in value.items()}
        return guise(value)

    if not callable(answer):
        return changed(answer)
    inputs_too = guise is single_precision
    return lambda *inputs: changed(answer(*(changed(inputs) if inputs_too else inputs)))


def checked(check, answer):
    """The feedback on an answer, which is a tuple where the checker takes several arguments."""
    return check(answer) if arguments(check) == 1 else check(*answer)


def arguments(check):
    return len(inspect.signature(check).parameters)


def not_implemented(*inputs):
    raise NotImplementedError


def broken(*inputs):
    return 1 / 0
