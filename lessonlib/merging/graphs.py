"""The graphs that torch.fx traces of a model, or of its parts where it cannot trace the whole."""

import operator
from contextlib import suppress
from inspect import signature

from torch import fx

__all__ = ["graphs_of", "first_line"]


def graphs_of(module, left, known, apart, name=""):
    """`(name, graphs)` of `module`, and of the parts that these show as one layer.

    Those are the parts in `apart`, `{part: why}`, and those that cannot be traced. They are
    examined too, as they may hold chains.
    """
    graphs, why = _traced(module, known, apart)
    if why:
        apart = apart | _untraceable_within(module, known, apart)
        graphs, why = _traced(module, known, apart)
    if graphs:
        yield name, graphs
        inside = _called_apart(module, graphs, apart)
    else:
        left[name or "the model"] = (
            f"torch.fx cannot trace it ({why}), so each of its parts was examined separately, "
            "as if called as a whole"
        )
        inside = module.named_children()
    for path, part in inside:
        if part not in known and not known.isdisjoint(part.modules()):
            yield from graphs_of(part, left, known, apart, f"{name}.{path}".strip("."))


def _called_apart(module, graphs, apart):
    """`[(path, part), ...]` of the parts in `apart` that the graphs call, each once."""
    found = {}
    for node in [node for graph in graphs for node in graph.nodes]:
        if node.op == "call_module" and module.get_submodule(node.target) in apart:
            found[node.target] = module.get_submodule(node.target)
    return found.items()


def _untraceable_within(module, known, apart):
    """`{part: why}` of the parts of `module` that cannot be traced."""
    found: dict = {}
    for child in module.children():
        found |= _untraceable(child, known, apart)
    return found


def _untraceable(module, known, apart):
    """`{part: why}` as above, `module` itself included if it cannot be traced.

    It counts as traceable if it is so with its untraceable parts taken as one layer each.
    """
    if _Tracer(known, apart).is_leaf_module(module, ""):
        return {}
    found = _untraceable_within(module, known, apart)
    _, why = _traced(module, known, apart | found)
    return found | {module: why} if why else found


def _traced(module, known, apart):
    """(graphs, why not): a graph of `module`, and one of a call without optional arguments.

    The second call may go another way. No graphs if it cannot be traced, else no reason.
    """
    try:
        if "forward" in vars(module):
            raise TypeError("its forward was replaced")
        graphs = [_Tracer(known, apart).trace(module)]
        given = signature(type(module).forward).parameters.values()
        if defaults := {p.name: p.default for p in given if p.default is not p.empty}:
            with suppress(Exception):  # it may need what has a default after all
                graphs.append(_Tracer(known, apart).trace(module, defaults))
        return graphs, ""
    except Exception as error:  # whatever someone's forward raises when it is given a symbol
        return [], first_line(error)


def first_line(error):
    """What an exception says, in one line."""
    return next(iter(str(error).splitlines()), "")[:100] or type(error).__name__


class _Symbol(fx.Proxy):
    """Notes `x += y` as that, where torch.fx notes `x = x + y`, which others that read x tell."""

    def __iadd__(self, other):
        return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    def __isub__(self, other):
        return self.tracer.create_proxy("call_function", operator.isub, (self, other), {})

    def __imul__(self, other):
        return self.tracer.create_proxy("call_function", operator.imul, (self, other), {})


class _Tracer(fx.Tracer):
    def __init__(self, known, apart):
        super().__init__()
        self.known = known
        self.apart = apart

    def proxy(self, node):
        return _Symbol(node, self)

    def is_leaf_module(self, module, name):
        return module in self.known or module in self.apart or super().is_leaf_module(module, name)
