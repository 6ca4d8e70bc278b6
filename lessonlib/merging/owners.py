"""The modules in whose own forward branches are added up: where one convolution is put.

A graph shows all that is called below a module, but a sum is rewritten in the innermost module
whose forward sees all of it, so that the others stay as they are.
"""

from itertools import chain, takewhile

from lessonlib.merging.branches import Branches, by_source, nodes_in
from lessonlib.merging.layer_types import fit_of, rest_of

__all__ = ["owners_in", "homes_in", "of_one_source", "free_in"]


def owners_in(seen):
    """The names of the modules in whose forwards, or their parts', branches are added.

    What is within another comes before it.
    """
    owners: set = set()
    for part in seen.ways:
        module = seen.layers[part.name]
        free = free_in(module, part.name, seen)
        for graph in part.graphs:
            for node, addends in of_one_source(Branches(module, graph, free)):
                owners.add(_join(part.name, _home_of([node, *nodes_in(addends)])))
    return sorted([name for name in seen.layers if name in owners], key=lambda name: -_depth(name))


def _depth(name):
    return len(name.split(".")) if name else 0


def of_one_source(branches):
    """`[(node, addends), ...]`: for each sum those of its addends that read the same value.

    And a scaled convolution as a sum of one.
    """
    found = []
    for node, addends in branches.sums():
        found += [(node, group) for group in by_source(addends)]
    return found + branches.scaled()


def free_in(module, name, seen):
    """`{target: layer}` of the layers in `module`, called `name`, that may be merged."""
    free = {}
    for target, layer in module.named_modules():
        if fit_of(layer) and not rest_of(layer) and _join(name, target) not in seen.left:
            free[target] = layer
    return free


def _join(*names):
    return ".".join(name for name in names if name)


def _home_of(nodes):
    """The name of the innermost module in whose forward, or in those of parts, all are called."""
    stacks = [_stack(node) for node in nodes]
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*stacks))
    return next(reversed([names[0] for names in shared]), "")


def _stack(node):
    """The names of the modules in whose forwards a node is called, from the outermost."""
    names = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
    return names[:-1] if node.op == "call_module" else names


def homes_in(seen):
    """`{name of a layer: [names of all modules in whose forwards it is called, for each call]}`."""
    homes: dict = {}
    for part in seen.ways:
        for node in chain(*[graph.nodes for graph in part.graphs]):
            if node.op == "call_module":
                within = {part.name, *[_join(part.name, path) for path in _stack(node)]}
                homes.setdefault(_join(part.name, node.target), []).append(within)
    return homes
