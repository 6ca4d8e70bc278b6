"""Copies of a model, in which alone its layers are merged."""

from collections import OrderedDict
from copy import deepcopy

import torch

from lessonlib.merging.ways import first_line

__all__ = ["copy_of", "sharing_copy"]


def copy_of(model, shared=()):
    """A copy of `model` that shares objects `{id: object}`. ValueError if it cannot be copied."""
    try:
        return deepcopy(model, _without_hooks(model) | dict(shared))
    except Exception as error:  # whatever the parts of someone's model raise
        raise ValueError(
            "The model cannot be copied, and layers are merged in a copy only: "
            f"{_uncopied(model)}Python says {first_line(error)!r}."
        ) from error


def _without_hooks(model):
    """For deepcopy, `{id: a copy}` of the many empty lists of hooks, which takes it long."""
    copies: dict = {}
    for module in model.modules():
        for value in vars(module).values():
            if type(value) is OrderedDict and not value:
                copies[id(value)] = OrderedDict()
    return copies


def sharing_copy(model, layers=()):
    """A copy of `model` with the same weights, to run what may change more than weights.

    layers: those of the model that the copy has too, themselves.
    """
    return copy_of(model, {id(shared): shared for shared in [*model.parameters(), *layers]})


def _uncopied(model):
    """Which attribute of the model it is that cannot be copied, and how it came to be there."""
    for name, module in model.named_modules():
        for attribute, value in vars(module).items():
            if attribute in ("_modules", "_parameters", "_buffers"):
                continue
            try:
                deepcopy(value)
            except Exception:  # as above
                return _remedy(module, f"{name}.{attribute}".strip("."), value)
    return ""


def _remedy(module, where, value):
    """What to do about an attribute that cannot be copied."""
    hooks = [type(hook).__name__ for hook in module._forward_pre_hooks.values()]
    if "WeightNorm" in hooks:
        return (
            f"{where} is from torch's old weight_norm, so call torch.nn.utils.remove_weight_norm. "
        )
    if isinstance(value, torch.Tensor) and value.grad_fn is not None:
        return f"{where} was kept from a call outside of torch.no_grad(), so delete it first. "
    return f"{where} is in the way, so delete it first. "
