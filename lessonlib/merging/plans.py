"""A plan of what in a model becomes one convolution: in words, in JSON, and carried out."""

import json
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from lessonlib.costs.timing import Timing
from lessonlib.merging.chains import convolutions_of, macs_of, one_of
from lessonlib.merging.copies import copy_of
from lessonlib.merging.examples import Example, check_same, timed
from lessonlib.merging.heads import with_heads
from lessonlib.merging.layer_types import rest_of
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.outlines import outline_in_series
from lessonlib.merging.pairs import like_of
from lessonlib.merging.rewriting import with_sums
from lessonlib.merging.steps import MultipliedStep, Step
from lessonlib.merging.to_layers import as_layer, become
from lessonlib.merging.traced_chains import chains_in
from lessonlib.merging.written_steps import read, written

__all__ = ["Plan", "example_of", "carried_out"]

FORMAT = "lessonlib.merging.Plan"


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What `merge_chains` does to a model; `print` and a notebook show it in words.

    steps: the branches of each sum that become one convolution, the layers that a matrix behind a
    flattening takes, then the layers of all chains in order, those that become one in one `Step`.
    What a sum or a matrix has become stands under the name of its layer, and may be in a chain
    again;
    left: `{name of a layer or of a part of the model: why it stays}`;
    differ: `{name of a step's first layer: (positions that differ, of how many)}`, if only the
    interior is merged;
    assumed: `{name of a part: what has to hold for the merged model to be right}`;
    interior: whether the border may differ.
    """

    steps: list[Step]
    left: dict[str, str]
    differ: dict[str, tuple[int, int]] = field(default_factory=dict)
    assumed: dict[str, str] = field(default_factory=dict)
    interior: bool = False

    @property
    def merged(self) -> list[Step]:
        """The steps in which several layers become one."""
        return [step for step in self.steps if step.one]

    def apply(self, model: nn.Module, x: Any = None) -> nn.Module:
        """A copy of `model` in eval with the layers merged that this plan merges.

        model: the one that was planned for, or one with the same layers, such as one trained
        anew or a fresh one to load a merged state_dict into; x as for `merge_chains`.
        Raises ValueError, with the place, if those layers are no chain in it or cannot be merged.
        """
        example = example_of(x)
        summed = with_heads(with_sums(model, example, self._has), example, self._has)
        chains = chains_in(summed.seen)
        steps = []
        for step in self.merged:
            if isinstance(step, MultipliedStep):
                if not any(map(step.is_like, summed.steps)):
                    raise ValueError(f"The plan does not fit this model: {step} is not in it.")
            else:
                steps.append(_fitted(step, summed.model, chains, self.interior))
        return carried_out(steps, summed.model, model, example if not self.interior else None)

    def _has(self, step, model):
        """Whether the plan merges the same branches, or the same layers into a matrix."""
        return any(map(step.is_like, self.merged))

    def timed(self, model: nn.Module, x: Any) -> dict[str, Timing]:
        """The `Timing` of the model and of the merged one on x: "before" and "after", in turns.

        Raises as `apply`.
        """
        return timed(model, self.apply(model, x), Example(x))

    def to_json(self) -> str:
        """The plan as JSON text, for `Plan.from_json`: names, sizes and reasons, no weights."""
        content = {
            "format": FORMAT,
            "interior": self.interior,
            "steps": [written(step) for step in self.steps],
            "left": self.left,
            "differ": self.differ,
            "assumed": self.assumed,
        }
        return json.dumps(content, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """The plan that `to_json` wrote. ValueError for any other text."""
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise ValueError("another format")
            return cls(
                [read(step) for step in content["steps"]],
                dict(content["left"]),
                {name: (wrong, total) for name, (wrong, total) in content["differ"].items()},
                dict(content["assumed"]),
                bool(content["interior"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"This text is not a plan ({type(error).__name__}): give what Plan.to_json wrote."
            ) from error

    def __repr__(self) -> str:  # and so str: words, not the weights of every step
        before = sum(len(step.names) for step in self.merged)
        after = len(self.merged)
        lines = [f"{before} layers become {after}." if before else "No layers become one."]
        lines += [self._line(step) for step in self.steps]
        lines += [f"{name} is left as it is: {why}." for name, why in self.left.items()]
        lines += [f"{name} is assumed to be right: {why}." for name, why in self.assumed.items()]
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
        if step.names[0] in self.differ and not isinstance(step, MultipliedStep):
            wrong, total = self.differ[step.names[0]]
            line += f", and {wrong:,} of {total:,} positions of its output differ, at the border"
        if step.why_not:
            line += f"; not merged with the next: {step.why_not}"
        return line + "."


def example_of(x):
    """The `Example` of an input, None if there is none."""
    return None if x is None else Example(x)


def carried_out(steps, summed, model, example=None):
    """A copy of `summed` in which the layers of each step are one.

    summed: `model` with its sums merged, which is compared with it on the example.
    """
    merged = copy_of(summed)
    for step in steps:
        layers = [merged.get_submodule(name) for name in step.names]
        like = like_of([summed.get_submodule(name) for name in step.names], otherwise=model)
        rest = rest_of(layers[-1]) or nn.Identity().eval()
        for layer in layers[1:-1]:
            become(layer, nn.Identity().eval())
        become(layers[-1], rest)
        become(layers[0], as_layer(step.convolution(), like))
    if example:
        check_same(model, merged, example)
    return merged


def _fitted(step, model, chains, interior):
    """The step with the convolutions that the layers of `model` are."""
    line = " + ".join(step.names)
    for chain in chains.names:
        if step.names[0] in chain:
            start = chain.index(step.names[0])
            if chain[start : start + len(step.names)] == step.names:
                parts = _parts_of(step.names, chain, model, line)
                return _exact_step(step.names, parts, interior, line)
    reasons = [chains.left[name] for name in step.names if name in chains.left]
    why = reasons[0] if reasons else "as they are no chain in it"
    raise ValueError(f"The plan does not fit this model: {line} cannot be merged, {why}.")


def _parts_of(names, chain, model, line):
    found = dict(zip(chain, convolutions_of([model.get_submodule(name) for name in chain])))
    parts = []
    for name in names:
        if isinstance(found[name], CannotMerge):
            raise ValueError(f"The plan does not fit this model: {name}: {found[name]}.")
        parts += found[name]
    return parts


def _exact_step(names, parts, interior, line):
    try:
        return Step(names, parts, one_of(parts, interior, outline_in_series))
    except CannotMerge as reason:
        raise ValueError(f"The plan does not fit this model: {line}: {reason}.") from None


def _say(convolution):
    c = convolution
    kernel = "x".join(map(str, c.kernel)) or "matrix"
    groups = f" in {c.groups} groups" if c.groups > 1 else ""
    return f"one {kernel} from {len(c.fill)} to {len(c.bias)} channels{groups}"
