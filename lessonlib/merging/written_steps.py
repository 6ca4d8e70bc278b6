"""The steps of a plan as JSON, and back: names, sizes and reasons, no weights."""

import torch

from lessonlib.merging.heads import HeadStep
from lessonlib.merging.outlines import Outline
from lessonlib.merging.steps import Step
from lessonlib.merging.sums import SumStep

__all__ = ["written", "read"]


def written(step):
    """A step as JSON knows it: `{key: text, numbers, lists of them}`, without its weights."""
    content = {"names": step.names, "macs": step.macs, "why_not": step.why_not}
    if step.one:
        content["becomes"] = {
            "kernel": list(step.one.kernel),
            "reads": len(step.one.fill),
            "gives": len(step.one.bias),
            "groups": step.one.groups,
            "macs": step.one.macs,
        }
    if isinstance(step, SumStep):
        content["branches"] = step.branches
    if isinstance(step, HeadStep):
        content["flattened"] = True
    return content


def read(content):
    """The step that `written` gave. KeyError, TypeError or ValueError for anything else."""
    names = [str(name) for name in content["names"]]
    one = _outline_read(**content["becomes"]) if "becomes" in content else None
    step = Step(names, [], one, str(content["why_not"]), int(content["macs"]))
    if content.get("flattened"):
        return HeadStep(**vars(step))
    if "branches" not in content:
        return step
    branches = [list(map(str, branch)) for branch in content["branches"]]
    return SumStep(**vars(step), branches=branches)


def _outline_read(kernel, reads, gives, groups, macs):
    """An outline of which only what is said of it matters."""
    axes = (1,) * len(kernel)
    only_pads = not macs
    return Outline(
        weight=torch.full((), float(only_pads)).expand(gives, reads // groups, *kernel),
        bias=torch.zeros(()).expand(gives),
        fill=torch.zeros(()).expand(reads),
        stride=axes,
        dilation=axes,
        padding=tuple((0, 0) for _ in axes),
        groups=groups,
        biased=not only_pads,
        outside=torch.zeros(()).expand(gives),
    )
