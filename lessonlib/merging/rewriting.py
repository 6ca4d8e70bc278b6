"""Put one convolution where a forward adds up branches, in the module whose forward does it."""

from operator import add, sub
from typing import NamedTuple

from torch import fx, nn

from lessonlib.merging.branches import Branches, nodes_in
from lessonlib.merging.copies import sharing_copy
from lessonlib.merging.graphs import graphs_of
from lessonlib.merging.in_place import writer_among
from lessonlib.merging.layer_types import fit_of, is_norm
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.owners import free_in, homes_in, of_one_source, owners_in
from lessonlib.merging.pairs import like_of
from lessonlib.merging.rows import UNKNOWN_ROWS
from lessonlib.merging.steps import MultipliedStep
from lessonlib.merging.sums import in_words, sum_step
from lessonlib.merging.to_layers import as_layer, become
from lessonlib.merging.traced_chains import GOES_BY_KINDS, goes_by_kinds
from lessonlib.merging.tracing import Examined, examine, hooked_in
from lessonlib.merging.ways import defaults_of

__all__ = ["Summed", "with_sums"]

SEVERAL_WAYS = "the forward that adds them up may go several ways"


class Summed(NamedTuple):
    """A model in which sums of branches are one convolution each, and the steps that made them so.

    model: a copy with the weights of the original where it is like it, to read only;
    seen: what is `Examined` of it; left: `{a sum in words: why it stays}`.
    """

    model: nn.Module
    seen: Examined
    steps: list[MultipliedStep]
    left: dict[str, str]


def with_sums(model, example, accepts):
    """`model` with each sum of branches of one value as one convolution, as `Summed`.

    The module whose forward adds them is a `torch.fx.GraphModule` then, which computes the same.
    accepts: a function that says of a `SumStep` and the model whether it is taken.
    Raises as `examine`.
    """
    seen = examine(model, example)
    owners = owners_in(seen)
    if not owners:
        return Summed(model, seen, [], {})
    summed = sharing_copy(model)
    homes = homes_in(seen)
    steps: list = []
    left: dict = {}
    for owner in owners:
        found, reasons = _merge_in(summed, owner, seen, homes, accepts)
        steps += found
        left |= reasons
    merged = [seen.layers[name] for step in steps for name in step.names]
    for part in seen.ways:
        if goes_by_kinds(part, merged):
            seen.left[part.name or "the model"] = GOES_BY_KINDS
            return Summed(model, seen, [], left)
    return Summed(summed, examine(summed, example) if steps else seen, steps, left)


def _merge_in(model, owner, seen, homes, accepts):
    """(steps, `{the sum: why it stays}`): the sums that one module's forward adds up, in place.

    homes: as from `homes_in`.
    """
    module = model.get_submodule(owner)
    free = free_in(module, owner, seen)
    try:
        graph = _graph_of(module, free.values())
    except CannotMerge as reason:
        return [], {f"The sum in {owner or 'the model'}": str(reason)}
    steps: list = []
    left: dict = {}
    tried: set = set()
    branches = Branches(module, graph, free)
    while found := _untried(branches, tried):
        node, addends = found
        try:
            _check_writers(graph, [node, *nodes_in(addends)], module, free)
            some, step = sum_step(addends, free, owner, lambda step: accepts(step, model))
            _check_called_within(owner, step.names, homes)
            _check_rows(step, seen)
        except CannotMerge as reason:
            left[in_words(addends, owner)] = str(reason)
            continue
        layers = [model.get_submodule(name) for name in step.names]
        target = step.names[0].removeprefix(owner).strip(".")  # which nothing else calls
        module.set_submodule(target, as_layer(step.one, like_of(layers, otherwise=model)))
        _put(target, graph, node, some, branches)
        steps.append(step)
        free = free_in(module, owner, seen)
        branches = Branches(module, graph, free)
    if steps:
        _leave_out_idle(graph, branches)
        become(module, fx.GraphModule(module, graph, type(module).__name__).eval())
    return steps, left


def _untried(branches, tried):
    """(sum, addends of one source) that are not in `tried`, and then are; None if all are."""
    for node, addends in of_one_source(branches):
        key = (node, *[addend.node for addend in addends])
        if key not in tried:
            tried.add(key)
            return node, addends
    return None


def _put(target, graph, root, merged, branches):
    """Call the layer `target` in place of the addends `merged` of the sum `root`."""
    taken = [addend.node for addend in merged]
    others = [addend for addend in branches.addends(root) or () if addend.node not in taken]
    additions = branches.tree(root)
    with graph.inserting_before(root):
        total = graph.call_module(target, (merged[0].branch.source,))
        for addend in others:
            total = graph.call_function(add if addend.sign > 0 else sub, (total, addend.node))
    root.replace_all_uses_with(total)
    for node in dict.fromkeys(additions):  # they would write on what is now added once more
        graph.erase_node(node)
    for node in reversed(graph.nodes):
        if not node.users and branches.is_step(node):
            graph.erase_node(node)


def _leave_out_idle(graph, branches):
    """Without the calls of Identity and the additions of 0, which take time too."""
    for node in list(graph.nodes):
        same = branches.unchanged(node)
        if same is not None:
            node.replace_all_uses_with(same)
            graph.erase_node(node)


def _graph_of(module, free):
    """The graph of a module, which computes all that its forward does. CannotMerge if none does.

    free: the layers whose weights and settings nothing but themselves reads.
    """
    if defaults_of(module):  # without and with each, as tracing it would show, in far more time
        raise CannotMerge(SEVERAL_WAYS)
    copy = sharing_copy(module, free)
    layers = dict(copy.named_modules())
    hooked = hooked_in(layers)
    if copy in hooked:
        raise CannotMerge("the module that adds them up has hooks")
    known = {layer for layer in layers.values() if fit_of(layer)}
    traced = next(graphs_of(copy, {}, known, hooked), None)
    if traced is None:
        raise CannotMerge("torch.fx cannot trace the forward that adds them up")
    if traced.keeps:
        raise CannotMerge("the forward that adds them up keeps something in the module")
    if traced.name or len(traced.graphs) > 1 or traced.assumed:
        raise CannotMerge(SEVERAL_WAYS)
    if len({node.meta["mode"] for node in traced.graphs[0].nodes}) > 1:
        raise CannotMerge("the forward that adds them up sets a mode of torch, such as autocast")
    return traced.graphs[0]


def _check_writers(graph, nodes, module, layers):
    if writer := writer_among(graph, nodes, module, layers):
        raise CannotMerge(f"{writer.name} may change in place what they read")


def _check_called_within(owner, names, homes):
    """CannotMerge if a layer is called where the module that adds up the branches is not."""
    for name in names:
        if any(owner not in within for within in homes.get(name, ())):
            raise CannotMerge(f"{name} is called elsewhere too")


def _check_rows(step, seen):
    """CannotMerge if a BatchNorm may read another axis than the matrices beside it."""
    norms = [name for name in step.names if is_norm(seen.layers[name])]
    if not step.one.kernel and not seen.rows.keys() >= {*norms}:
        raise CannotMerge(UNKNOWN_ROWS)
