"""Call an answer, read its numbers, and report in one sentence."""

import copy
import functools
import random
import textwrap
import traceback
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

__all__ = [
    "Feedback",
    "Mistake",
    "Draws",
    "checker",
    "attempt",
    "kernel_of",
    "as_float64",
    "two_kernels",
    "say",
    "say_apart",
    "say_inputs",
    "say_shape",
]

NOT_TRIED = "Not tried yet."


@dataclass(frozen=True, repr=False)
class Feedback:
    """The result of a check: whether the answer is right, and a sentence, which is its repr."""

    right: bool
    sentence: str

    def __repr__(self):
        return self.sentence


class Mistake(Exception):
    """The answer is wrong; the text is the sentence for the learner."""


class _NotTried(Exception):
    """The answer is still the `...` or the NotImplementedError of the exercise."""


class Draws:
    """Random inputs, the same at every check.

    They come from their own generators, so that the learner's random state stays as it was.
    """

    def __init__(self, seed=0):
        self._random = random.Random(seed)
        self._generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape):
        """A float64 tensor of that shape."""
        return torch.randn(shape, generator=self._generator, dtype=torch.float64)

    def integer(self, low, high):
        """An integer from low to high, both included."""
        return self._random.randint(low, high)

    def integers(self, *ranges):
        """A tuple with one integer for each range (low, high)."""
        return tuple(self.integer(low, high) for low, high in ranges)


def checker(check):
    """Decorator: `check(*answer)` returns praise or raises Mistake, the result returns Feedback.

    The decorated checker never raises.
    """

    @functools.wraps(check)
    def checked(*answer):
        try:
            if _unanswered(answer):
                return Feedback(False, NOT_TRIED)
            with _torch_as_it_starts():
                return Feedback(True, f"Right: {check(*answer)}")
        except _NotTried:
            return Feedback(False, NOT_TRIED)
        except Mistake as mistake:
            return Feedback(False, str(mistake))
        except Exception as error:  # an answer that nobody thought of must not stop Run All
            return Feedback(
                False,
                f"This answer cannot be read ({_one_line(error)}): "
                "compare it with what the exercise asks for.",
            )

    return checked


def attempt(answer, *inputs):
    """The result of the learner's function for copies of the inputs.

    Raises Mistake if the answer is not a function, stops with an error, or returns nothing.
    """
    if not callable(answer):
        raise Mistake(
            f"The answer has to be a function, but this is of type {type(answer).__name__}: "
            "pass the function itself, without calling it."
        )
    try:
        found = answer(*copy.deepcopy(inputs))
    except (Mistake, _NotTried):  # from a function of ours around the learner's
        raise
    except NotImplementedError:
        raise _NotTried from None
    except (Exception, SystemExit) as error:  # sys.exit() would end Run All
        raise Mistake(_stopped(error, inputs)) from None
    if _unanswered(found):
        raise _NotTried
    if found is None:
        raise Mistake("Your function returns nothing: does it end with a return?")
    return found


def kernel_of(value, shape, name):
    """The learner's numbers as a float64 tensor of that shape. Raises Mistake for anything else."""
    kernel = as_float64(value)
    if kernel is None:
        raise Mistake(
            f"{name} has to be real numbers of the shape {say_shape(shape)}, "
            "as lists or as a tensor."
        )
    if kernel.shape != tuple(shape):
        raise Mistake(
            f"{name} has the shape {say_shape(kernel.shape)}, it has to be {say_shape(shape)}."
        )
    if not kernel.isfinite().all():
        raise Mistake(f"{name} holds a number that is not finite.")
    return kernel


def as_float64(value):
    """Real numbers as a float64 tensor; None if `value` is anything else.

    Numbers of any kind, in tensors, arrays, lists and tuples, nested as they may be.
    """
    if isinstance(value, torch.Tensor):
        return None if value.is_complex() else value.detach().cpu().double()
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        entries = [as_float64(entry) for entry in value]
        shapes = {None if entry is None else entry.shape for entry in entries}
        whole = len(shapes) == 1 and None not in shapes
        return torch.stack(entries) if whole else None
    if not hasattr(value, "__float__"):  # as words and complex numbers
        return None
    try:
        return torch.tensor(float(value), dtype=torch.float64)
    except (TypeError, ValueError, OverflowError):
        return None


def two_kernels(found, shapes):
    """The two kernels that a learner's function returned, read by `kernel_of`."""
    if not isinstance(found, list | tuple) and getattr(found, "shape", ()) != (2, *shapes[0]):
        found = ()
    if len(found) != 2:
        raise Mistake("Your function has to return two kernels: return b, c.")
    names = ("The first kernel", "The second kernel")
    return [kernel_of(kernel, shape, name) for kernel, shape, name in zip(found, shapes, names)]


def say(value, digits=4):
    """A value in a few words: tensors by their shape, lists and tuples entry by entry."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return f"({', '.join(say(entry, digits) for entry in value)})"
    if isinstance(value, torch.Tensor):
        if value.numel() == 1:
            return say(value.item(), digits)
        return f"a tensor {say_shape(value.shape)}"
    return f"{value:.{digits}g}" if isinstance(value, float) else repr(value)[:60]


def say_apart(found, wanted):
    """Both values in a few words, with as many digits as show that they differ."""
    for digits in (4, 8, 12, 17):
        both = say(found, digits), say(wanted, digits)
        if both[0] != both[1]:
            break
    return both


def say_inputs(inputs):
    """The inputs of a function in a few words; a single row of numbers in full."""
    if len(inputs) == 1:
        (inputs,) = inputs
        inputs = inputs.tolist() if isinstance(inputs, torch.Tensor) else inputs
    return textwrap.shorten(say(inputs), 100, placeholder=" ...")


def say_shape(shape):
    """`2x3` for the shape (2, 3), `(3,)` for a row."""
    return "x".join(map(str, shape)) if len(shape) > 1 else str(tuple(shape))


@contextmanager
def _torch_as_it_starts():
    """Whatever a notebook has switched: on the CPU, in float32 by default, with gradients."""
    chosen = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"), torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(chosen)


def _unanswered(value):
    if isinstance(value, dict):
        value = list(value.values())
    return value is ... or (isinstance(value, list | tuple) and any(map(_unanswered, value)))


def _stopped(error, inputs):
    frames = traceback.extract_tb(error.__traceback__)  # the first is that of attempt
    where = f" in line {frames[1].lineno}" if len(frames) > 1 else ""
    given = say_inputs(inputs)
    return f"Your code stops{where} with {_one_line(error)}; the inputs were {given}."


def _one_line(error):
    return f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0]}"
