"""Which branches of a sum become one convolution, and what that saves."""

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

import torch

from lessonlib.merging.borders import border_obstacle, sum_obstacle
from lessonlib.merging.branches import names_in
from lessonlib.merging.chains import check_fit
from lessonlib.merging.convolution import Convolution, in_parallel, in_series
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_convolutions, only_scaling
from lessonlib.merging.steps import Step

__all__ = ["SumStep", "sum_step", "in_words"]


@dataclass(frozen=True, eq=False)
class SumStep(Step):
    """Branches whose sum becomes one convolution.

    names: of the layers of all branches; branches: the same, for each branch, empty for the input
    itself; sum_macs: the multiplications per position that they take.
    """

    branches: list[list[str]] = field(default_factory=list)
    sum_macs: int = 0

    @property
    def macs(self) -> int:
        return self.sum_macs

    def __str__(self) -> str:
        return _in_words(self.branches)


def in_words(addends, prefix):
    """Addends as the sum of the names of their layers."""
    return _in_words(_names(addends, prefix))


def _in_words(branches):
    *said, last = [" + ".join(names) or "the input itself" for names in branches]
    return f"The sum of {', '.join(said)} and {last}"


def _names(addends, prefix):
    """For each addend the names of its layers, within the module called `prefix`."""
    branches = []
    for addend in addends:
        names = names_in(addend.branch)
        branches.append([f"{prefix}.{name}".strip(".") for name in names])
    return branches


class _Linear(NamedTuple):
    """What a branch computes, as one; the multiplications and operations that it takes now."""

    one: Convolution
    macs: int
    operations: int


def sum_step(addends, layers, prefix, at_most):
    """(addends, `SumStep`): those of one source that become one convolution, all if that pays.

    layers: `{name: layer}`; prefix: for their names. CannotMerge, with the reason, if none do.
    """
    axes, channels = _axes_and_channels(addends, layers)
    found = [(addend, _of_addend(addend, layers, axes, channels)) for addend in addends]
    alike: dict = {}  # a dense kernel and one for each channel would be a dense one
    for addend, linear in found:
        alike.setdefault(linear.one.groups, []).append((addend, linear))
    for some in (found, *alike.values()):
        linear = _sum([linear for _, linear in some])
        if len(some) > 1 and _pays(linear, at_most):
            return _as_step([addend for addend, _ in some], linear, prefix)
    linear = _sum([linear for _, linear in found])
    raise CannotMerge(
        f"as one they would take {linear.one.macs:,} multiplications per position "
        f"instead of {linear.macs:,}"
    )


def _axes_and_channels(addends, layers):
    """How many axes their layers slide along, and how many channels they read."""
    axes = None
    channels = None
    for addend in addends:
        fits = [fit_of(layers[name]) for name in names_in(addend.branch)]
        axes = axes or next((fit.axes for fit in fits if fit.axes), None)
        channels = channels or next((fit.reads for fit in fits if fit.reads), None)
    return axes, channels


def _of_addend(addend, layers, axes, channels):
    linear = _along(addend.branch, layers, axes, channels)
    if addend.sign > 0:
        return linear
    minus = _scale(-1, axes, len(linear.one.bias))
    return linear._replace(one=in_series(linear.one, minus))


def _along(branch, layers, axes, channels):
    """The `_Linear` of a branch."""
    if axes is None or channels is None:
        raise CannotMerge("no convolution in it says how many channels and axes there are")
    linear = None
    for _, step in branch.steps:
        for part in _parts(step, layers, axes, channels):
            linear = _in_series(linear, part) if linear else part
            channels = len(linear.one.bias)
    return linear or _Linear(_scale(1, axes, channels), 0, 0)


def _parts(step, layers, axes, channels):
    """The `_Linear`s that a step is, in series."""
    if isinstance(step, list):
        return [_sum([_of_addend(addend, layers, axes, channels) for addend in step])]
    if isinstance(step, str):
        check_fit(fit_of(layers[step]), axes, channels)
        parts = as_convolutions(layers[step], axes, channels)
    else:
        parts = [_scale(step, axes, channels)]
    return [_Linear(part, part.macs, part.layers) for part in parts]


def _in_series(a, b):
    if reason := border_obstacle(a.one, b.one):
        raise CannotMerge(reason)
    macs = a.macs * prod(b.one.stride) + b.macs
    return _Linear(in_series(a.one, b.one), macs, a.operations + b.operations)


def _sum(linears):
    ones = [linear.one for linear in linears]
    if reason := sum_obstacle(ones):
        raise CannotMerge(reason)
    macs = sum(linear.macs for linear in linears)
    additions = len(linears) - 1
    operations = sum(linear.operations for linear in linears) + additions
    return _Linear(in_parallel(ones), macs, operations)


def _scale(scale, axes, channels):
    """The product with a number, or with one for each channel, as a `Convolution`."""
    scale = torch.as_tensor(scale)
    ones = (1,) * axes
    shape = (1,) * (axes + 2 - scale.ndim) + tuple(scale.shape)
    if shape not in ((1, channels, *ones), (1, 1, *ones)):
        raise CannotMerge(f"it is multiplied by numbers of shape {tuple(scale.shape)}")
    return only_scaling(scale.reshape(-1).expand(channels), axes)


def _pays(linear, at_most):
    return linear.one.macs <= at_most * linear.macs and linear.one.layers < linear.operations


def _as_step(addends, linear, prefix):
    branches = _names(addends, prefix)
    step = SumStep(sum(branches, []), [], linear.one, "", branches, linear.macs)
    return addends, step
