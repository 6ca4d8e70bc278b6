"""Merge each chain of a whole model into one convolution, where that is exact and pays."""

import warnings
from math import prod
from numbers import Real
from typing import Any

import torch
from torch import nn

from lessonlib.checks import require_type
from lessonlib.merging.chains import convolutions_of, differing_in_chain
from lessonlib.merging.copies import sharing_copy
from lessonlib.merging.heads import HeadStep, with_heads
from lessonlib.merging.layer_types import rest_of
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.pairs import like_of
from lessonlib.merging.plans import Plan, carried_out, example_of
from lessonlib.merging.rewriting import with_sums
from lessonlib.merging.steps import Step, steps_of
from lessonlib.merging.traced_chains import chains_in

__all__ = ["plan", "merge_chains"]


def plan(model: nn.Module, x: Any = None, *, at_most: float = 1.0, interior: bool = False) -> Plan:
    """The `Plan` by which `merge_chains` with the same arguments merges; the model stays unchanged.

    x: an input of the model, or a tuple of all its arguments. What torch.fx cannot trace is merged
        only where x shows that it is called as a whole; `interior` needs x too;
    at_most: merge where one convolution takes at most this many times the multiplications of its
        chain, `math.inf` for always. Two convolutions pass over memory twice, so one with a tenth
        more multiplications may well be faster: measure it;
    interior: merge also where the border will differ, and count the positions that do.
    Raises TypeError if the model is not an nn.Module or at_most is not a number, ValueError if the
    model is in training mode or cannot be copied, if at_most is not positive, or if x is unusable.
    """
    _check_plan(model, x, at_most, interior)
    return _planned(model, x, at_most, interior)[0]


def _planned(model, x, at_most, interior):
    """(the `Plan`, its steps in chains, the model with its sums merged)."""

    def accepts(step, model):
        return step.pays(at_most) and _fits(step, model)

    example = example_of(x)
    summed = with_heads(with_sums(model, example, accepts), example, accepts)
    chains = chains_in(summed.seen)
    left = chains.left | summed.left
    steps: list = []
    for names in chains.names:
        steps += _steps_of_chain(names, summed.model, left, at_most, interior)
    merged = [step for step in steps if step.one]
    differ = _differ(summed.model, example, merged) if interior else {}
    assumed = chains.assumed | _of_rows_on_x([*summed.steps, *merged], summed.seen.rows)
    found = Plan([*summed.steps, *steps], left, differ, assumed, interior)
    return found, steps, summed.model


def _steps_of_chain(names, model, left, at_most, interior):
    """The `Step`s of a chain. left: `{name: why}`, to which what cannot be merged is added."""
    steps: list = []
    layers = [model.get_submodule(name) for name in names]
    found = dict(zip(names, convolutions_of(layers)))
    for name, parts in found.items():
        if isinstance(parts, CannotMerge):
            left[name] = str(parts)
    for run in _runs(names, model, left):
        for step in steps_of(run, [found[name] for name in run], at_most, interior):
            steps += [step] if _fits(step, model) else _one_by_one(step, found)
    return steps


def merge_chains(
    model: nn.Module, x: Any = None, *, at_most: float = 1.0, interior: bool = False
) -> nn.Module:
    """A copy of `model` in eval with each chain and sum merged, by `plan` with the same arguments.

    A Linear layer behind a flattening takes what sees one position at a time before it, also where
    means over positions come between. A BatchNorm beside a Linear layer is merged if it is certain
    that it reads two axes, (n, channels), or on x does. Inputs are taken to be batches where a
    matrix or a scale with an axis for them, (1, channels, 1, 1), is merged.
    The copy has the same class: the one convolution replaces the first layer of its chain, Identity
    the others. But a module whose own forward adds up branches that are merged, or scales a layer,
    becomes a `torch.fx.GraphModule`, which knows its forward only.
    The outputs are those of the model up to rounding (with `interior`, except at a chain's
    border), for calls of the model itself: methods other than forward, and attributes that are set
    later and read by it, are not followed. With x the outputs are compared, so give one.
    The model stays unchanged. Raises as `plan`, and ValueError if the outputs on x differ.
    """
    _check_plan(model, x, at_most, interior)
    found, steps, summed = _planned(model, x, at_most, interior)
    if found.assumed and x is None:
        said = "; ".join(f"{name}: {why}" for name, why in found.assumed.items())
        warnings.warn(f"Not compared on an input, and so assumed: {said}.", stacklevel=2)
    steps = [step for step in steps if step.one]
    return carried_out(steps, summed, model, None if interior else example_of(x))


def _check_plan(model, x, at_most, interior):
    exported = isinstance(model, torch.export.ExportedProgram)
    if exported or "eval" in getattr(model, "__dict__", ()):  # as torch forbids what it exported
        raise TypeError(
            "This model comes from torch.export: give what torch.export.export returned to "
            "merge_exported, or the saved file to python -m lessonlib.merging."
        )
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"Chains are merged in an nn.Module, and this is a {type(model).__name__}: "
            "give the model itself."
        )
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            "TorchScript has compiled the calls of this model's layers, so none can be replaced: "
            "give the model that it was made from."
        )
    if model.training:
        raise ValueError(
            "The model is in training mode, where BatchNorm and dropout behave differently: "
            "call eval() first."
        )
    require_type("plan", Real, at_most=at_most)
    if not at_most > 0:
        raise ValueError(
            "at_most is the accepted factor on the number of multiplications: "
            f"give a number more than 0, not {at_most}."
        )
    if interior and x is None:
        raise ValueError(
            "Which positions differ depends on the size: give an input of the model too, as x."
        )


def _of_rows_on_x(steps, rows):
    """What is assumed of the steps with BatchNorm and Linear, `{name: what}`."""
    assumed: dict = {}
    for step in steps:
        if not step.one.kernel and not isinstance(step, HeadStep):
            assumed |= {name: rows[name] for name in step.names if rows.get(name)}
    return assumed


def _runs(names, model, left):
    """The stretches of a chain between layers that are left or activate, of two layers or more."""
    runs: list = [[]]
    for name in names:
        if name not in left:
            runs[-1].append(name)
        if name in left or rest_of(model.get_submodule(name)):
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _fits(step, model):
    """Whether the numbers of the convolution can be written in the type of its layers."""
    if not step.one:
        return True
    like = like_of([model.get_submodule(name) for name in step.names], otherwise=model)
    most = torch.finfo(like.dtype).max
    parts = step.parts or [step.one]  # a sum has its weights already
    if prod(part.weight.norm().item() for part in parts) < most:
        return step.one.bias.abs().max() <= most  # no number of the product is larger (Cauchy)
    one = step.convolution()
    return max(one.weight.abs().max(), one.bias.abs().max()) <= most


def _one_by_one(step, found):
    """The layers of a step, each in a step of its own."""
    why = "as one their numbers would be too large for the type of their weights"
    steps = [Step([name], found[name], None, why) for name in step.names[:-1]]
    return [*steps, Step(step.names[-1:], found[step.names[-1]], None, step.why_not)]


def _differ(model, example, steps):
    """`{name of a step's first layer: (positions that differ, of how many)}` on an example."""
    sizes = _sizes_read(model, example, {step.names[0]: len(step.one.kernel) for step in steps})
    found = {}
    for step in steps:
        name = step.names[0]
        if sizes.get(name):  # a matrix has no border
            mask = differing_in_chain(step.parts, sizes[name])
            if mask.any():
                found[name] = (int(mask.sum()), mask.numel())
    return found


def _sizes_read(model, example, axes):
    """`{name: pixels along each axis}` of what each layer in `axes`, `{name: axes}`, reads."""
    model = sharing_copy(model)
    sizes: dict = {}

    def noting(name):
        def hook(layer, given):
            sizes.setdefault(name, tuple(given[0].shape[given[0].ndim - axes[name] :]))

        return hook

    for name in axes:
        model.get_submodule(name).register_forward_pre_hook(noting(name))
    example.outputs(model)
    return sizes
