"""Where a graph adds up what several branches compute of the same value.

A branch is a chain of layers, of scales (a number, or one for each channel), and of sums whose own
branches read one value again.
"""

import operator
from collections import Counter
from typing import Any, NamedTuple

import torch
from torch import fx, nn

from lessonlib.merging.in_place import IN_PLACE, writes_unseen
from lessonlib.merging.layer_types import CONVOLUTIONS, IDLE, is_hooked

__all__ = ["Branch", "Addend", "Branches", "by_source", "steps_in", "names_in", "nodes_in"]

SIGNS = {  # of the second term; a method is known by its name
    operator.add: 1,
    operator.iadd: 1,
    torch.add: 1,
    "add": 1,
    "add_": 1,
    operator.sub: -1,
    operator.isub: -1,
    torch.sub: -1,
    "sub": -1,
    "sub_": -1,
}
PRODUCTS = (operator.mul, operator.imul, torch.mul, "mul", "mul_")
SHAPING = (operator.getitem, "view", "reshape", "unsqueeze")  # what may be done to a scale


class Branch(NamedTuple):
    """What is done to `source` in series, `[(node, step), ...]`.

    A step is the name of a layer, the addends of a sum, or a scale: a number or a tensor.
    """

    source: fx.Node
    steps: list[tuple[fx.Node, Any]]


class Addend(NamedTuple):
    """A term of a sum, with its sign, and the branch that ends in it."""

    sign: int
    node: fx.Node
    branch: Branch


class Branches:
    """The sums in a graph of `module`. layers: `{target: layer}`, those that may be merged."""

    def __init__(self, module, graph, layers):
        self.module = module
        self.graph = graph
        self.layers = layers
        self.calls = Counter(node.target for node in graph.nodes if node.op == "call_module")

    def sums(self):
        """`[(node, addends), ...]`, a sum within another after it."""
        found = []
        for node in reversed(self.graph.nodes):
            if addends := self.addends(node):
                found.append((node, addends))
        return found

    def scaled(self):
        """`[(node, [addend]), ...]`: a convolution, and the scale before or after it."""
        found = []
        for node in self.graph.nodes:
            if not self._is_weighted(node):
                continue
            [before] = node.args
            scale = self._scale(before)
            if scale and self._is_read_once(before):
                branch = Branch(scale[0], [(before, scale[1]), (node, node.target)])
                found.append((node, [Addend(1, node, branch)]))
            user = next(iter(node.users), node)
            scale = self._scale(user)
            if scale and self._is_read_once(node):
                branch = Branch(before, [(node, node.target), (user, scale[1])])
                found.append((user, [Addend(1, user, branch)]))
        return found

    def _is_weighted(self, node):
        weighted = (*CONVOLUTIONS, nn.Linear)
        return self._is_layer(node) and isinstance(self.layers[node.target], weighted)

    def addends(self, node):
        """The addends of a sum, with those of sums that it alone reads. None if it is no sum."""
        found = []
        for sign, term in self._terms(node):
            within = self.addends(term) if self._is_read_once(term) else None
            if within:
                found += [addend._replace(sign=sign * addend.sign) for addend in within]
            elif isinstance(term, fx.Node):
                found.append(Addend(sign, term, self._branch(term)))
            elif term:  # a number; only 0, where Python's sum starts, changes nothing
                return None
        return found or None

    def tree(self, node):
        """The nodes that add: a sum, then those of the sums that it alone reads."""
        found = [node]
        for _, term in self._terms(node):
            if self._is_read_once(term) and self.addends(term):
                found += self.tree(term)
        return found

    def unchanged(self, node):
        """The node whose value a node gives, as Identity does, or adding 0; None if it does not.

        Python's sum starts from 0. It is added to what a layer gave: of truth values it would make
        whole numbers.
        """
        layer = self.layers.get(node.target) if self._is_layer(node) else None
        if type(layer) is nn.Identity and not is_hooked(layer):
            return node.args[0]
        terms = self._terms(node)
        others = [term for sign, term in terms if isinstance(term, fx.Node) and sign > 0]
        zeros = [term for _, term in terms if isinstance(term, int | float) and term == 0]
        if len(others) == len(zeros) == 1 and self._is_from_layer(others[0]):
            return others[0]
        return None

    def _is_from_layer(self, node):
        while self._is_layer(node) and isinstance(self.layers[node.target], IDLE):
            node = node.args[0]
        return self._is_layer(node)

    def is_step(self, node):
        """Whether a node only computes what a branch may, and nothing besides."""
        operation = node.target in SIGNS or node.target in PRODUCTS
        known = self._is_layer(node) or self._is_constant(node)
        return known or operation and self._is_plain(node)

    def _branch(self, node):
        """The branch that ends in `node`, back to what others read too or to what is no step."""
        steps: list = []
        while len(node.users) == 1:
            before, step = self._step(node)
            if before is None:
                break
            steps.insert(0, (node, step))
            node = before
        return Branch(node, steps)

    def _step(self, node):
        """(the node it reads, what it does to it), or (None, None) if that is no step."""
        if self._is_layer(node):
            return node.args[0], node.target
        if scale := self._scale(node):
            return scale
        addends = self.addends(node) or []
        sources = {addend.branch.source for addend in addends}
        return (sources.pop(), addends) if len(sources) == 1 else (None, None)

    def _scale(self, node):
        """(what is scaled, by what) if a node multiplies by a constant, else None."""
        if not self._is_plain(node) or node.target not in PRODUCTS:
            return None
        first, second = node.args
        if isinstance(first, fx.Node) and self._is_constant(second):
            return first, self._value(second)
        if isinstance(second, fx.Node) and self._is_constant(first):
            return second, self._value(first)
        return None

    def _is_layer(self, node):
        known = node.op == "call_module" and node.target in self.layers
        plain = len(node.args) == 1 and not node.kwargs
        return known and plain and self.calls[node.target] == 1

    def _terms(self, node):
        """`[(sign, term), (sign, term)]` of a sum or a difference of two, else nothing."""
        if not self._is_plain(node) or node.target not in SIGNS:
            return []
        first, second = node.args
        return [(1, first), (SIGNS[node.target], second)]

    def _is_plain(self, node):
        """Whether it is a function of two arguments that writes on nothing others could see."""
        if node.op not in ("call_function", "call_method") or node.kwargs or len(node.args) != 2:
            return False
        return node.target not in IN_PLACE or writes_unseen(node, self.layers)

    def _is_read_once(self, term):
        return isinstance(term, fx.Node) and len(term.users) == 1

    def _is_constant(self, term):
        """Whether it is a number, or a weight seen in another shape."""
        if not isinstance(term, fx.Node):
            return isinstance(term, int | float)
        if term.op == "get_attr":
            return isinstance(self._value(term), torch.Tensor)
        return term.target in SHAPING and not term.kwargs and self._is_constant(term.args[0])

    def _value(self, term):
        """The number or the tensor that a constant is."""
        if not isinstance(term, fx.Node):
            return term
        target: Any = term.target
        if term.op == "get_attr":
            return operator.attrgetter(target)(self.module)
        first, *others = [self._value(arg) for arg in term.args]
        function = getattr(torch.Tensor, target) if term.op == "call_method" else target
        return function(first.detach(), *others)


def by_source(addends):
    """The addends that have a source in common, in lists; those without a layer left out."""
    found: dict = {}
    for addend in addends:
        found.setdefault(addend.branch.source, []).append(addend)
    return [some for some in found.values() if len(some) > 1 and _have_layers(some)]


def _have_layers(addends):
    return any(names_in(addend.branch) for addend in addends)


def steps_in(branch):
    """The names of the layers and the scales of a branch, in order."""
    steps = []
    for _, step in branch.steps:
        if isinstance(step, list):
            for addend in step:
                steps += steps_in(addend.branch)
        else:
            steps.append(step)
    return steps


def names_in(branch):
    """The names of the layers of a branch, in order."""
    return [step for step in steps_in(branch) if isinstance(step, str)]


def nodes_in(addends):
    """The nodes of their branches, without the sources."""
    nodes = []
    for addend in addends:
        for node, step in addend.branch.steps:
            nodes.append(node)
            nodes += nodes_in(step) if isinstance(step, list) else []
    return nodes
