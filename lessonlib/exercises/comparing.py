"""Compare a learner's function with an oracle on many inputs, and find out which mistake explains the difference."""

from typing import Any, NamedTuple

import torch

from lessonlib.exercises.checking import Mistake, as_float64, attempt, say, say_inputs, say_shape

__all__ = ["try_on", "same"]


class _Try(NamedTuple):
    case: tuple
    found: Any
    wanted: Any
    right: bool


def try_on(answer, cases, oracle, mistakes):
    """Compare the learner's function with the oracle on every case, a tuple of inputs. Raises Mistake if they differ.

    The oracle returns a tensor, a number, a word, or a tuple of these. `mistakes` is {sentence: function of the same
    inputs}: a sentence is given when its function gives what the learner's does on every case, up to one it stops at.
    """
    tried, stopped = [], None
    for case in cases:
        try:
            found = attempt(answer, *case)
        except Mistake as mistake:
            stopped = mistake
            break
        wanted = oracle(*case)
        tried.append(_Try(case, found, wanted, same(found, wanted)))
    if not all(one.right for one in tried):
        for sentence, mistaken in mistakes.items():
            if all(_gives(mistaken, one) for one in tried):
                raise Mistake(sentence)
        raise Mistake(_difference(tried))
    if stopped:
        raise stopped
    for one in tried:
        _check_kind(one.found, one.wanted)


def same(found, wanted):
    """Whether an answer has the wanted shape and values, to 1e-9, or to 1e-4 where it comes in a shorter float."""
    if isinstance(wanted, str):
        return isinstance(found, str) and found.strip().lower() == wanted
    if isinstance(wanted, tuple) and not isinstance(found, torch.Tensor):
        return (
            isinstance(found, list | tuple)
            and len(found) == len(wanted)
            and all(map(same, found, wanted))
        )
    loose = 1e-4 if getattr(found, "dtype", None) in (torch.float32, torch.float16) else 1e-9
    found, wanted = as_float64(found), as_float64(wanted)
    if found is None or wanted is None or found.shape != wanted.shape:
        return False
    return torch.allclose(found, wanted, rtol=loose, atol=loose)


def _gives(mistaken, one):
    try:
        return same(one.found, mistaken(*one.case))
    except (RuntimeError, IndexError):  # the mistake is impossible with inputs of these shapes
        return False


def _check_kind(found, wanted):
    if isinstance(wanted, tuple) and isinstance(found, list | tuple):
        for one, other in zip(found, wanted):
            _check_kind(one, other)
    elif (
        isinstance(wanted, torch.Tensor)
        and isinstance(found, torch.Tensor)
        and found.dtype != wanted.dtype
    ):
        raise Mistake(
            f"The values are right, but they come as {str(found.dtype)[6:]} where the input is float64: "
            "give new tensors the dtype of the input, as x.new_zeros(...) does."
        )
    elif type(wanted) is int and isinstance(found, float):
        raise Mistake("The value is right, but it comes as a float: use // to get a whole number.")


def _difference(tried):
    if len(tried) > 1 and all(same(one.found, tried[0].found) for one in tried):
        return "Your function gives the same for every input: it has to use what it is given."
    case, found, wanted, _ = next(one for one in tried if not one.right)
    inputs = f"the inputs were {say_inputs(case)}"
    if any(one.right for one in tried) and all(one.right == _is_square(one) for one in tried):
        return f"It is right for squares only: take height and width apart; {inputs}."
    result = "result"
    if isinstance(wanted, tuple) and isinstance(wanted[0], torch.Tensor):
        if not isinstance(found, list | tuple) or len(found) != len(wanted):
            return (
                f"Your function has to give back {len(wanted)} tensors, with a comma between them."
            )
        at = next(i for i, one in enumerate(wanted) if not same(found[i], one))
        result, found, wanted = f"{('first', 'second')[at]} result", found[at], wanted[at]
    if not isinstance(wanted, torch.Tensor):
        return f"You give {say(found)}, it has to be {say(wanted)}; {inputs}."
    found = as_float64(found)
    if found is None:
        return f"The {result} has to be a tensor {say_shape(wanted.shape)}, yours holds no real numbers; {inputs}."
    if found.shape != wanted.shape:
        return f"The {result} has the shape {say_shape(found.shape)}, it has to be {say_shape(wanted.shape)}; {inputs}."
    largest = (found - wanted).abs().nan_to_num(torch.inf).argmax()
    at = tuple(int(i) for i in torch.unravel_index(largest, wanted.shape))
    pair = found[at].item(), wanted[at].item()
    digits = (
        4 if len({f"{value:.4g}" for value in pair}) > 1 else 12
    )  # as many as show that they differ
    given, asked = (f"{value:.{digits}g}" for value in pair)
    return f"The entry {list(at)} of the {result} is {given}, it has to be {asked}; {inputs}."


def _is_square(one):
    return all(
        x.shape[-1] == x.shape[-2] for x in one.case if isinstance(x, torch.Tensor) and x.ndim > 1
    )
