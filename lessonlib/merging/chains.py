"""What to make of a chain of layers: which of them become one, what that saves, and why the others do not."""

from dataclasses import dataclass, replace
from itertools import combinations
from math import prod

import torch
import torch.nn.functional as F

from lessonlib.merging.convolution import (
    Convolution,
    border_obstacle,
    differing,
    in_series,
    reading,
)
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_convolutions

__all__ = ["Step", "steps_of", "convolutions_of", "one_of", "macs_of", "differing_in_chain"]


@dataclass(frozen=True, eq=False)
class Step:
    """Layers of a chain that become one, or one layer that stays.

    names: of the layers; parts: the convolutions they are, one after the other; one: what they become, None where they stay;
    why_not: why they are not one with the layers after them, empty at the end of a chain.
    """

    names: list[str]
    parts: list[Convolution]
    one: Convolution | None
    why_not: str = ""


def convolutions_of(layers):
    """For each layer of a chain its `Convolution`s, none if it does nothing, or the CannotMerge that says why not."""
    fits = [fit_of(layer) for layer in layers]
    axes = next((fit.axes for fit in fits if fit.axes), None)
    channels = next((fit.reads for fit in fits if fit.reads), None)
    found = []
    for layer, fit in zip(layers, fits):
        try:
            if axes is None or channels is None:
                raise CannotMerge(
                    "no convolution in its chain says how many channels and axes there are"
                )
            if fit.reads not in (None, channels):
                raise CannotMerge(
                    f"the layer before gives {channels} channels, and it reads {fit.reads}"
                )
            if fit.axes not in (None, axes):
                raise CannotMerge(
                    f"the layers before slide along {axes} axes, and it along {fit.axes}"
                )
            found.append(as_convolutions(layer, axes, channels))
        except CannotMerge as reason:
            found.append(reason)
        channels = fit.gives or channels
    return found


def macs_of(parts):
    """Multiplications of convolutions in series for each position of the last one's output, in the middle of a large input."""
    return sum(
        part.macs * prod(prod(after.stride) for after in parts[i + 1 :])
        for i, part in enumerate(parts)
    )


def one_of(parts, interior=False):
    """The one `Convolution` of several in series. CannotMerge where it differs at the border, unless the interior will do."""
    one, *rest = parts
    for part in rest:
        if not interior and (reason := border_obstacle(one, part)):
            raise CannotMerge(reason)
        one = in_series(one, part)
    return one


def steps_of(names, parts, at_most=1.0, interior=False):
    """The `Step`s in which a chain takes the fewest multiplications, or in fewer where `at_most` times these will do.

    names, parts: the layers of the chain and the list of convolutions of each.
    """
    n, ways = (
        len(names),
        {(i, i + 1): [Step(names[i : i + 1], parts[i], None)] for i in range(len(names))},
    )
    for start in range(n):
        for count, one in _growing(parts[start:], interior):
            end = start + count
            ways.setdefault((start, end), []).append(
                Step(names[start:end], sum(parts[start:end], []), one)
            )

    def takes(step, end):
        """Multiplications for each position at the end of the whole chain."""
        later = prod(prod(part.stride) for some in parts[end:] for part in some)
        return later * macs_of([step.one] if step.one else step.parts)

    least = {}  # the fewest multiplications that the layers from start to end can do with
    for start, end in sorted(combinations(range(n + 1), 2), key=lambda pair: pair[1] - pair[0]):
        cut = [least[start, middle] + least[middle, end] for middle in range(start + 1, end)]
        least[start, end] = min(cut + [takes(step, end) for step in ways.get((start, end), [])])

    best = [(0, 0, [])]  # of the first 0 to n layers: multiplications, how many steps, the steps
    for end in range(1, n + 1):
        choices = []
        for start in range(end):
            macs, count, steps = best[start]
            for step in ways.get((start, end), []):
                few, now = least[start, end], takes(step, end)
                choices.append(
                    (
                        macs + (few if step.one and now <= at_most * few else now),
                        count + 1,
                        [*steps, step],
                    )
                )
        best.append(min(choices, key=lambda choice: choice[:2]))
    steps = best[n][2]
    return [
        replace(step, why_not=_why_not(step, after, interior))
        for step, after in zip(steps, steps[1:])
    ] + steps[-1:]


def _growing(parts, interior):
    """(how many layers, the convolution they become), layer after layer as long as they become one that is worth it."""
    one, taken = None, []
    for end, some in enumerate(parts, 1):
        for part in some:
            if one and not interior and border_obstacle(one, part):
                return
            one, taken = in_series(one, part) if one else part, [*taken, part]
        if one and (_fewer_layers(one, taken) or macs_of([one]) < macs_of(taken)):
            yield end, one


def _fewer_layers(one, parts):
    return one.layers < sum(part.layers for part in parts)


def _why_not(step, after, interior):
    if not step.parts or not after.parts:
        return ""
    try:
        one = one_of(step.parts + after.parts, interior)
    except CannotMerge as reason:
        return str(reason)
    now = [part for s in (step, after) for part in ([s.one] if s.one else s.parts)]
    together, apart = macs_of([one]), macs_of(now)
    if together == apart and not _fewer_layers(one, now):
        return "torch would pad in a layer of its own, as the sides differ or are not padded with zeros"
    return f"as one they would take {together:,} multiplications a position instead of {apart:,}, {together / apart - 1:.1%} more"


def differing_in_chain(parts, size):
    """Where convolutions in series and `one_of(parts, interior=True)` differ on an input of `size`: a mask as the output.

    ValueError for a size that is no whole number of pixels for each axis.
    """
    axes = len(parts[0].kernel)
    if (
        not isinstance(size, list | tuple)
        or len(size) != axes
        or not all(isinstance(n, int) and n > 0 for n in size)
    ):
        raise ValueError(
            f"A size is {axes} whole numbers from 1 up, the pixels along each axis; give these, not {size}."
        )
    one, *rest = parts
    wrong = torch.zeros(one.output_size(size), dtype=torch.bool)
    for part in rest:
        sides = [side for pair in reversed(part.padding) for side in pair]
        wrong = differing(one, part, size) | reading(part, F.pad(wrong, sides))
        one = in_series(one, part)
    return wrong
