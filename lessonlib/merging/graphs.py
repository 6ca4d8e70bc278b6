"""The graphs that torch.fx traces of a model, or of its parts where it cannot trace the whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import fx

from lessonlib.merging.forwards import asks_unseen
from lessonlib.merging.held import put_back
from lessonlib.merging.symbols import Tracer
from lessonlib.merging.ways import NO_FORWARD, first_line, has_forward, trace, ways_through

__all__ = ["Traced", "graphs_of"]

# They call the one module that they hold as a whole; by name, as torch loads some only when needed
WRAPPERS = {
    "torch.nn.parallel.data_parallel.DataParallel",
    "torch.nn.parallel.distributed.DistributedDataParallel",
    "torch._dynamo.eval_frame.OptimizedModule",
}
KEEPS = "a call of it leaves something for the next, which is taken to go the same way"


@dataclass(frozen=True, eq=False)
class Traced:
    """A module that torch.fx can trace.

    name: its name; graphs: one for each way through it; again: a function that traces it anew;
    whole: whether its caller is traced too, so that nothing but it calls what is in it;
    assumed: what has to hold for its graphs to be all that a call may do, empty if nothing;
    keeps: whether a call leaves something in the module, such as a table for the next call.
    """

    name: str
    graphs: list[fx.Graph]
    again: Callable[[], list[fx.Graph]]
    whole: bool
    assumed: str
    keeps: bool


def graphs_of(module, untraced, known, apart, given=None, name="", whole=True, proved=False):
    """The `Traced` of `module`, and of the parts that its graphs show as one layer.

    Those are the parts in `apart`, `{part: why}`, and those that cannot be traced. They are
    examined too, as they may hold chains.
    untraced: `{name of what cannot be traced: why}`, which is filled;
    given: `{name of an argument: value}` of the call of `module`, if there is an example input;
    proved: whether one will show if what cannot be traced calls its parts as a whole. Without it
    they are passed over.
    """
    graphs, why, keeps = ways_through(module, known, apart, given)
    if not graphs and has_forward(module) and (more := _untraceable_within(module, known, apart)):
        apart = apart | more
        graphs, why, keeps = ways_through(module, known, apart, given)

    def again():
        return ways_through(module, known, apart, given).graphs

    if graphs:
        why = why or _asking_unseen(module, known) or (KEEPS if keeps else "")
        yield Traced(name, graphs, again, whole, why, keeps)
        inside = _called_apart(module, graphs, apart)
    else:
        inside = module.named_children()
        if not _wraps_one(module):
            whole = False
            untraced[name] = f"torch.fx cannot trace it ({why})"
            if not proved:
                return
    for path, part in inside:
        if part not in known and (graphs or not known.isdisjoint(part.modules())):
            path = f"{name}.{path}".strip(".")
            yield from graphs_of(part, untraced, known, apart, None, path, whole, proved)


def _asking_unseen(module, known):
    """What is assumed if a forward in `module` asks for what hides no symbol."""
    kinds: set[Any] = {type(part) for part in module.modules() if part not in known}
    if any(asks_unseen(kind) for kind in kinds):
        return (
            "its forward asks for a type, or whether two things are one, "
            "and is taken to do the same for each input"
        )
    return ""


def _wraps_one(module):
    kind = type(module)
    return f"{kind.__module__}.{kind.__qualname__}" in WRAPPERS


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
    if Tracer(known, apart).is_leaf_module(module, ""):
        return {}
    why = _why_untraceable(module, known, apart)
    if not why:
        return {}
    found = _untraceable_within(module, known, apart)
    if found and has_forward(module):
        why = _why_untraceable(module, known, apart | found)
    return found | {module: why} if why else found


def _why_untraceable(module, known, apart):
    if not has_forward(module):
        return NO_FORWARD
    try:
        with put_back(module):
            trace(module, known, apart)
    except Exception as error:  # whatever someone's forward raises when it is given a symbol
        return first_line(error)
    return ""
