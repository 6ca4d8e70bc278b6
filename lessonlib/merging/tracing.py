"""Which layers of a model feed only the next one: its chains."""

from collections import Counter
from copy import deepcopy
from itertools import dropwhile
from typing import Any, NamedTuple

from torch import fx, nn

from lessonlib.merging.graphs import first_line, graphs_of
from lessonlib.merging.layer_types import IDLE, fit_of, why_unknown

__all__ = ["Examined", "examine", "find_chains", "hooked_in", "copy_of"]


class Examined(NamedTuple):
    """What torch.fx shows of a model.

    model: a copy with the same weights, to read only; layers: `{name: module}`;
    modules: `[(name, graphs), ...]` of the traced modules;
    calls: for each of them and each of its graphs the known layers it calls, `{node: name}`;
    left: `{name: why}` of the layers that cannot be merged.
    """

    model: nn.Module
    layers: dict[str, nn.Module]
    modules: list[tuple[str, list[fx.Graph]]]
    calls: list[list[dict[fx.Node, str]]]
    left: dict[str, str]


def find_chains(model):
    """The chains of `model`, lists of names of layers, and `{name: why}` of what was left out.

    A chain is two or more layers that `as_convolutions` may know, each called once and read by the
    next alone, according to the graph that torch.fx traces. If a module cannot be traced, each of
    its parts is examined separately, as if it were called as a whole. The model stays unchanged.
    ValueError if the model cannot be copied.
    """
    seen = examine(model)
    chains = []
    for ways in seen.calls:
        chains += _chains_in(ways, seen.layers, seen.left)
    return chains, seen.left


def examine(model):
    """What torch.fx shows of `model`, as `Examined`. ValueError if it cannot be copied."""
    # a copy with the same weights: tracing runs the forward, which may count or keep what it sees
    model = copy_of(model, {id(weight): weight for weight in model.parameters()})
    layers = dict(model.named_modules(remove_duplicate=False))
    known = {layer for layer in layers.values() if fit_of(layer)}
    left = {}
    for name, layer in layers.items():
        if why := why_unknown(layer):
            left[name or "the model"] = why
    asked = _watched(layers, known)
    modules = list(graphs_of(model, left, known, hooked_in(layers)))
    calls = []
    for root, graphs in modules:
        calls.append([_calls(graph, root, layers, known) for graph in graphs])
    left |= _not_alone(calls, layers, asked)
    return Examined(model, layers, modules, calls, left)


def copy_of(model, shared=()):
    """A copy of `model` that shares objects `{id: object}`. ValueError if it cannot be copied."""
    try:
        return deepcopy(model, dict(shared))
    except Exception as error:  # whatever the parts of someone's model raise
        raise ValueError(
            "The model cannot be copied, and layers are merged in a copy only: "
            f"Python says {first_line(error)!r}."
        ) from error


def _watched(layers, known):
    """A set to which each known layer adds its name once its weights or settings are read."""
    asked: set = set()
    for name, layer in layers.items():
        if layer in known:
            _watch(layer, name, asked)
    return asked


def _watch(layer, name, asked):
    kind: Any = type(layer)
    state = {"weight", "bias", *vars(layer), *layer._parameters, *layer._buffers}

    def read(self, attribute):
        if attribute in state and not attribute.startswith("_"):
            asked.add(name)
        return kind.__getattribute__(self, attribute)

    layer.__class__ = type(kind.__name__, (kind,), {"__getattribute__": read})


def hooked_in(layers):
    """`{module: why}` of those with hooks, which have to see the same values."""
    hooked = {}
    for layer in layers.values():
        if layer._forward_hooks or layer._forward_pre_hooks:
            hooked[layer] = "it has hooks"
    return hooked


def _calls(graph, root, layers, known):
    found = {}
    for node in graph.nodes:
        if node.op == "call_module":
            name = f"{root}.{node.target}".strip(".")
            if layers[name] in known:
                found[node] = name
    return found


def _not_alone(modules, layers, asked):
    """`{name: why}` of the called layers that others use too."""
    registered = Counter(map(id, layers.values()))
    times: Counter = Counter()
    for ways in modules:
        times += _times_called(ways, layers)
    left = {}
    for name in [name for ways in modules for names in ways for name in names.values()]:
        layer = id(layers[name])
        if times[layer] > 1 or registered[layer] > 1:
            left[name] = "it is used more than once, or under more than one name"
        elif name in asked:
            left[name] = (
                "its weights or settings are read elsewhere too, "
                "where those of the merged layer would be read instead"
            )
    return left


def _times_called(ways, layers):
    """`{id of a layer: the most times that one of the ways calls it}`."""
    most: Counter = Counter()
    for names in ways:
        most |= Counter(id(layers[name]) for name in names.values())
    return most


def _chains_in(ways, layers, left):
    """The chains of one module: the same on each way through it."""
    first, *others = [_next_layers(names) for names in ways]
    links = {}
    for a, b in first.items():
        free = b is not None and a not in left and b not in left
        if free and all(_agrees(a, b, after) for after in others):
            links[a] = b
    followers = set(links.values())
    chains = []
    for head in [name for name in links if name not in followers]:
        chain = [head]
        while chain[-1] in links:
            chain.append(links[chain[-1]])
        # an idle layer gives its input itself, which may be changed in place before it is read
        chain = list(dropwhile(lambda name: isinstance(layers[name], IDLE), chain))
        if len(chain) > 1:
            chains.append(chain)
    return chains


def _next_layers(names):
    """`{name of a layer: name of the known layer that alone reads it, or None}`."""
    return {name: _next(node, names) for node, name in names.items()}


def _next(node, names):
    if len(node.users) != 1:
        return None
    [user] = node.users
    alone = user in names and user.args == (node,) and not user.kwargs
    return names[user] if alone else None


def _agrees(a, b, after):
    """Whether `b` follows `a` on another way through the module too, or neither is called."""
    return after.get(a) == b or not {a, b} & after.keys()
