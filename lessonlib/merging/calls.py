"""What a model's own code does with its layers: who calls them, and who reads what they hold."""

import gc
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
        for layer in known:
            self._watch(layer)

    def _watch(self, layer):
        kind: Any = type(layer)
        state = {"weight", "bias", *vars(layer), *layer._parameters, *layer._buffers}
        calls = self

        def read(self, attribute):
            if attribute in state and not attribute.startswith("_") and not calls._runs(self):
                calls.asked.add(self)
            return kind.__getattribute__(self, attribute)

        own = {"__getattribute__": read, "__module__": kind.__module__}
        layer.__class__ = type(kind.__name__, (kind,), own)

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
