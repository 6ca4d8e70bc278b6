"""What torch.fx shows of a model's forward: which of its layers are called, by whom, and how."""

from collections import Counter
from dataclasses import dataclass

from torch import nn

from lessonlib.merging.calls import Calls, modules_reached_from
from lessonlib.merging.copies import sharing_copy
from lessonlib.merging.graphs import Traced, graphs_of
from lessonlib.merging.layer_types import fit_of, is_hooked, why_unknown
from lessonlib.merging.rows import read_rows
from lessonlib.merging.traced_chains import next_layers
from lessonlib.merging.ways import has_forward

__all__ = ["Examined", "examine", "hooked_in"]

PIECE_BY_PIECE = "so it may call what it holds piece by piece: give an example input x to find out"
FOLLOWED = "so what it holds is merged only where x shows it called as a whole"


@dataclass(frozen=True, eq=False)
class Examined:
    """What is known of a model's forward.

    model: a copy with the same weights, whose layers are those in the graphs;
    layers: `{name: module}`, all of them; left: `{name of a layer or a part: why it stays}`;
    ways: `{part: [{node: name of the layer that it calls}, for each graph of the part]}`;
    rows: as from `read_rows`.
    """

    model: nn.Module
    layers: dict[str, nn.Module]
    left: dict[str, str]
    ways: dict[Traced, list[dict]]
    rows: dict[str, str]


def examine(model, example=None):
    """What torch.fx shows of the forward of `model`, and an `Example` of what fx cannot trace.

    What an untraceable module holds is left, unless the example shows that it is called as a whole.
    The model stays unchanged. ValueError if the model cannot be copied.
    """
    # a copy with the same weights: tracing runs the forward, which may count or keep what it sees
    model = sharing_copy(model)
    layers = dict(model.named_modules(remove_duplicate=False))
    known = {layer for layer in layers.values() if fit_of(layer)}
    left = {}
    for name, layer in layers.items():
        if why := why_unknown(layer):
            left[name or "the model"] = why
    calls = Calls(model, known)
    parts, untraced = _parts(model, layers, known, example)
    if untraced and example:
        calls.note(example)
    for name, why in untraced.items():
        named = not name or has_forward(layers[name])  # of a ModuleList its owner says it
        if named and not known.isdisjoint(layers[name].modules()):
            left[name or "the model"] = f"{why}, {FOLLOWED if example else PIECE_BY_PIECE}"
    ways = {}
    for part in parts:
        called = [_calls(graph, part.name, layers, known) for graph in part.graphs]
        if _called_as_a_whole(part, called, calls, layers, left):
            ways[part] = called
    left |= _not_alone(ways.values(), layers, calls.asked)
    left |= _also_reached(ways.values(), layers, untraced, calls)

    def axes_on_x(names):
        return example.axes_read(model, names) if example else {}

    return Examined(model, layers, left, ways, read_rows(ways, layers, axes_on_x))


def _parts(model, layers, known, example):
    """(the parts that torch.fx traces, `{name: why}` of those that it cannot)."""
    untraced: dict = {}
    given = example and example.arguments_of(model)
    proved = example is not None
    parts = list(graphs_of(model, untraced, known, hooked_in(layers), given, proved=proved))
    return parts, untraced


def hooked_in(layers):
    """`{module: why}` of those with hooks, which have to see the same values."""
    hooked = {}
    for layer in layers.values():
        if is_hooked(layer):
            hooked[layer] = "it has hooks"
    return hooked


def _called_as_a_whole(part, ways, calls, layers, left):
    """Whether all calls of a part's layers come from the part itself, as its graphs show them."""
    if not calls.ran:
        return part.whole
    called = {layers[name] for name in _names_in([ways])}
    why = calls.why_not_whole(layers[part.name], called)
    if why:
        left[part.name or "the model"] = why
    return not why


def _calls(graph, root, layers, known):
    """`{node: name}` of the known layers that a graph calls."""
    found = {}
    for node in graph.nodes:
        if node.op == "call_module":
            name = f"{root}.{node.target}".strip(".")
            if layers[name] in known:
                found[node] = name
    return found


def _not_alone(modules, layers, asked):
    """`{name: why}` of the called layers that others use too."""
    parts: Counter = Counter()
    unlike: set = set()
    for ways in modules:
        parts.update({id(layers[name]) for name in _names_in([ways])})
        unlike |= _called_unlike(ways)
    left = {}
    for name in _names_in(modules):
        if parts[id(layers[name])] > 1 or name in unlike:
            left[name] = "it is used more than once"
        elif layers[name] in asked:
            left[name] = (
                "its weights or settings are read elsewhere too, "
                "where those of the merged layer would be read instead"
            )
    return left


def _called_unlike(ways):
    """The names of the layers called several times, not always before or after one and the same.

    The towers of a Siamese network call theirs alike.
    """
    unlike: set = set()
    for names in ways:
        links = {a: b for a, b in next_layers(names).items() if b}
        several = {name for name, times in Counter(names.values()).items() if times > 1}
        unlike |= several - links.keys() - set(links.values())
    return unlike


def _also_reached(modules, layers, untraced, calls):
    """`{name: why}` of the called layers that a module may call which torch.fx cannot trace."""
    if calls.ran:
        return {}
    left = {}
    for name in untraced:
        reached = modules_reached_from(layers[name])
        for other in _names_in(modules):
            if id(layers[other]) in reached:
                left[other] = f"{name or 'the model'}, which torch.fx cannot trace, may use it too"
    return left


def _names_in(modules):
    return [name for ways in modules for names in ways for name in names.values()]
