"""Put one convolution where a forward adds up branches, in the module whose forward does it."""

from itertools import chain, takewhile
from operator import add, sub

from torch import fx

from lessonlib.merging.branches import Branches, by_source, nodes_in
from lessonlib.merging.graphs import graphs_of
from lessonlib.merging.in_place import writer_among
from lessonlib.merging.layer_types import fit_of
from lessonlib.merging.layers import CannotMerge, as_layer
from lessonlib.merging.pairs import like_of
from lessonlib.merging.sums import in_words, sum_step
from lessonlib.merging.tracing import copy_of, examine, hooked_in

__all__ = ["merge_sums"]


def merge_sums(model, at_most=1.0):
    """(model, steps, left): each sum of branches of one value as one convolution, where it pays.

    The module whose forward adds them becomes a `torch.fx.GraphModule`, which computes the same.
    `model` is changed, so give a copy; it is returned, or what its own forward became.
    left: `{the sum in words: why it stays}`.
    """
    seen = examine(model)
    steps: list = []
    left: dict = {}
    # what is within another first
    for owner in sorted(_owners(seen), key=lambda name: -len(name.split("."))):
        module, found, reasons = _rewritten(model, owner, seen, at_most)
        steps += found
        left |= reasons
        if owner and found:
            model.set_submodule(owner, module)
        elif found:
            model = module
    return model, steps, left


def _owners(seen):
    """The names of the modules in whose forwards, or their parts', branches are added, in order."""
    owners: dict = {}
    for root, graphs in seen.modules:
        module = seen.model.get_submodule(root)
        free = _free(module, root, seen)
        for graph in graphs:
            for node, addends in _of_one_source(Branches(module, graph, free)):
                owners[_join(root, _home_of([node, *nodes_in(addends)]))] = None
    return owners


def _of_one_source(branches):
    """`[(sum, addends), ...]`: for each sum those of its addends that read the same value."""
    found = []
    for node, addends in branches.sums():
        found += [(node, group) for group in by_source(addends)]
    return found


def _free(module, name, seen):
    """`{target: layer}` of the layers in `module`, called `name`, that may be merged."""
    free = {}
    for target, layer in module.named_modules():
        if fit_of(layer) and _join(name, target) not in seen.left:
            free[target] = layer
    return free


def _join(*names):
    return ".".join(name for name in names if name)


def _home_of(nodes):
    """The name of the innermost module in whose forward, or in those of parts, all are called."""
    stacks = [_stack(node) for node in nodes]
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*stacks))
    return next(reversed([names[0] for names in shared]), "")


def _stack(node):
    """The names of the modules in whose forwards a node is called, from the outermost."""
    names = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
    return names[:-1] if node.op == "call_module" else names


def _rewritten(model, owner, seen, at_most):
    """(the module with the sums in its forward merged, steps, `{the sum: why it stays}`)."""
    module = model.get_submodule(owner)
    try:
        graph = _graph_of(module, owner, model)
    except CannotMerge as reason:
        return module, [], {f"a sum in {owner or 'the model'}": str(reason)}
    steps: list = []
    left: dict = {}
    tried: set = set()
    while found := _untried(Branches(module, graph, _free(module, owner, seen)), tried):
        node, addends, branches = found
        try:
            _check_writers(graph, [node, *nodes_in(addends)], module)
            some, step = sum_step(addends, branches.layers, owner, at_most)
            _check_called_within(owner, step.names, seen)
        except CannotMerge as reason:
            left[in_words(addends, owner)] = str(reason)
            continue
        layers = [model.get_submodule(name) for name in step.names]
        target = step.names[0].removeprefix(owner).strip(".")
        module.set_submodule(target, as_layer(step.one, like_of(layers, otherwise=model)))
        _put(target, graph, node, some, branches)
        steps.append(step)
    if steps:
        module = fx.GraphModule(module, graph, type(module).__name__).eval()
    return module, steps, left


def _untried(branches, tried):
    """(sum, addends of one source, branches) that are not in `tried`, and then are; or None."""
    for node, addends in _of_one_source(branches):
        key = (node, *[addend.node for addend in addends])
        if key not in tried:
            tried.add(key)
            return node, addends, branches
    return None


def _put(target, graph, root, merged, branches):
    """Call the layer `target` in place of the addends `merged` of the sum `root`."""
    others = [addend for addend in branches.addends(root) if addend not in merged]
    dead = [*branches.tree(root), *nodes_in(merged)]
    with graph.inserting_before(root):
        total = graph.call_module(target, (merged[0].branch.source,))
        for addend in others:
            total = graph.call_function(add if addend.sign > 0 else sub, (total, addend.node))
    root.replace_all_uses_with(total)
    for node in sorted(set(dead), reverse=True):
        if not node.users:
            graph.erase_node(node)


def _graph_of(module, name, model):
    """The graph of a module, which computes all that its forward does. CannotMerge if none does."""
    if [part for part in model.modules()].count(module) > 1:
        raise CannotMerge("the module that adds them up is used under more than one name")
    copy = copy_of(module, {id(weight): weight for weight in module.parameters()})
    layers = dict(copy.named_modules())
    hooked = hooked_in(layers)
    if copy in hooked:
        raise CannotMerge("the module that adds them up has hooks")
    known = {layer for layer in layers.values() if fit_of(layer)}
    before = _state(copy)
    found, graphs = next(graphs_of(copy, {}, known, hooked))
    if found or len(graphs) > 1:
        raise CannotMerge("the forward that adds them up may go several ways")
    if _state(copy) != before:
        raise CannotMerge("the forward that adds them up keeps something in the module")
    return graphs[0]


def _state(module):
    """What a module and its parts hold: which objects, and how many of them."""
    found = []
    for name, part in module.named_modules():
        for own in (vars(part), part._buffers, part._parameters):
            for key, value in own.items():
                size = len(value) if isinstance(value, list | dict | set) else 0
                found.append((name, key, id(value), size))
    return found


def _check_writers(graph, nodes, module):
    if writer := writer_among(graph, nodes, module):
        raise CannotMerge(f"{writer.name} may change in place what they read")


def _check_called_within(owner, names, seen):
    """CannotMerge if a layer is called where the module that adds up the branches is not."""
    for root, graphs in seen.modules:
        for node in chain(*[graph.nodes for graph in graphs]):
            called = node.op == "call_module" and _join(root, node.target) in names
            homes = [root]
            homes += [_join(root, path) for path in _stack(node)]
            if called and owner not in homes:
                raise CannotMerge(f"{_join(root, node.target)} is called elsewhere too")
