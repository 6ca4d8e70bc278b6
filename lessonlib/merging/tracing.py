"""Which layers of a model feed only the next one: its chains."""

from collections import Counter

from torch import fx

from lessonlib.merging.layers import fit_of

__all__ = ["find_chains"]


def find_chains(model):
    """The chains of `model`, each a list of names of layers, and what was left out as `{name: why}`. The model stays as it is.

    A chain is two layers or more that `as_convolutions` may know, each called once and read by the next alone. It is read from
    the graph that torch.fx traces. Of a module that cannot be traced, the parts are looked into each by itself.
    """
    chains, left = [], {}
    layers = dict(model.named_modules(remove_duplicate=False))
    registered = Counter(map(id, layers.values()))
    for root, graph in _graphs(model, left):
        called = [node for node in graph.nodes if node.op == "call_module"]
        names = {node: f"{root}.{node.target}".strip(".") for node in called}
        times = Counter(id(layers[name]) for name in names.values())
        read = {f"{root}.{node.target}".strip(".").rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}
        known = {node: name for node, name in names.items() if fit_of(layers[name])}
        for node, name in list(known.items()):
            if times[id(layers[name])] > 1 or registered[id(layers[name])] > 1 or name in read:
                left[name] = "it is used more than once, or under more than one name"
                del known[node]
        heads = [node for node in known if not _follows(node, known)]
        chains += [chain for head in heads if len(chain := _from(head, known)) > 1]
    return chains, left


def _follows(node, known):
    """Whether `node` reads a layer of a chain that nothing else reads."""
    return len(node.args) == 1 and not node.kwargs and node.args[0] in known and len(node.args[0].users) == 1


def _from(node, known):
    chain = [known[node]]
    while (after := next(iter(node.users), None)) in known and _follows(after, known):
        chain.append(known[node := after])
    return chain


def _graphs(module, left, name="", opaque=None):
    """(name, graph) of `module`, taking as one layer each part that cannot be traced, and of the parts of these."""
    if opaque is None:
        try:
            _Tracer().trace(module)
            opaque = {}
        except Exception:  # whatever the forward of a stranger raises when it is given a symbol
            opaque = _opaque(module)
    if module in opaque:
        left[name or "the model"] = f"torch.fx cannot trace it ({opaque[module]}), so its parts were looked into each by itself"
        inside = module.named_children()
    else:
        graph = _Tracer(opaque).trace(module)
        yield name, graph
        called = dict.fromkeys(node.target for node in graph.nodes if node.op == "call_module")
        inside = [(path, part) for path in called if (part := module.get_submodule(path)) in opaque]
    for path, part in inside:
        if fit_of(part) is None:
            yield from _graphs(part, left, f"{name}.{path}".strip("."), opaque)


def _opaque(module):
    """`{part: why}` for those in `module`, itself included, that cannot be traced even with such parts taken as one layer."""
    found = {}
    for child in module.children():
        found |= _opaque(child)
    try:
        if not _Tracer().is_leaf_module(module, ""):
            _Tracer(found).trace(module)
    except Exception as error:
        found[module] = next(iter(str(error).splitlines()), "")[:100] or type(error).__name__
    return found


class _Tracer(fx.Tracer):
    def __init__(self, opaque=()):
        super().__init__()
        self.opaque = opaque

    def is_leaf_module(self, module, name):
        return fit_of(module) is not None or module in self.opaque or super().is_leaf_module(module, name)
