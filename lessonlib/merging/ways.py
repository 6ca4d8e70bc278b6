"""The ways that a call of a module may go, each as a graph that torch.fx traces."""

import re
from contextlib import contextmanager
from inspect import Parameter, signature
from itertools import cycle, product
from textwrap import shorten
from typing import Any, NamedTuple

import torch
from torch import fx, nn

from lessonlib.merging.forwards import tests_for_none
from lessonlib.merging.held import put_back
from lessonlib.merging.symbols import Tracer

__all__ = ["NO_FORWARD", "Ways", "defaults_of", "first_line", "has_forward", "of_other_kinds"]
__all__ += ["text_of", "trace", "ways_through"]

MOST_WAYS = 32
NO_FORWARD = "it has no forward"
CALLS = ("__call__", "_call_impl")  # what runs a forward
CANNOT_CALL = (TypeError, ValueError, AttributeError, AssertionError, RuntimeError)


class Ways(NamedTuple):
    """The graphs of a module, or why there are none; keeps as in `graphs.Traced`."""

    graphs: list[fx.Graph]
    why: str = ""
    keeps: bool = False


def ways_through(module, known, apart, given):
    """The `Ways` through a module, and then puts back what the calls left in it."""
    if not has_forward(module):
        return Ways([], NO_FORWARD)
    with put_back(module) as held:
        ways = _ways(module, known, apart, given)
        if ways.graphs and held.counted():
            return Ways([], "it counts its calls and may go by their number")
        return ways._replace(keeps=held.changed())


def has_forward(module):
    """Whether anything can call it: a ModuleList only holds others."""
    own = "forward" in vars(module) or _calls_itself(module)
    return own or type(module).forward is not nn.Module.forward


def _calls_itself(module):
    return any(getattr(type(module), name) is not getattr(nn.Module, name) for name in CALLS)


def _ways(module, known, apart, given):
    """The `Ways` that a call of `module` may go.

    Without and with each optional argument, without and with gradients. No graphs if one of them
    cannot be traced, else no reason. With `given` the way of that call is enough, and the reason
    says so.
    """
    try:
        return Ways(_all_ways(module, known, apart))
    except Exception as error:  # whatever someone's forward raises when it is given a symbol
        why = first_line(error)
    if given is None:
        return Ways([], why)
    try:
        graphs = _way_of(module, known, apart, given)
    except Exception:
        return Ways([], why)
    why = f"it is called as on x, as other calls may go another way ({why})"
    return Ways(graphs, why)


def _all_ways(module, known, apart):
    graphs = []
    ways = _optional_arguments(module)
    for way in ways:
        try:
            graphs += _both_modes(module, known, apart, way)
        except CANNOT_CALL as error:
            # raised by the forward itself, for a call that it does not take
            if way == ways[0] or "Proxy" in str(error) or isinstance(error, fx.proxy.TraceError):
                raise
    return graphs


def _way_of(module, known, apart, given):
    """The graphs of the call with the arguments `given`; those that hold tensors are symbols."""
    fixed = {name: value for name, value in given.items() if _has_no_tensor(value)}
    types = {name: type(value) for name, value in given.items()}
    return _both_modes(module, known, apart, fixed, types)


def _both_modes(module, known, apart, fixed, types=()):
    """The graphs with and without gradients; one if they are alike."""
    graphs = []
    for gradients in (True, False):
        with torch.set_grad_enabled(gradients):
            graphs.append(trace(module, known, apart, fixed, types))
    first, second = map(text_of, graphs)
    return graphs[:1] if first == second else graphs


class _Other(nn.Identity):
    """A second kind, for a forward that compares two."""


@contextmanager
def of_other_kinds(layers):
    """Makes Identity of all layers, by turns of one kind and another, and then what they were."""
    kinds = {layer: type(layer) for layer in layers}
    try:
        for layer, other in zip(kinds, cycle([nn.Identity, _Other])):
            layer.__class__ = other
        yield
    finally:
        for layer, kind in kinds.items():
            layer.__class__ = kind


def _optional_arguments(module):
    """`[{name: value}, ...]`: what to leave at its default, for each way to call `module`."""
    choices: list = []
    for name, default in defaults_of(module).items():
        values = [True, False] if isinstance(default, bool) else [_SYMBOL, default]
        choices.append([(name, value) for value in values])
    if 2 ** len(choices) > MOST_WAYS:
        raise ValueError(f"it has {len(choices)} optional arguments")
    for name in _perhaps_none(module)[: MOST_WAYS.bit_length() - 1 - len(choices)]:
        choices.append([(name, _SYMBOL), (name, None)])
    ways = []
    for way in product(*choices):
        ways.append({name: value for name, value in way if value is not _SYMBOL})
    return ways


_SYMBOL = object()


def defaults_of(module):
    """`{name: default}` of the optional arguments of its forward."""
    parameters = signature(type(module).forward).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not Parameter.empty}


def _perhaps_none(module):
    """The required arguments of its forward, but for the first, if something asks for None."""
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    _, *given = signature(type(module).forward).parameters.values()
    required = [p.name for p in given if p.default is Parameter.empty and p.kind in kinds]
    others = required[1:]
    own: set[Any] = {type(part) for part in module.modules()}
    if others and any(tests_for_none(kind) for kind in own):
        return others
    return []


def _has_no_tensor(value):
    leaves = torch.utils._pytree.tree_leaves(value)
    return not any(isinstance(leaf, torch.Tensor) for leaf in leaves)


def trace(module, known, apart, fixed=None, types=()):
    """A graph of `module` called with the arguments in `fixed`, and symbols for the others."""
    own_call = _calls_itself(module) and not isinstance(module, fx.GraphModule)
    if "forward" in vars(module) or own_call:
        raise TypeError("its forward was replaced")
    tracer = Tracer(known, apart, types)
    graph = tracer.trace(module, fixed or None)
    if tracer.questions:  # the forward caught the error
        raise fx.proxy.TraceError(tracer.questions[0])
    return graph


def text_of(graph):
    """All that a graph does, as text: equal for equal graphs."""
    return re.sub(r"_tensor_constant\d+", "_tensor_constant", str(graph))


def first_line(error):
    """What an exception says, in one line of whole words."""
    line = next(iter(str(error).splitlines()), "")
    return shorten(line, 100, placeholder=" ...") or type(error).__name__
