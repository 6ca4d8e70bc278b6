"""How an answer is checked: try it on many inputs against an oracle, and say in one sentence what came out."""

import copy
import functools
import random
import textwrap
import traceback
import warnings
from dataclasses import dataclass

import torch
from numpy.exceptions import ComplexWarning

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
    "say_inputs",
    "say_shape",
]

NOT_TRIED = "Not tried yet."


@dataclass(frozen=True, repr=False)
class Feedback:
    """What a checker says: whether the answer is right, and one sentence, which a notebook shows as it is."""

    right: bool
    sentence: str

    def __repr__(self):
        return self.sentence


class Mistake(Exception):
    """The answer is wrong; the text is the sentence for the learner."""


class _NotTried(Exception):
    pass


class Draws:
    """Random inputs, the same at every check, from a source of their own: the learner's random numbers stay as they were."""

    def __init__(self, seed=0):
        self._random, self._generator = random.Random(seed), torch.Generator().manual_seed(seed)

    def normal(self, *shape):
        """A float64 tensor of that shape."""
        return torch.randn(shape, generator=self._generator, dtype=torch.float64)

    def whole(self, low, high):
        """A whole number, both ends included."""
        return self._random.randint(low, high)


def checker(check):
    """Turn `check(*answer)`, which returns praise or raises Mistake, into one that returns a Verdict and never raises."""

    @functools.wraps(check)
    def checked(*answer):
        try:
            if _unanswered(answer):
                return Feedback(False, NOT_TRIED)
            return Feedback(True, f"Right: {check(*answer)}")
        except _NotTried:
            return Feedback(False, NOT_TRIED)
        except Mistake as mistake:
            return Feedback(False, str(mistake))
        except Exception as error:  # an answer that nobody thought of must not stop Run All
            return Feedback(
                False,
                f"This answer cannot be read ({_one_line(error)}): compare it with what the exercise asks for.",
            )

    return checked


def attempt(answer, *inputs):
    """What the learner's function gives for copies of the inputs. Raises Mistake where it breaks off or gives nothing."""
    if not callable(answer):
        raise Mistake(
            f"The answer has to be a function, this is a {type(answer).__name__}: hand it over without calling it."
        )
    try:
        found = answer(*copy.deepcopy(inputs))
    except (Mistake, _NotTried):  # from a function of ours around the learner's
        raise
    except NotImplementedError:
        raise _NotTried from None
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)[1:2]]
        where = f" in line {lines[0]}" if lines else ""
        raise Mistake(
            f"Your code stops{where} with {_one_line(error)}; the inputs were {say_inputs(inputs)}."
        ) from None
    if _unanswered(found):
        raise _NotTried
    if found is None:
        raise Mistake("Your function gives back nothing: does it end with a return?")
    return found


def kernel_of(value, shape, name):
    """The learner's numbers as a float64 tensor of that shape. Raises Mistake for anything else."""
    kernel = as_float64(value)
    if kernel is None:
        raise Mistake(
            f"{name} has to be real numbers of the shape {say_shape(shape)}, as lists or a tensor."
        )
    if kernel.shape != tuple(shape):
        raise Mistake(
            f"{name} has the shape {say_shape(kernel.shape)}, it has to be {say_shape(shape)}."
        )
    if not kernel.isfinite().all():
        raise Mistake(f"{name} holds a number that is not finite.")
    return kernel


def as_float64(value):
    """Numbers as a float64 tensor, None for what are no real numbers."""
    try:
        with (
            warnings.catch_warnings()
        ):  # of complex numbers numpy would keep the real part, with a warning only
            warnings.simplefilter("error", ComplexWarning)
            tensor = (
                value
                if isinstance(value, torch.Tensor)
                else torch.as_tensor(value, dtype=torch.float64)
            )
    except (TypeError, ValueError, RuntimeError, ComplexWarning):
        return None
    return None if tensor.is_complex() else tensor.detach().double()


def two_kernels(found, shapes):
    """The two kernels that a learner's function gave back, as `kernel_of` reads them."""
    if not isinstance(found, list | tuple) and getattr(found, "shape", ()) != (2, *shapes[0]):
        found = ()
    if len(found) != 2:
        raise Mistake("Your function has to give back two kernels: return b, c.")
    return [
        kernel_of(kernel, shape, f"The {name} kernel")
        for kernel, shape, name in zip(found, shapes, ("first", "second"))
    ]


def say(value):
    """A value in a few words: tensors by their shape, lists and tuples entry by entry."""
    if isinstance(value, list | tuple):
        return f"({', '.join(map(say, value))})"
    if isinstance(value, torch.Tensor):
        return say(value.item()) if value.numel() == 1 else f"a tensor {say_shape(value.shape)}"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)[:60]


def say_inputs(inputs):
    """The inputs of a function in a few words; a row of numbers, if it is all there is, in full."""
    if len(inputs) == 1:
        (inputs,) = inputs
        inputs = inputs.tolist() if isinstance(inputs, torch.Tensor) else inputs
    return textwrap.shorten(say(inputs), 100, placeholder=" ...")


def say_shape(shape):
    """`2x3` for the shape (2, 3), `(3,)` for a row."""
    return "x".join(map(str, shape)) if len(shape) > 1 else str(tuple(shape))


def _unanswered(value):
    if isinstance(value, dict):
        value = list(value.values())
    return value is ... or (isinstance(value, list | tuple) and any(map(_unanswered, value)))


def _one_line(error):
    return f"{type(error).__name__}: {(str(error).strip() or 'no message').splitlines()[0]}"
