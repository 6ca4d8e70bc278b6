"""Which layers of a chain are merged, what that saves, and why the others are not."""

from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import cast

from lessonlib.merging.borders import border_obstacle
from lessonlib.merging.chains import macs_of, one_of, total_stride
from lessonlib.merging.convolution import Convolution
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.outlines import outline_in_series

__all__ = ["Step", "MultipliedStep", "steps_of"]


@dataclass(frozen=True, eq=False)
class Step:
    """Layers of a chain that become one convolution, or one layer that stays.

    names: of the layers; parts: the convolutions they are, in series;
    one: the outline of the convolution they become, None if they stay;
    why_not: why they are not merged with the layers after them, empty at the end of a chain;
    macs_read: what `macs` is in a plan that was read from a file, and so has no parts.
    """

    names: list[str]
    parts: list[Convolution]
    one: Convolution | None
    why_not: str = ""
    macs_read: int = 0

    @property
    def macs(self) -> int:
        """Multiplications per position of the output, before merging."""
        return macs_of(self.parts) if self.parts else self.macs_read

    def __str__(self) -> str:
        return " + ".join(self.names)

    @property
    def becomes(self) -> list[Convolution]:
        """The convolutions that run in the end."""
        return [self.one] if self.one else self.parts

    def convolution(self) -> Convolution:
        """The convolution that the layers become, multiplied out."""
        return one_of(self.parts, interior=True)


class MultipliedStep(Step):
    """Layers that become one convolution, `one`, which has its weights already."""

    def convolution(self) -> Convolution:
        return cast(Convolution, self.one)

    def is_like(self, other: Step) -> bool:
        """Whether `other` merges the same layers in the same way."""
        return type(self) is type(other) and str(self) == str(other)

    def pays(self, at_most: float) -> bool:
        """Whether one convolution takes at most so many times the multiplications."""
        return self.convolution().macs <= at_most * self.macs


def steps_of(names, parts, at_most=1.0, interior=False):
    """The `Step`s in which a chain takes the fewest multiplications.

    Or fewer steps, if each of them takes at most `at_most` times the fewest that its layers can.
    names, parts: the layers of the chain, and the list of convolutions of each.
    """
    ways = _ways(names, parts, interior)
    steps = _fewest(ways, len(names), at_most)
    explained = [replace(a, why_not=_why_not(a, b, interior)) for a, b in pairwise(steps)]
    return explained + steps[-1:]


def _ways(names, parts, interior):
    """`{(start, end): [(macs, step), ...]}`: the ways to take these layers in one step.

    macs: multiplications per position at the end of the whole chain.
    """
    steps = []
    for start in range(len(names)):
        steps.append((start, start + 1, Step(names[start : start + 1], parts[start], None)))
        for count, one in _growing(parts[start:], interior):
            end = start + count
            steps.append((start, end, Step(names[start:end], sum(parts[start:end], []), one)))
    ways: dict = {}
    for start, end, step in steps:
        macs = macs_of(step.becomes) * total_stride(sum(parts[end:], []))
        ways.setdefault((start, end), []).append((macs, step))
    return ways


def _growing(parts, interior):
    """(number of layers, what they become) for the first layers, where merging saves something."""
    one = None
    taken: list = []
    for count, some in enumerate(parts, 1):
        for part in some:
            if one and not interior and border_obstacle(one, part):
                return
            one = outline_in_series(one, part) if one else part
            taken.append(part)
        if one and (_fewer_layers(one, taken) or macs_of([one]) < macs_of(taken)):
            yield count, one


def _fewer_layers(one, parts):
    return one.layers < sum(part.layers for part in parts)


def _fewest(ways, n, at_most):
    """The steps through all n layers with the fewest multiplications, then the fewest steps.

    A merged step counts as the fewest that its layers can take if it stays within `at_most` times.
    """
    least = _least_macs(ways, n)
    best: list = [(0, [])]  # for the first 0 to n layers: multiplications counted, steps
    for end in range(1, n + 1):
        choices = []
        for start in range(end):
            before, steps = best[start]
            fewest = least[start, end]
            for macs, step in ways.get((start, end), []):
                accepted = step.one and macs <= at_most * fewest
                choices.append((before + (fewest if accepted else macs), [*steps, step]))
        best.append(min(choices, key=lambda choice: (choice[0], len(choice[1]))))
    return best[n][1]


def _least_macs(ways, n):
    """`{(start, end): the fewest multiplications that these layers can take}`."""
    least: dict = {}
    spans = combinations(range(n + 1), 2)
    for start, end in sorted(spans, key=lambda span: span[1] - span[0]):  # the shortest first
        whole = [macs for macs, _ in ways.get((start, end), [])]
        cut = [least[start, middle] + least[middle, end] for middle in range(start + 1, end)]
        least[start, end] = min(whole + cut)
    return least


def _why_not(step, after, interior):
    """Why a step and the one after it are not one, in words."""
    if not step.parts or not after.parts:
        return ""
    try:
        one = one_of(step.parts + after.parts, interior, outline_in_series)
    except CannotMerge as reason:
        return str(reason)
    now = step.becomes + after.becomes
    together = macs_of([one])
    apart = macs_of(now)
    if together == apart and not _fewer_layers(one, now):
        return (
            "torch would need a separate layer for the padding, "
            "because its sides differ or it is not zero"
        )
    return (
        f"as one they would take {together:,} multiplications per position instead of {apart:,}, "
        f"{together / apart - 1:.1%} more"
    )
