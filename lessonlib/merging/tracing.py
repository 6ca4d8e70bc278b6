"""Which layers of a model feed only the next one: its chains."""

from collections import Counter
from contextlib import suppress
from copy import deepcopy
from functools import reduce
from inspect import signature
from itertools import dropwhile
from operator import or_

from torch import fx

from lessonlib.merging.layer_types import IDLE, fit_of, why_unknown

__all__ = ["find_chains", "copy_of"]


def find_chains(model):
    """The chains of `model`, each a list of names of layers, and what was left out as `{name: why}`. The model stays as it is.

    A chain is two layers or more that `as_convolutions` may know, each called once and read by the next alone. It is read from
    the graph that torch.fx traces. Of a module that cannot be traced, the parts are looked into each by itself, as if they were
    called whole. ValueError for a model that cannot be copied.
    """
    # tracing runs the forward, and that may count, or keep what it sees: so it is a copy's, with the same weights
    model = copy_of(model, {id(weight): weight for weight in model.parameters()})
    layers = dict(model.named_modules(remove_duplicate=False))
    registered = Counter(map(id, layers.values()))
    left = {
        name or "the model": why for name, layer in layers.items() if (why := why_unknown(layer))
    }
    known = {layer for layer in layers.values() if fit_of(layer)}
    hooked = {
        layer: "it has hooks"
        for layer in layers.values()
        if layer._forward_hooks or layer._forward_pre_hooks
    }
    asked, chains = set(), []
    for name, layer in layers.items():
        if layer in known:
            _watch(layer, name, asked)
    # for each module that was traced, the known layers that it calls, `{node: name}`, on each way through it
    modules = [
        [_calls(graph, root, layers, known) for graph in graphs]
        for root, graphs in _graphs(model, left, known, hooked)
    ]
    times = Counter()
    for ways in modules:
        times += reduce(
            or_, (Counter(id(layers[name]) for name in names.values()) for names in ways)
        )  # the most of each way
    for name in {name: None for ways in modules for names in ways for name in names.values()}:
        if times[id(layers[name])] > 1 or registered[id(layers[name])] > 1:
            left[name] = "it is used more than once, or under more than one name"
        elif name in asked:
            left[name] = (
                "its weights or its settings are read by others, who would read those of the merged one"
            )
    for ways in modules:
        first, *others = (
            {name: _next(node, names) for node, name in names.items()} for names in ways
        )
        links = {
            a: b
            for a, b in first.items()
            if not {a, b} & {None, *left} and all(_agrees(a, b, way) for way in others)
        }
        for head in (name for name in links if name not in links.values()):
            chain = [head]
            while chain[-1] in links:
                chain.append(links[chain[-1]])
            # what an idle layer gives is its input itself, and that may be changed in place before the next layer reads it
            chain = list(dropwhile(lambda name: isinstance(layers[name], IDLE), chain))
            chains += [chain] if len(chain) > 1 else []
    return chains, left


def copy_of(model, shared=()):
    """A copy of `model` that shares some objects with it, `{id: object}`. ValueError where it cannot be copied."""
    try:
        return deepcopy(model, dict(shared))
    except Exception as error:  # whatever the parts of a stranger's model raise
        why = f"Python says {_first_line(error)!r}"
        raise ValueError(
            f"The model cannot be copied, and layers are merged in a copy only: {why}."
        ) from error


def _watch(layer, name, asked):
    """Have `name` put into `asked` as soon as someone reads a weight or a setting of `layer`."""
    kind, state = type(layer), {"weight", "bias", *vars(layer), *layer._parameters, *layer._buffers}

    def read(self, attribute):
        if attribute in state and not attribute.startswith("_"):
            asked.add(name)
        return kind.__getattribute__(self, attribute)

    layer.__class__ = type(kind.__name__, (kind,), {"__getattribute__": read})


def _calls(graph, root, layers, known):
    names = {
        node: f"{root}.{node.target}".strip(".") for node in graph.nodes if node.op == "call_module"
    }
    return {node: name for node, name in names.items() if layers[name] in known}


def _next(node, names):
    """The name of the known layer that reads `node` if nothing else does, else None."""
    user, *others = node.users or [None]
    return (
        names[user]
        if not others and user in names and user.args == (node,) and not user.kwargs
        else None
    )


def _agrees(a, b, after):
    """Whether in another graph of the same forward, too, `b` follows `a`, or neither is called."""
    return after.get(a) == b or not {a, b} & after.keys()


def _graphs(module, left, known, apart, name=""):
    """(name, graphs) of `module`, and of those of its parts that its graphs show as one layer though they may hold chains:
    those in `apart`, `{part: why}`, and those that cannot be traced."""
    graphs, why = _traced(module, known, apart)
    if why:
        apart = apart | {
            part: why
            for child in module.children()
            for part, why in _untraceable(child, known, apart).items()
        }
        graphs, why = _traced(module, known, apart)
    if graphs:
        yield name, graphs
        called = dict.fromkeys(
            node.target for graph in graphs for node in graph.nodes if node.op == "call_module"
        )
        inside = [(path, part) for path in called if (part := module.get_submodule(path)) in apart]
    else:
        left[name or "the model"] = (
            f"torch.fx cannot trace it ({why}), so its parts were looked into each by itself, as if each is called as a whole"
        )
        inside = module.named_children()
    for path, part in inside:
        if part not in known and not known.isdisjoint(part.modules()):
            yield from _graphs(part, left, known, apart, f"{name}.{path}".strip("."))


def _untraceable(module, known, apart):
    """`{part: why}` for those in `module`, itself included, that cannot be traced even with such parts taken as one layer."""
    if _Tracer(known, apart).is_leaf_module(module, ""):
        return {}
    found = {}
    for child in module.children():
        found |= _untraceable(child, known, apart)
    why = _traced(module, known, apart | found)[1]
    return found | {module: why} if why else found


def _traced(module, known, apart):
    """The graph of `module`, and that of a call without what has a default, as it may go another way; or [] and why not."""
    try:
        if "forward" in vars(module):
            raise TypeError("its forward was replaced")
        graphs = [_Tracer(known, apart).trace(module)]
        given = signature(type(module).forward).parameters.values()
        if defaults := {p.name: p.default for p in given if p.default is not p.empty}:
            with suppress(Exception):  # it may need what has a default after all
                graphs.append(_Tracer(known, apart).trace(module, defaults))
        return graphs, ""
    except (
        Exception
    ) as error:  # whatever the forward of a stranger raises when it is given a symbol
        return [], _first_line(error)


def _first_line(error):
    return next(iter(str(error).splitlines()), "")[:100] or type(error).__name__


class _Tracer(fx.Tracer):
    def __init__(self, known, apart):
        super().__init__()
        self.known, self.apart = known, apart

    def is_leaf_module(self, module, name):
        return module in self.known or module in self.apart or super().is_leaf_module(module, name)
