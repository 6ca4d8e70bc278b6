"""An example input of a model: what the model gives for it, before and after it is merged."""

from inspect import signature
from math import inf, sqrt

import torch
from torch.utils._pytree import tree_leaves

from lessonlib.costs.timing import time_interleaved
from lessonlib.merging.copies import sharing_copy
from lessonlib.merging.ways import first_line

__all__ = ["Example", "check_same", "largest_difference", "most_by_rounding", "timed"]

SHARE = 0.01  # of numbers that are not floating-point, where a rounding may change one in a tie


class Example:
    """x: the one argument of a model, or a tuple of all."""

    def __init__(self, x, options=()):
        self.args = x if isinstance(x, tuple) else (x,)
        self.options = dict(options)

    def arguments_of(self, model):
        """`{name: value}` of the call of the model's forward, defaults included."""
        try:
            bound = signature(model.forward).bind(*self.args, **self.options)
        except TypeError as error:
            raise ValueError(f"{self._refused(error)}") from error
        bound.apply_defaults()
        return bound.arguments

    def outputs(self, model):
        """What `model` gives. It may change by that. ValueError if it does not take x."""
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)  # a model may draw numbers
                return model(*self.args, **self.options)
        except Exception as error:  # whatever someone's forward raises
            raise ValueError(self._refused(error)) from error

    def axes_read(self, model, names):
        """`{name: numbers of axes}` of what the layers called so read in it, each time."""
        model = sharing_copy(model)
        found: dict = {name: set() for name in names}

        def noting(name):
            return lambda layer, given: found[name].add(given[0].ndim)

        for name in names:
            model.get_submodule(name).register_forward_pre_hook(noting(name))
        self.outputs(model)
        return found

    def _refused(self, error):
        shapes = [tuple(x.shape) for x in tree_leaves(self.args) if isinstance(x, torch.Tensor)]
        said = ", ".join(map(str, shapes)) or "no tensor"
        return (
            f"The model does not accept this x of shape {said}: give one that it accepts. "
            f"It says {first_line(error)!r}."
        )


def check_same(model, merged, example):
    """The `largest_difference` of the outputs of the two. ValueError beyond rounding."""
    before = example.outputs(sharing_copy(model))
    after = example.outputs(sharing_copy(merged))
    found = largest_difference(before, after)
    most = most_by_rounding(model, before)
    if not found <= most:
        raise ValueError(
            f"On this x the outputs of the merged model differ by {found:.1e} of the largest "
            f"number, where rounding explains {most:.1e} at most: its forward does with its layers "
            "what was not seen. Merge its parts, each by itself."
        )
    return found


def timed(model, merged, example):
    """The `Timing`s of both on the example, `{"before": ..., "after": ...}`."""
    with torch.inference_mode():
        return time_interleaved(
            {
                "before": lambda: model(*example.args, **example.options),
                "after": lambda: merged(*example.args, **example.options),
            }
        )


def largest_difference(before, after):
    """The largest difference of two outputs, relative to the largest number of each tensor.

    Of what is not floating-point it is the share of numbers that differ, beyond `SHARE`.
    Infinity if they do not have the same parts. ValueError if there is no number in them.
    """
    pairs = list(zip(_numbers(before), _numbers(after)))
    if not pairs:
        raise ValueError(
            "The model gives no numbers for this x, so there is nothing to compare: "
            "give an x for which it does."
        )
    if len(_numbers(before)) != len(_numbers(after)):
        return inf
    return max(_difference(a, b) for a, b in pairs)


def most_by_rounding(model, outputs):
    """The `largest_difference` that may be rounding: half of the digits of the coarsest type."""
    tensors = [*model.parameters(), *model.buffers(), *_numbers(outputs)]
    kinds = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    coarsest = max((torch.finfo(kind).eps for kind in kinds), default=0)
    if torch.backends.cudnn.allow_tf32 and any(tensor.is_cuda for tensor in tensors):
        coarsest = max(coarsest, torch.finfo(torch.float16).eps)  # TF32 has as many digits
    return sqrt(coarsest)


def _numbers(outputs):
    """All tensors in outputs of any kind, those in objects too, and numbers as tensors."""
    found = []
    for leaf in tree_leaves(outputs):
        if isinstance(leaf, torch.Tensor):
            found.append(leaf)
        elif isinstance(leaf, int | float | complex) or hasattr(leaf, "__array__"):
            found.append(torch.as_tensor(leaf))
        elif hasattr(leaf, "__dict__") and vars(leaf) and not isinstance(leaf, torch.nn.Module):
            found += _numbers(list(vars(leaf).values()))
    return [tensor for tensor in found if tensor.numel()]


def _difference(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        return inf
    unlike = (a != b) & ~((a != a) & (b != b))  # nan is like nan
    if not a.is_floating_point() and not a.is_complex():
        return max(unlike.float().mean().item() - SHARE, 0)
    if not unlike.any():
        return 0.0
    finite = a[a.isfinite()].abs()
    largest = finite.max().item() if finite.numel() else 0
    difference = (a[unlike] - b[unlike]).abs().double().nan_to_num(inf).max().item()
    return difference / (largest or 1)
