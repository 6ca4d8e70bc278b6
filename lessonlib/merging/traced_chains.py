"""Which layers of a model feed only the next one: its chains."""

from collections import Counter
from itertools import dropwhile
from typing import NamedTuple

from torch.fx import Node
from torch.nn.functional import batch_norm

from lessonlib.merging.layer_types import IDLE, is_norm
from lessonlib.merging.rows import cut_between
from lessonlib.merging.ways import of_other_kinds, text_of

__all__ = [
    "GOES_BY_KINDS",
    "Chains",
    "chains_in",
    "goes_by_kinds",
    "next_layers",
    "same_when_merged",
]

GOES_BY_KINDS = (
    "its forward asks of which kind its layers are, and would go another way with merged ones"
)


class Chains(NamedTuple):
    """Layers that feed only the next one.

    names: for each chain the names of its layers, two or more that `as_convolutions` may know, each
    called once and read by the next alone; left: `{name of a layer or a part: why it stays}`;
    assumed: `{name of a part: what has to hold for its chains to be ones}`.
    """

    names: list[list[str]]
    left: dict[str, str]
    assumed: dict[str, str]


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


def _chains_in(ways, seen):
    """The chains of one module: the same on each way through it."""
    first, *others = [next_layers(names) for names in ways]
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
        if len([name for name in chain if not isinstance(seen.layers[name], IDLE)]) > 1:
            chains.append(chain)
    return chains


def next_layers(names):
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
    names = [name for chain in chains for name in chain]
    if goes_by_kinds(part, [seen.layers[name] for name in names]):
        seen.left[part.name or "the model"] = GOES_BY_KINDS
        return []
    return chains


def goes_by_kinds(part, layers):
    """Whether the graphs of a part are others where `layers` are of another kind."""
    if not layers:
        return False
    with of_other_kinds(layers):
        again = [text_of(graph) for graph in part.again()]
    return again != [text_of(graph) for graph in part.graphs]
