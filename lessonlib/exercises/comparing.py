"""Compare a learner's function with an oracle, and find the mistake that explains a difference."""

from typing import Any, NamedTuple

import torch

from lessonlib.exercises.checking import (
    Mistake,
    as_float64,
    attempt,
    say_apart,
    say_inputs,
    say_shape,
)

__all__ = ["TOLERANCE", "try_on", "same", "near"]

TOLERANCE = 1e-4  # of the largest number: rounding in float32 lies below it, the mistakes above
TINY = 1e-9  # what rounding may leave where 0 is right


class _Try(NamedTuple):
    case: tuple
    found: Any
    wanted: Any
    right: bool


def try_on(answer, cases, oracle, mistakes):
    """Compare the learner's function with the oracle on every case, a tuple of inputs.

    The oracle returns a tensor, a number, a word, or a tuple of these. `mistakes` maps a sentence
    to a function of the same inputs: the sentence applies if that function returns what the
    learner's returns on every case, or on every case before the one that stops the learner's.
    Raises Mistake if the two differ.
    """
    tried, stopped = _try_all(answer, cases, oracle)
    if not all(one.right for one in tried):
        raise Mistake(_explanation(tried, mistakes))
    if stopped:
        raise stopped


def same(found, wanted):
    """Whether an answer has the wanted shape and values.

    Whole numbers and truths exactly, others by `near`. A list, an array and a tensor are as good
    as a tuple, and a number may come as an array or a tensor of one.
    """
    if isinstance(wanted, str):
        return isinstance(found, str) and found.strip().lower() == wanted
    if isinstance(wanted, tuple):
        found = _as_row(found)
        return len(found) == len(wanted) and all(map(same, found, wanted))
    found = as_float64(found)
    if found is None:
        return False
    if isinstance(wanted, int):
        return found.numel() == 1 and found.item() == wanted
    return near(found, as_float64(wanted))


def near(found, wanted):
    """Whether two float64 tensors have one shape and differ by no more than `TOLERANCE`."""
    if wanted.ndim == 0 and found.numel() == 1:
        found = found.reshape(())
    if found.shape != wanted.shape:
        return False
    largest = wanted.flatten().norm(torch.inf).item()
    return torch.allclose(found, wanted, rtol=0, atol=TOLERANCE * largest + TINY)


def _try_all(answer, cases, oracle):
    """What the answer returns, up to the first case that stops it, and the Mistake that says so."""
    tried = []
    for case in cases:
        try:
            found = attempt(answer, *case)
        except Mistake as stopped:
            return tried, stopped
        wanted = oracle(*case)
        tried.append(_Try(case, found, wanted, same(found, wanted)))
    return tried, None


def _explanation(tried, mistakes):
    for sentence, mistaken in mistakes.items():
        if all(_gives(mistaken, one) for one in tried):
            return sentence
    return _difference(tried)


def _gives(mistaken, one):
    try:
        return same(one.found, mistaken(*one.case))
    except (RuntimeError, IndexError):  # the mistake is impossible with inputs of these shapes
        return False


def _as_row(found):
    """The entries of a list, a tuple, an array or a tensor; none of anything else."""
    has_entries = isinstance(found, list | tuple) or getattr(found, "ndim", 0) > 0
    return list(found) if has_entries else []


def _difference(tried):
    """Where the answer first differs, for mistakes that nobody has thought of."""
    if len(tried) > 1 and all(same(one.found, tried[0].found) for one in tried):
        return "Your function returns the same for every input: it has to use what it is given."
    case, found, wanted, _ = next(one for one in tried if not one.right)
    inputs = f"the inputs were {say_inputs(case)}"
    if any(one.right for one in tried) and all(one.right == _is_square(one) for one in tried):
        return f"It is right for squares only: height and width may differ; {inputs}."
    result = "result"
    if isinstance(wanted, tuple) and isinstance(wanted[0], torch.Tensor):
        if len(_as_row(found)) != len(wanted):
            count = len(wanted)
            return f"Your function has to return {count} tensors, with a comma between them."
        at = next(i for i, one in enumerate(wanted) if not same(found[i], one))
        result = f"{('first', 'second')[at]} result"
        found = found[at]
        wanted = wanted[at]
    if isinstance(wanted, torch.Tensor):
        return f"{_tensor_difference(result, as_float64(found), wanted)}; {inputs}."
    if isinstance(wanted, tuple):
        found = _as_row(found) or found
    given, asked = say_apart(found, wanted)
    return f"You return {given}, it has to be {asked}; {inputs}."


def _tensor_difference(result, found, wanted):
    shape = say_shape(wanted.shape)
    if found is None:
        return f"The {result} has to be a tensor {shape}, yours holds no real numbers"
    if found.shape != wanted.shape:
        return f"The {result} has the shape {say_shape(found.shape)}, it has to be {shape}"
    largest = (found - wanted).abs().nan_to_num(torch.inf).argmax()
    at = tuple(int(i) for i in torch.unravel_index(largest, wanted.shape))
    given, asked = say_apart(found[at].item(), wanted[at].item())
    return f"The entry {list(at)} of the {result} is {given}, it has to be {asked}"


def _is_square(one):
    tensors = [x for x in one.case if isinstance(x, torch.Tensor) and x.ndim > 1]
    return all(x.shape[-1] == x.shape[-2] for x in tensors)
