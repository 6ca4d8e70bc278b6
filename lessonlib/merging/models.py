"""The chains of a whole model become one convolution each, where that is exact and pays."""

from dataclasses import dataclass, field
from math import prod
from numbers import Real

import torch
from torch import nn

from lessonlib.checks import require_type
from lessonlib.merging.chains import Step, convolutions_of, differing_in_chain, macs_of, steps_of
from lessonlib.merging.layers import CannotMerge, as_layer
from lessonlib.merging.pairs import like_of
from lessonlib.merging.tracing import copy_of, find_chains

__all__ = ["Plan", "plan", "merge_chains"]


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What `merge_chains` does to a model, shown in words by a notebook, by `print` and at a prompt.

    steps: for each layer of a chain how it goes, several that become one together; left: `{name of a layer: why it is left}`;
    differ: `{name of a step's first layer: (positions that differ, of how many)}` where only the interior is merged.
    """

    steps: list[Step]
    left: dict[str, str]
    differ: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def merged(self):
        """The steps in which several layers become one."""
        return [step for step in self.steps if step.one]

    def __repr__(self):  # and so str: words, not the weights of every step
        before, after = sum(len(step.names) for step in self.merged), len(self.merged)
        lines = [f"{before} layers become {after}." if before else "No layers become one."]
        lines += [self._line(step) for step in self.steps]
        return "\n".join(
            [*lines, *(f"{name} is left as it is: {why}." for name, why in self.left.items())]
        )

    def _repr_markdown_(self):
        first, *rest = str(self).splitlines()
        return "\n".join([first, "", *(f"- {line}" for line in rest)])

    def _line(self, step):
        line = " + ".join(step.names)
        if step.one:
            before, after = macs_of(step.parts), macs_of([step.one])
            line += f" become {_say(step.one)}, with {after:,} multiplications a position instead of {before:,}"
        else:
            line += " stays"
        if step.names[0] in self.differ:
            line += ", and {:,} of {:,} positions of its output differ, at the border".format(
                *self.differ[step.names[0]]
            )
        return line + (f"; not one with the next: {step.why_not}." if step.why_not else ".")


def plan(model, x=None, at_most=1.0, interior=False):
    """The `Plan` by which `merge_chains` with the same arguments would merge the chains of `model`; nothing is changed.

    x: an input of the model, needed for `interior` only;
    at_most: merge where one convolution takes at most so many times the multiplications of its chain, `math.inf` for always.
        Two convolutions pass over memory twice, so one with a tenth more multiplications may well be faster: measure it;
    interior: merge also where the border will differ, and count the positions that do.
    Raises ValueError for a model in training mode or that cannot be copied, TypeError for what is no model.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"Chains are merged in an nn.Module, and this is a {type(model).__name__}: give the model itself."
        )
    if model.training:
        raise ValueError(
            "The model is in training mode, where BatchNorm and dropout do something else: call eval() first."
        )
    require_type("plan", Real, at_most=at_most)
    if not at_most > 0:
        raise ValueError(
            f"at_most is how many times the multiplications are accepted, so more than 0, not {at_most}."
        )
    if interior and not isinstance(x, torch.Tensor):
        raise ValueError(
            "Which positions differ depends on the size: give an input of the model too, as the tensor x."
        )
    chains, left = find_chains(model)
    steps = []
    for names in chains:
        found = dict(zip(names, convolutions_of([model.get_submodule(name) for name in names])))
        left |= {
            name: str(parts) for name, parts in found.items() if isinstance(parts, CannotMerge)
        }
        for run in _runs(names, left):
            steps += steps_of(run, [found[name] for name in run], at_most, interior)
    return Plan(
        steps, left, _differ(model, x, [step for step in steps if step.one]) if interior else {}
    )


def merge_chains(model, x=None, at_most=1.0, interior=False):
    """A copy of `model` in eval in which each chain of layers is one convolution, by `plan` with the same arguments.

    The copy has the same class: the convolution stands in the place of the first layer, Identity in that of the others. Its
    outputs are those of the model up to rounding (with `interior`, off the border); the model stays as it is. Raises as `plan`.
    """
    steps = plan(model, x, at_most, interior).merged
    merged = copy_of(model)
    for step in steps:
        first, *others = step.names
        like = like_of([model.get_submodule(name) for name in step.names], otherwise=model)
        merged.set_submodule(first, as_layer(step.one, like))
        for name in others:
            merged.set_submodule(name, nn.Identity().eval())
    return merged


def _runs(names, left):
    """The parts of a chain of at least two layers between those that are left."""
    runs = [[]]
    for name in names:
        if name in left:
            runs.append([])
        else:
            runs[-1].append(name)
    return [run for run in runs if len(run) > 1]


def _differ(model, x, steps):
    sizes, firsts = {}, {step.names[0]: step for step in steps}

    def note(name, axes):
        return lambda layer, given: sizes.setdefault(name, tuple(given[0].shape[-axes:])) and None

    hooks = [
        model.get_submodule(name).register_forward_pre_hook(note(name, len(step.one.kernel)))
        for name, step in firsts.items()
    ]
    try:
        with torch.no_grad():
            model(x)
    except RuntimeError as error:
        raise ValueError(
            f"The model does not take this x of shape {tuple(x.shape)}: give one that it takes."
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    masks = {name: differing_in_chain(firsts[name].parts, size) for name, size in sizes.items()}
    return {name: (int(mask.sum()), prod(mask.shape)) for name, mask in masks.items() if mask.any()}


def _say(convolution):
    c = convolution
    words = f"one {'x'.join(map(str, c.kernel))} from {len(c.fill)} to {len(c.bias)} channels"
    return words + (f" in {c.groups} groups" if c.groups > 1 else "")
