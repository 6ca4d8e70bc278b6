"""Which BatchNorms read rows, (n, channels), as where a Linear layer and a BatchNorm are one.

Of an input with three axes, (n, channels, features), torch's BatchNorm1d takes the second axis for
that of the channels, but a Linear layer the last.
"""

from torch import nn

from lessonlib.merging.axes import ACTIVATIONS, activates, axes_in
from lessonlib.merging.layer_types import IDLE, is_norm

__all__ = ["UNKNOWN_ROWS", "read_rows", "cut_between"]

AS_ON_X = "its input is taken to have two axes, as on x"
UNKNOWN_ROWS = (
    "its input may have three axes, of which it would take the second, and Linear the last: "
    "give an example input x"
)
OF_ROWS = (nn.BatchNorm1d, nn.SyncBatchNorm)


def read_rows(ways, layers, axes_on_x):
    """`{name of a BatchNorm: what has to hold for it to read rows, empty if nothing}`.

    ways: `{part: [{node: name of the known layer that it calls}, ...]}`; layers: `{name: module}`;
    axes_on_x: a function that gives `{name: numbers of axes that it read}` for names, on an example
    input, or nothing if there is none.
    """
    certain: dict = {}
    if not any(isinstance(layer, nn.Linear) for layer in layers.values()):
        return certain
    for part, graphs in ways.items():
        module = layers[part.name]
        for graph, names in zip(part.graphs, graphs):
            axes = axes_in(graph, module)
            for node, name in names.items():
                if isinstance(layers[name], OF_ROWS):
                    reads = _reads_rows(node, names, layers, module, axes)
                    certain[name] = reads and certain.get(name, True)
    found = {name: "" for name, yes in certain.items() if yes}
    unsure = [name for name in certain if name not in found]
    for name, axes in axes_on_x(unsure).items() if unsure else ():
        if axes == {2}:
            found[name] = AS_ON_X
    return found


def _reads_rows(norm, names, layers, module, axes):
    """Whether a BatchNorm reads two axes, or cannot read three, as one of another width could not.

    axes: `{node: number of axes of what it gives}` where it is known.
    """
    channels = layers[names[norm]].num_features
    values = [norm]  # whose second axis is that of the input, if there are three
    for value in values:
        if axes.get(value) == 2:
            return True
        for node in (value, *value.users):
            layer = layers.get(names.get(node))
            if isinstance(layer, OF_ROWS) and layer.num_features != channels:
                return True
            if node.args and _keeps_second_axis(node, layer, module):
                values += [v for v in (node, node.args[0]) if v not in values]
    return False


def _keeps_second_axis(node, layer, module):
    """Whether a node gives as many along the second of three axes as it reads."""
    if isinstance(layer, (*OF_ROWS, *IDLE, nn.Linear)):
        return True
    if node.op == "call_module":
        return activates(module.get_submodule(node.target))
    return node.op in ("call_function", "call_method") and node.target in ACTIVATIONS


def cut_between(chain, layers, rows):
    """(its pieces, `{name of a BatchNorm: why}`): a chain without those that may not read rows.

    That is, cut between such a BatchNorm and a Linear layer.
    """
    pieces: list = [[]]
    unsure = {}
    last = None
    for name in chain:
        if not isinstance(layers[name], IDLE):
            norms = [one for one in (last, name) if one and is_norm(layers[one])]
            pair = len(norms) == 1 and last and any(_is_linear(layers[n]) for n in (last, name))
            if pair and norms[0] not in rows:
                pieces.append([])
                unsure[norms[0]] = UNKNOWN_ROWS
            last = name
        pieces[-1].append(name)
    if not unsure:
        return [chain], unsure
    return [piece for piece in pieces if _several(piece, layers)], unsure


def _several(names, layers):
    """Whether two or more of the layers do something."""
    return len([name for name in names if not isinstance(layers[name], IDLE)]) > 1


def _is_linear(layer):
    return isinstance(layer, nn.Linear)
