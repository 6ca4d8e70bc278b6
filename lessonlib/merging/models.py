"""Merge each chain of a whole model into one convolution, where that is exact and pays."""

from dataclasses import dataclass, field
from numbers import Real

import torch
from torch import nn

from lessonlib.checks import require_type
from lessonlib.merging.chains import convolutions_of, differing_in_chain, macs_of
from lessonlib.merging.layers import CannotMerge, as_layer
from lessonlib.merging.pairs import like_of
from lessonlib.merging.rewriting import merge_sums
from lessonlib.merging.steps import Step, steps_of
from lessonlib.merging.tracing import copy_of, find_chains

__all__ = ["Plan", "plan", "merge_chains"]


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What `merge_chains` does to a model; `print` and a notebook show it in words.

    steps: the branches of each sum that become one convolution, then the layers of all chains in
    order, those that become one in one `Step`. What a sum has become stands under the name of its
    first layer, and may be in a chain again;
    left: `{name of a layer: why it stays}`;
    differ: `{name of a step's first layer: (positions that differ, of how many)}`, if only the
    interior is merged.
    """

    steps: list[Step]
    left: dict[str, str]
    differ: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def merged(self) -> list[Step]:
        """The steps in which several layers become one."""
        return [step for step in self.steps if step.one]

    def __repr__(self) -> str:  # and so str: words, not the weights of every step
        before = sum(len(step.names) for step in self.merged)
        after = len(self.merged)
        lines = [f"{before} layers become {after}." if before else "No layers become one."]
        lines += [self._line(step) for step in self.steps]
        lines += [f"{name} is left as it is: {why}." for name, why in self.left.items()]
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        first, *rest = str(self).splitlines()
        return "\n".join([first, "", *(f"- {line}" for line in rest)])

    def _line(self, step):
        line = str(step)
        if step.one:
            line += (
                f" become {_say(step.one)}, with {macs_of([step.one]):,} multiplications "
                f"per position instead of {step.macs:,}"
            )
        else:
            line += " stays"
        if step.names[0] in self.differ:
            wrong, total = self.differ[step.names[0]]
            line += f", and {wrong:,} of {total:,} positions of its output differ, at the border"
        if step.why_not:
            line += f"; not merged with the next: {step.why_not}"
        return line + "."


def plan(
    model: nn.Module,
    x: torch.Tensor | None = None,
    at_most: float = 1.0,
    interior: bool = False,
) -> Plan:
    """The `Plan` by which `merge_chains` with the same arguments merges; the model stays unchanged.

    x: an input of the model, needed for `interior` only;
    at_most: merge where one convolution takes at most this many times the multiplications of its
        chain, `math.inf` for always. Two convolutions pass over memory twice, so one with a tenth
        more multiplications may well be faster: measure it;
    interior: merge also where the border will differ, and count the positions that do.
    Raises TypeError if the model is not an nn.Module or at_most is not a number, ValueError if the
    model is in training mode or cannot be copied, if at_most is not positive, or if x is unusable.
    """
    _check_plan(model, x, at_most, interior)
    # a copy with the same weights
    shared = {id(tensor): tensor for tensor in model.state_dict(keep_vars=True).values()}
    summed, sums, kept = merge_sums(copy_of(model, shared), at_most)
    steps, left = _chain_steps(summed, at_most, interior)
    merged = [step for step in steps if step.one]
    differ = _differ(summed, x, merged) if interior else {}
    return Plan([*sums, *steps], left | kept, differ)


def _chain_steps(model, at_most, interior):
    """The `Step`s of all chains of a model, and `{name of a layer: why it stays}`."""
    chains, left = find_chains(model)
    steps = []
    for names in chains:
        layers = [model.get_submodule(name) for name in names]
        found = dict(zip(names, convolutions_of(layers)))
        for name, parts in found.items():
            if isinstance(parts, CannotMerge):
                left[name] = str(parts)
        for run in _runs(names, left):
            steps += steps_of(run, [found[name] for name in run], at_most, interior)
    return steps, left


def merge_chains(
    model: nn.Module,
    x: torch.Tensor | None = None,
    at_most: float = 1.0,
    interior: bool = False,
) -> nn.Module:
    """A copy of `model` in eval with each chain merged, by `plan` with the same arguments.

    The copy has the same class: the one convolution replaces the first layer of its chain, Identity
    the others. Its outputs are those of the model up to rounding (with `interior`, except at the
    border). The model stays unchanged. Raises as `plan`.
    """
    _check_plan(model, x, at_most, interior)
    merged, _, _ = merge_sums(copy_of(model), at_most)
    steps, _ = _chain_steps(merged, at_most, interior)
    for step in [step for step in steps if step.one]:
        first, *others = step.names
        like = like_of([merged.get_submodule(name) for name in step.names], otherwise=model)
        merged.set_submodule(first, as_layer(step.one, like))
        for name in others:
            merged.set_submodule(name, nn.Identity().eval())
    return merged


def _check_plan(model, x, at_most, interior):
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"Chains are merged in an nn.Module, and this is a {type(model).__name__}: "
            "give the model itself."
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
    if interior and not isinstance(x, torch.Tensor):
        raise ValueError(
            "Which positions differ depends on the size: "
            "give an input of the model too, as the tensor x."
        )


def _runs(names, left):
    """The stretches of a chain between layers that are left, of at least two layers each."""
    runs: list = [[]]
    for name in names:
        if name in left:
            runs.append([])
        else:
            runs[-1].append(name)
    return [run for run in runs if len(run) > 1]


def _differ(model, x, steps):
    """`{name of a step's first layer: (positions that differ, of how many)}` on the input x."""
    sizes = _sizes_read(model, x, {step.names[0]: len(step.one.kernel) for step in steps})
    found = {}
    for step in steps:
        name = step.names[0]
        if name in sizes:
            mask = differing_in_chain(step.parts, sizes[name])
            if mask.any():
                found[name] = (int(mask.sum()), mask.numel())
    return found


def _sizes_read(model, x, axes):
    """`{name: pixels along each axis}` of what each layer in `axes`, `{name: axes}`, reads."""
    sizes: dict = {}

    def noting(name):
        def hook(layer, given):
            sizes.setdefault(name, tuple(given[0].shape[-axes[name] :]))

        return hook

    hooks = [model.get_submodule(name).register_forward_pre_hook(noting(name)) for name in axes]
    try:
        with torch.no_grad():
            model(x)
    except RuntimeError as error:
        raise ValueError(
            f"The model does not accept this x of shape {tuple(x.shape)}: give one that it accepts."
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return sizes


def _say(convolution):
    c = convolution
    kernel = "x".join(map(str, c.kernel))
    groups = f" in {c.groups} groups" if c.groups > 1 else ""
    return f"one {kernel} from {len(c.fill)} to {len(c.bias)} channels{groups}"
