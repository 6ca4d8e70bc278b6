"""Which layers of a model feed only the next one: its chains."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from itertools import dropwhile
from typing import NamedTuple

import torch
from torch import nn
from torch.fx import Node
from torch.nn.functional import batch_norm

from lessonlib.merging.calls import Calls, modules_reached_from
from lessonlib.merging.graphs import Traced, first_line, graphs_of, text_of
from lessonlib.merging.layer_types import IDLE, fit_of, is_norm, why_unknown
from lessonlib.merging.rows import cut_between, read_rows

__all__ = [
    "Chains",
    "Examined",
    "examine",
    "chains_in",
    "same_when_merged",
    "hooked_in",
    "copy_of",
    "sharing_copy",
]

PIECE_BY_PIECE = "so it may call what it holds piece by piece: give an example input x to find out"
FOLLOWED = "so what it holds is merged only where x shows it called as a whole"


class Chains(NamedTuple):
    """Layers that feed only the next one.

    names: for each chain the names of its layers, two or more that `as_convolutions` may know, each
    called once and read by the next alone; left: `{name of a layer or a part: why it stays}`;
    assumed: `{name of a part: what has to hold for its chains to be ones}`.
    """

    names: list[list[str]]
    left: dict[str, str]
    assumed: dict[str, str]


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


def chains_in(seen):
    """The `Chains` of what was `Examined`, on each way through the graphs that torch.fx traces."""
    chains = []
    assumed = {}
    unsure: dict = {}
    for part, ways in seen.ways.items():
        found = []
        for chain in same_when_merged(_chains_in(ways, seen), part, seen):
            pieces, reasons = cut_between(chain, seen.layers, seen.rows)
            found += pieces
            unsure |= reasons
        chains += found
        if found and part.assumed:
            assumed[part.name or "the model"] = part.assumed
    for name, why in (_lone_norms(chains, seen) | unsure).items():
        seen.left.setdefault(name, why)
    return Chains(chains, seen.left, assumed)


def _lone_norms(chains, seen):
    """`{name: why}` of the BatchNorms that are in no chain."""
    merged = {name for chain in chains for name in chain}
    left = {}
    for part, ways in seen.ways.items():
        for node in [node for graph in part.graphs for node in graph.nodes]:
            if node.target is batch_norm:
                left[node.name] = "only a BatchNorm layer is known, and this is a function"
        for names in ways:
            for node, name in names.items():
                if name not in merged and is_norm(seen.layers[name]):
                    left[name] = _why_alone(node, names, seen.layers[part.name])
    return left


def _why_alone(node, names, part):
    if node.kwargs or len(node.args) != 1 or not isinstance(node.args[0], Node):
        return "it is not called with its input alone"
    [before] = node.args
    if before in names:
        if len(before.users) > 1:
            return f"others read what {names[before]} gives too"
        return f"it does not follow {names[before]} on each way through the forward"
    if before.op == "placeholder":
        return "nothing comes before it that is a convolution"
    if before.op == "call_module":
        return f"it follows a {type(part.get_submodule(before.target)).__name__}"
    return f"it reads what {getattr(before.target, '__name__', before.target)} gives"


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
        if not known.isdisjoint(layers[name].modules()):
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


def copy_of(model, shared=()):
    """A copy of `model` that shares objects `{id: object}`. ValueError if it cannot be copied."""
    try:
        return deepcopy(model, dict(shared))
    except Exception as error:  # whatever the parts of someone's model raise
        raise ValueError(
            "The model cannot be copied, and layers are merged in a copy only: "
            f"{_uncopied(model)}Python says {first_line(error)!r}."
        ) from error


def _uncopied(model):
    """Which attribute of the model it is that cannot be copied, and how it came to be there."""
    for name, module in model.named_modules():
        for attribute, value in vars(module).items():
            if attribute in ("_modules", "_parameters", "_buffers"):
                continue
            try:
                deepcopy(value)
            except Exception:  # as above
                return _remedy(module, f"{name}.{attribute}".strip("."), value)
    return ""


def _remedy(module, where, value):
    """What to do about an attribute that cannot be copied."""
    hooks = [type(hook).__name__ for hook in module._forward_pre_hooks.values()]
    if "WeightNorm" in hooks:
        return (
            f"{where} is from torch's old weight_norm, so call torch.nn.utils.remove_weight_norm. "
        )
    if isinstance(value, torch.Tensor) and value.grad_fn is not None:
        return f"{where} was kept from a call outside of torch.no_grad(), so delete it first. "
    return f"{where} is in the way, so delete it first. "


def sharing_copy(model):
    """A copy of `model` with the same weights, to run what may change more than weights."""
    return copy_of(model, {id(weight): weight for weight in model.parameters()})


def _parts(model, layers, known, example):
    """(the parts that torch.fx traces, `{name: why}` of those that it cannot)."""
    untraced: dict = {}
    given = example and example.arguments_of(model)
    parts = list(graphs_of(model, untraced, known, hooked_in(layers), given))
    return parts, untraced


def hooked_in(layers):
    """`{module: why}` of those with hooks, which have to see the same values."""
    hooked = {}
    for layer in layers.values():
        if layer._forward_hooks or layer._forward_pre_hooks:
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
        links = {a: b for a, b in _next_layers(names).items() if b}
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


def _chains_in(ways, seen):
    """The chains of one module: the same on each way through it."""
    first, *others = [_next_layers(names) for names in ways]
    links = {}
    for a, b in first.items():
        free = b is not None and a not in seen.left and b not in seen.left
        if free and all(_agrees(a, b, after) for after in others):
            links[a] = b
    followers = set(links.values())
    chains = []
    for head in [name for name in links if name not in followers]:
        chain = [head]
        while chain[-1] in links:
            chain.append(links[chain[-1]])
        # an idle layer gives its input itself, which may be changed in place before it is read
        chain = list(dropwhile(lambda name: isinstance(seen.layers[name], IDLE), chain))
        if len(chain) > 1:
            chains.append(chain)
    return chains


def _next_layers(names):
    """`{name of a layer: name of the known layer that alone reads it, each time, or None}`."""
    times = Counter(names.values())
    after: dict = {}
    for node, name in names.items():
        after.setdefault(name, set()).add(_next(node, names))
    found: dict = {}
    for name, others in after.items():
        other = others.pop()
        found[name] = other if not others and times[other] == times[name] else None
    return found


def _next(node, names):
    if len(node.users) != 1:
        return None
    [user] = node.users
    alone = user in names and user.args == (node,) and not user.kwargs
    return names[user] if alone else None


def _agrees(a, b, after):
    """Whether `b` follows `a` on another way through the module too, or neither is called."""
    return after.get(a) == b or not {a, b} & after.keys()


def same_when_merged(chains, part, seen):
    """The chains of a part, none if its forward asks of which kind their layers are.

    With the merged layers it would go another way then.
    """
    kinds = {}
    for name in [name for chain in chains for name in chain]:
        kinds[seen.layers[name]] = type(seen.layers[name])
    if not kinds:
        return []
    for layer in kinds:
        layer.__class__ = nn.Identity
    again = [text_of(graph) for graph in part.again()]
    for layer, kind in kinds.items():
        layer.__class__ = kind
    if again == [text_of(graph) for graph in part.graphs]:
        return chains
    seen.left[part.name or "the model"] = (
        "its forward asks of which kind its layers are, and would go another way with merged ones"
    )
    return []
