"""What a model's own code does with its layers: who calls them, and who reads what they hold."""

import gc
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import torch
from torch import fx, nn

__all__ = ["Calls", "modules_reached_from"]

ENDS = (type, ModuleType, torch.Tensor, fx.Proxy)  # what holds no module of its own


class Call(NamedTuple):
    """A call of a module, and the number of the call from which it came, None for the first."""

    module: nn.Module
    by: int | None


class _Counted(NamedTuple):
    """What calls `tell` if more than the first item is read."""

    weights: dict
    tell: Callable[[], None]

    def items(self):
        for item in self.weights.items():
            yield item
            self.tell()


class Calls:
    """Watches a copy of a model while it is traced or run.

    asked: the known layers whose weights or settings are read by others than themselves;
    noted: the calls of all modules on an example input; ran: whether there was one.
    """

    def __init__(self, model, known):
        self.model = model
        self.asked: set = set()
        self.noted: list[Call] = []
        self.ran = False
        self._running: list[int] = []
        self._states: dict[nn.Module, set[str]] = {}
        self._watched: dict[type, Any] = {}
        for layer in known:
            self._watch(layer)

    def _watch(self, layer):
        kind: Any = type(layer)
        self._states[layer] = {"weight", "bias", *vars(layer), *layer._parameters, *layer._buffers}
        # one class for each kind: torch.fx sets attributes of nn.Module, which takes each a time
        if kind not in self._watched:
            self._watched[kind] = self._watched_kind(kind)
        layer.__class__ = self._watched[kind]

    def _watched_kind(self, kind):
        calls = self

        def read(self, attribute):
            # a copy of a layer is not watched
            if attribute in calls._states.get(self, ()) and not calls._runs(self):
                if attribute in ("_parameters", "_buffers"):
                    return calls._weights_read(self, kind.__getattribute__(self, attribute))
                if not attribute.startswith("_"):
                    calls.asked.add(self)
            return kind.__getattribute__(self, attribute)

        def write(self, attribute, value):
            if attribute != "__class__" and not calls._runs(self):
                calls.asked.add(self)
            kind.__setattr__(self, attribute, value)

        own = {"__getattribute__": read, "__setattr__": write, "__module__": kind.__module__}
        return type(kind.__name__, (kind,), own)

    def _weights_read(self, layer, weights):
        """The dict of a layer's weights, noted as asked for, but where one reads the first only.

        `next(self.parameters())`, the usual way to ask for the type, reads no number of it.
        """
        asking: Any = sys._getframe(2)
        by_one = asking.f_code.co_name == "<lambda>"  # in torch's parameters() and buffers()
        by_one = by_one and asking.f_globals["__name__"] == nn.Module.__module__
        while asking.f_globals["__name__"] == nn.Module.__module__:
            asking = asking.f_back
        if asking.f_globals["__name__"].startswith("torch.fx."):
            return weights
        if by_one:
            return _Counted(weights, lambda: self.asked.add(layer))
        self.asked.add(layer)
        return weights

    def _runs(self, layer):
        return any(self.noted[call].module is layer for call in self._running)

    def note(self, example):
        """Run the model on an `Example` and note who calls what."""
        self.ran = True
        hooks = []
        for module in self.model.modules():
            hooks.append(module.register_forward_pre_hook(self._enter))
            hooks.append(module.register_forward_hook(self._leave, always_call=True))
        try:
            example.outputs(self.model)
        finally:
            for hook in hooks:
                hook.remove()

    def _enter(self, module, given):
        by = self._running[-1] if self._running else None
        self.noted.append(Call(module, by))
        self._running.append(len(self.noted) - 1)

    def _leave(self, module, given, output):
        self._running.pop()

    def why_not_whole(self, part, layers):
        """Why `layers` are not what `part` alone calls, each once a call; empty if they are."""
        within: set = set()
        for call in self.noted:
            if call.module in layers:
                caller = self._caller(call, part)
                if caller is None:
                    return "on x its layers are called by themselves too, not only as a whole"
                if (caller, call.module) in within:
                    return "on x one of its layers is called more than once"
                within.add((caller, call.module))
        if not within:
            return "x does not come through it"
        return ""

    def _caller(self, call, part):
        """The number of the call of `part` from which a call came, None if it came from another."""
        while call.by is not None:
            if self.noted[call.by].module is part:
                return call.by
            call = self.noted[call.by]
        return None


def modules_reached_from(module):
    """The ids of all modules that the code of `module` can reach through what it holds.

    Not only those that torch lists: plain lists, dicts, objects, bound methods and closures too.
    """
    seen: dict = {}
    waiting = [module]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or issubclass(type(thing), ENDS):  # a symbol of fx denies its class
            continue
        seen[id(thing)] = thing
        # of a function not the globals, which hold everything
        held = thing.__closure__ if isinstance(thing, FunctionType) else gc.get_referents(thing)
        waiting += held or ()
    return {key for key, thing in seen.items() if issubclass(type(thing), nn.Module)}
