"""What a module keeps from one call to the next, to be put back after its forward was traced."""

from collections import OrderedDict, defaultdict
from contextlib import contextmanager
from typing import Any, NamedTuple

__all__ = ["Held", "put_back"]

CONTAINERS = (dict, OrderedDict, defaultdict, list, set)  # themselves: fx has lists that are fixed


class Held:
    """The attributes of a module and its parts, and what their lists, dicts and sets hold."""

    def __init__(self, module):
        self.parts = [(part, dict(vars(part))) for part in module.modules()]
        self.containers = []
        self.empty = []  # most are: a module has many dicts for hooks
        self.versions = []
        for _, attributes in self.parts:
            for tensor in attributes["_buffers"].values():
                if tensor is not None and not tensor.is_inference():
                    self.versions.append((tensor, tensor._version))
            for value in attributes.values():
                if type(value) in CONTAINERS:
                    if value:
                        self.containers.append(_Contents(value, value.copy()))
                    else:
                        self.empty.append(value)

    def changed(self):
        """Whether anything else is held now, or other numbers in a buffer."""
        if any(tensor._version != version for tensor, version in self.versions):
            return True
        if any(_unlike(vars(part), attributes) for part, attributes in self.parts):
            return True
        return any(self.empty) or any(contents.changed() for contents in self.containers)

    def counted(self):
        """Whether an attribute is another number now."""
        for part, attributes in self.parts:
            for name, value in vars(part).items():
                if type(value) in (int, float) and value != attributes.get(name, value):
                    return True
        return False

    def put_back(self):
        for part, attributes in self.parts:
            # torch.fx keeps there the tensors that its graphs name
            of_graphs = {k: v for k, v in vars(part).items() if k.startswith("_tensor_constant")}
            vars(part).clear()
            vars(part).update(of_graphs | attributes)
        for container in filter(None, self.empty):
            container.clear()
        for contents in self.containers:
            contents.put_back()


class _Contents(NamedTuple):
    container: Any
    before: Any

    def changed(self):
        if len(self.container) != len(self.before):
            return True
        if isinstance(self.container, dict):
            return _unlike(self.container, self.before)
        return {*map(id, self.container)} != {*map(id, self.before)}

    def put_back(self):
        self.container.clear()
        if isinstance(self.container, list):
            self.container.extend(self.before)
        else:
            self.container.update(self.before)


def _unlike(now, before):
    """Whether a dict holds other objects than it did."""
    return now.keys() != before.keys() or any(now[key] is not before[key] for key in before)


@contextmanager
def put_back(module):
    """Puts back at the end what `module` held at the beginning, as its `Held`."""
    held = Held(module)
    try:
        yield held
    finally:
        held.put_back()
