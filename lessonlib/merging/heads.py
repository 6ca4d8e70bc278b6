"""Put what sees one position at a time into the matrix that follows it behind a flattening.

A convolution of one tap, or a BatchNorm, is a matrix K for each position, and a mean over positions
gives the same before and after it. So with a matrix M for each of the positions that are flattened

    sum over p of M[p] mean[p](K x + k) = sum over p of (M[p] K) mean[p](x) + sum over p of M[p] k

as in conv1x1, average pooling, flatten, Linear. How the positions lie does not matter. The input is
taken to be a batch, whose second axis is that of the channels.
"""

from collections import Counter
from dataclasses import replace
from itertools import dropwhile
from math import prod

from torch import fx, nn

from lessonlib.merging.chains import macs_of, one_of
from lessonlib.merging.copies import sharing_copy
from lessonlib.merging.flattening import before_flattening
from lessonlib.merging.in_place import writer_among
from lessonlib.merging.layer_types import CONVOLUTIONS, fit_of, is_norm, rest_of
from lessonlib.merging.layers import CannotMerge, as_convolutions
from lessonlib.merging.pairs import like_of
from lessonlib.merging.rewriting import Summed
from lessonlib.merging.steps import MultipliedStep
from lessonlib.merging.to_layers import as_layer, become
from lessonlib.merging.traced_chains import same_when_merged
from lessonlib.merging.tracing import examine

__all__ = ["HeadStep", "with_heads"]

SEVERAL = (
    "the convolution before it sees several positions at a time, and which of them belong to which "
    "number that is flattened depends on the size of the input"
)


class HeadStep(MultipliedStep):
    """Layers that become one matrix in the place of the last of them."""


def with_heads(summed, example, accepts):
    """What was `Summed`, with each matrix behind a flattening merged with what comes before it.

    accepts: a function that says of a `HeadStep` and the model whether it is taken.
    Raises as `examine`.
    """
    heads = _heads_in(summed.seen)
    if not heads:
        return summed
    model = sharing_copy(summed.model)
    steps: list = []
    left: dict = {}
    for names in heads:
        if len(names) == 1:
            left[names[0]] = SEVERAL
            continue
        layers = [model.get_submodule(name) for name in names]
        try:
            step = _cheapest(names, layers, lambda step: accepts(step, model))
        except CannotMerge as reason:
            left[names[-1]] = f"it is not merged with {names[-2]}: {reason}"
            continue
        *before, matrix = [model.get_submodule(name) for name in step.names]
        become(matrix, as_layer(step.one, like_of([*before, matrix])))
        for layer in before:
            become(layer, nn.Identity().eval())
        steps.append(step)
    if not steps:
        return summed._replace(left=summed.left | left)
    return Summed(model, examine(model, example), summed.steps + steps, summed.left | left)


def _heads_in(seen):
    """For each head the names of its layers in order, the Linear last.

    The Linear alone if a convolution of several taps comes before it. Each head is the same on each
    way through the part of the model that has it.
    """
    found = []
    for part, ways in seen.ways.items():
        each = [_heads_of(graph, names, part, seen) for graph, names in zip(part.graphs, ways)]
        for head in each[0].values():
            alike = all(_agrees(head, heads, names) for heads, names in zip(each, ways))
            if alike and same_when_merged([head], part, seen):
                found.append(head)
    return found


def _agrees(head, heads, names):
    """Whether a way through a part has the head too, or calls none of its layers."""
    return heads.get(head[-1]) == head or set(head).isdisjoint(names.values())


def _heads_of(graph, names, part, seen):
    """`{name of a Linear layer: its head}` in a graph. names: `{node: name of a known layer}`."""
    module = seen.layers[part.name]
    layers = {node.target: seen.layers[name] for node, name in names.items()}
    times = Counter(names.values())
    free = {}
    for node, name in names.items():
        plain = len(node.args) == 1 and isinstance(node.args[0], fx.Node) and not node.kwargs
        if plain and times[name] == 1 and name not in seen.left:
            free[node] = seen.layers[name]
    heads = {}
    for node in [node for node, layer in free.items() if isinstance(layer, nn.Linear)]:
        first, nodes = before_flattening(node, free, module, _sees_one_position)
        behind = isinstance(free.get(first), CONVOLUTIONS)
        if behind and len(first.users) == 1:  # it takes a BatchNorm itself
            nodes = list(dropwhile(lambda other: is_norm(free[other]), nodes))
        if (nodes or behind) and not writer_among(graph, [*nodes, node], module, layers):
            heads[names[node]] = [names[other] for other in [*nodes, node]]
    return heads


def _sees_one_position(layer):
    if is_norm(layer):
        return not rest_of(layer)
    plain = isinstance(layer, CONVOLUTIONS) and {*layer.kernel_size, *layer.stride} == {1}
    return plain and layer.padding in ("same", "valid", (0,) * len(layer.kernel_size))


def _cheapest(names, layers, accepts):
    """The accepted `HeadStep` with the fewest multiplications. CannotMerge if none is."""
    *parts, matrix = _parts(layers)
    found = []
    for start, layer in enumerate(layers[:-1]):
        if not start or not is_norm(layer):  # which the convolution before it takes
            step = _as_step(names[start:], [*parts[start:], matrix])
            kept = macs_of([*parts[:start], matrix]) - matrix.macs
            if accepts(step):
                found.append((step.one.macs + kept, step))
    if found:
        return min(found, key=lambda way: way[0])[1]
    step = _as_step(names, [*parts, matrix])
    raise CannotMerge(
        f"as one they would take {step.one.macs:,} multiplications instead of {step.macs:,}"
    )


def _parts(layers):
    """The `Convolution`s, along one axis, that the layers of a head are."""
    parts = []
    for layer in layers[:-1]:
        [part] = as_convolutions(layer, 1, fit_of(layer).reads)
        parts.append(_along_one_axis(part, 1))
    [matrix] = as_convolutions(layers[-1], 0, layers[-1].in_features)
    positions, rest = divmod(layers[-1].in_features, len(parts[-1].bias))
    if rest:
        raise CannotMerge("what is flattened between them has another number of channels")
    return [*parts, _along_one_axis(matrix, positions)]


def _along_one_axis(part, positions):
    """A convolution of one tap, or the matrix of all positions, along an axis of positions."""
    weight = part.weight.reshape(len(part.bias), -1, positions)
    fill = weight.new_zeros(weight.shape[1] * part.groups)
    line = {"stride": (positions,), "dilation": (1,), "padding": ((0, 0),)}
    return replace(part, weight=weight, fill=fill, **line)


def _as_step(names, parts):
    one = one_of(parts)
    numbers = prod(one.weight.shape[1:])
    matrix = replace(
        one,
        weight=one.weight.flatten(1),
        fill=one.fill.new_zeros(numbers),
        stride=(),
        dilation=(),
        padding=(),
    )
    return HeadStep(names, [], matrix, "", macs_of(parts))
