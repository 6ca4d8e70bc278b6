"""Which branches of a sum become one convolution, and what that saves."""

from dataclasses import dataclass, field
from itertools import chain
from math import prod
from typing import NamedTuple

import torch

from lessonlib.merging.borders import border_obstacle, sum_obstacle
from lessonlib.merging.branches import names_in, steps_in
from lessonlib.merging.chains import check_fit
from lessonlib.merging.convolution import Convolution
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_convolutions, only_scaling
from lessonlib.merging.parallel import in_parallel
from lessonlib.merging.series import in_series
from lessonlib.merging.steps import MultipliedStep

__all__ = ["SumStep", "sum_step", "in_words"]


@dataclass(frozen=True, eq=False)
class SumStep(MultipliedStep):
    """Branches whose sum becomes one convolution, `one`, with its weights.

    names: of the layers of all branches; branches: for each branch the names of its layers, none
    for the input itself; operations: how many layers and additions it replaces.
    """

    branches: list[list[str]] = field(default_factory=list)
    operations: int = 0

    def __str__(self) -> str:
        return _in_words(self.branches)

    def pays(self, at_most: float) -> bool:
        """As above, and takes fewer layers and additions."""
        return super().pays(at_most) and self.convolution().layers < self.operations


def in_words(addends, prefix):
    """Addends as the sum of the names of their layers."""
    return _in_words(_names(addends, prefix))


def _in_words(branches):
    *said, last = [" + ".join(names) or "the input itself" for names in branches]
    return f"The sum of {', '.join(said)} and {last}" if said else f"{last}, scaled,"


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


def sum_step(addends, layers, prefix, accepts):
    """(addends, `SumStep`): those of one source that become one convolution, all if accepted.

    layers: `{name: layer}`; prefix: for their names; accepts: a function that says of a `SumStep`
    whether it is taken. CannotMerge, with the reason, if none is.
    """
    axes, channels = _axes_and_channels(addends, layers)
    _check_types(addends, layers)
    found = _linear_ones(addends, layers, axes, channels)
    alike: dict = {}  # a dense kernel and one for each channel would be a dense one
    for addend, linear in found:
        alike.setdefault(linear.one.groups, []).append((addend, linear))
    for some in (found, *alike.values()):
        step = _as_step(some, prefix)
        if (len(some) > 1 or some is found) and accepts(step):
            return [addend for addend, _ in some], step
    step = _as_step(found, prefix)
    raise CannotMerge(
        f"as one they would take {step.one.macs:,} multiplications per position "
        f"instead of {step.macs:,}"
    )


def _linear_ones(addends, layers, axes, channels):
    """`[(addend, what it computes), ...]` of the addends that are a convolution each."""
    found = []
    reasons = []
    for addend in addends:
        try:
            found.append((addend, _of_addend(addend, layers, axes, channels)))
        except CannotMerge as reason:
            reasons.append(reason)
    if reasons and len(found) < 2:
        raise reasons[0]
    return found


def _axes_and_channels(addends, layers):
    """How many axes their layers slide along, and how many channels they read."""
    found: list = []
    reads: list = []
    for addend in addends:
        fits = [fit_of(layers[name]) for name in names_in(addend.branch)]
        found += [fit.axes for fit in fits if fit.axes is not None]
        reads += [fit.reads for fit in fits if fit.reads][:1]
    return next(iter(found), None), next(iter(reads), None)


def _check_types(addends, layers):
    """CannotMerge if numbers of several types meet, of which torch would give the widest."""
    kinds = set()
    for step in chain(*[steps_in(addend.branch) for addend in addends]):
        layer = layers[step].parameters() if isinstance(step, str) else [step]
        kinds |= {x.dtype for x in layer if isinstance(x, torch.Tensor) and x.ndim}
    if len(kinds) > 1:
        raise CannotMerge("their numbers are of several types")


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


def _as_step(found, prefix):
    linear = _sum([linear for _, linear in found])
    branches = _names([addend for addend, _ in found], prefix)
    names = list(dict.fromkeys(sum(branches, [])))
    return SumStep(names, [], linear.one, "", linear.macs, branches, linear.operations)
