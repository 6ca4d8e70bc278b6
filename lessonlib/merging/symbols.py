"""The symbol that torch.fx passes through a forward in place of a tensor, and what it may not tell.

A forward that asks it for a number, a length or its type goes one way for the symbol and perhaps
another for an input. Each such question is noted, even where the forward catches the error.
"""

import operator
import sys
from dis import get_instructions
from functools import cache

import torch
from torch import fx, nn

from lessonlib.merging.axes import activates

__all__ = ["Tracer"]

OWN = ("tracer", "node", "_node", "root", "attr")  # what torch.fx sets of its symbols


class Tracer(fx.Tracer):
    """Traces with the modules in `known` and `apart` as one layer each.

    types: `{name of an argument: its type}` where that is known, from an example input;
    questions: what the forward asked that only an input can answer.
    """

    def __init__(self, known, apart, types=()):
        super().__init__()
        self.known = known
        self.apart = apart
        self.types = dict(types)
        self.questions = []
        self.names: dict[int, str] = {}

    def is_leaf_module(self, module, name):
        return module in self.known or module in self.apart or super().is_leaf_module(module, name)

    # torch's own look through all weights each time
    def getattr(self, attr, value, proxies):
        name = self._name_of(value)
        if name and name not in proxies:
            proxies[name] = self.create_proxy("get_attr", name, (), {})
        return proxies[name] if name else value

    def create_arg(self, value):
        name = self._name_of(value)
        return self.create_node("get_attr", name, (), {}) if name else super().create_arg(value)

    def _name_of(self, value):
        """The name of a weight in the module that is traced, None for anything else."""
        if not isinstance(value, nn.Parameter):
            return None
        if not self.names:
            for path, part in self.root.named_modules():
                for name, weight in vars(part)["_parameters"].items():
                    self.names.setdefault(id(weight), f"{path}.{name}".strip("."))
        return self.names.get(id(value))

    def create_node(self, *args, **options):
        node = super().create_node(*args, **options)
        node.meta["mode"] = _mode()
        return node

    def proxy(self, node):
        return _Symbol(node, self)

    def to_bool(self, symbol):
        self.ask("it goes by a value of its input")

    def iter(self, symbol):
        self.ask("it loops over its input")

    def keys(self, symbol):
        self.ask("it loops over the names in its input")

    def ask(self, question):
        self.questions.append(question)
        raise fx.proxy.TraceError(question)

    def is_known_argument(self, node):
        return node.op == "placeholder" and node.target in self.types

    def type_of(self, node):
        """The type of what a node gives, where that does not depend on the caller."""
        if self.is_known_argument(node):
            return self.types[node.target]
        if node.op == "call_module":
            layer = self.root.get_submodule(node.target)
            if layer in self.known:
                return torch.Tensor
            own = layer in self.apart or "forward" in vars(layer)
            if activates(layer) and not own and node.args and isinstance(node.args[0], fx.Node):
                return self.type_of(node.args[0])
        self.ask("it goes by the type of its input")


def _mode():
    """What a `with` or a decorator around torch's calls may set, and a graph does not hold."""
    autocast = [torch.is_autocast_enabled(kind) for kind in ("cpu", "cuda")]
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), *autocast


@cache
def _unpacked(code):
    """`{place of an instruction such as that of a, b = x: how many values it asks for}`.

    torch's own symbol reads all instructions of the caller each time.
    """
    steps = [step for step in get_instructions(code) if step.opname == "UNPACK_SEQUENCE"]
    return {step.offset: step.argval for step in steps}


def _is_torchs(frame):
    return frame.f_globals.get("__name__", "").partition(".")[0] == "torch"


def _number(self, *_):
    self.tracer.ask("it computes with a value of its input outside of torch")


class _Symbol(fx.Proxy):
    tracer: Tracer
    __float__ = __int__ = __index__ = __complex__ = __array__ = _number

    def __len__(self):
        self.tracer.ask("it goes by the length of its input")

    def __iter__(self):
        caller = sys._getframe(1)
        count = _unpacked(caller.f_code).get(caller.f_lasti)
        if count is None:
            return self.tracer.iter(self)
        return (self[i] for i in range(count))  # type: ignore[index]

    def __getattr__(self, name):
        if not hasattr(torch.Tensor, name) and self.tracer.type_of(self.node) is torch.Tensor:
            raise AttributeError(f"'Tensor' object has no attribute {name!r}")
        return _SymbolAttribute(self, name)

    # torch.fx alone notes x += y as x = x + y, but others that hold x see the difference
    def __iadd__(self, other):
        return self._write(operator.iadd, other)

    def __isub__(self, other):
        return self._write(operator.isub, other)

    def __imul__(self, other):
        return self._write(operator.imul, other)

    def _write(self, function, other):
        return self.tracer.create_proxy("call_function", function, (self, other), {})

    @property  # type: ignore[misc]
    def __class__(self):  # what isinstance asks for; torch itself has to see a symbol
        asking = sys._getframe(1)
        if asking.f_code is not torch.is_tensor.__code__ and _is_torchs(asking):
            return type(self)
        return self.tracer.type_of(self.node)

    # a dict or a set asks for the hash, and would find nothing
    def __hash__(self):
        if _is_torchs(sys._getframe(1)):
            return id(self)
        self.tracer.ask("it looks up a value of its input")

    def __repr__(self):
        if _is_torchs(sys._getframe(1)):
            return super().__repr__()
        self.tracer.ask("it writes a value of its input as text")

    __str__ = __repr__

    def __format__(self, wanted):
        self.tracer.ask("it writes a value of its input as text")

    def __setattr__(self, name, value):
        if name not in OWN:
            self.tracer.ask(f"it sets {name} of its input")
        super().__setattr__(name, value)


class _SymbolAttribute(fx.proxy.Attribute, _Symbol):
    def __getattr__(self, name):
        if not (hasattr(torch.Tensor, name) or hasattr(torch.Size, name)):
            self.tracer.ask("it reads from its input what a tensor does not have")
        return _SymbolAttribute(self, name)
