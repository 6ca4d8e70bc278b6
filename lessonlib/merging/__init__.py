"""Merge a chain of convolutions into one, exactly, borders included, or say why it cannot be done.

    merged = merge_chains(model.eval())

`plan(model)` shows what that would do and changes nothing. `merge(a, b)` merges layers,
`differs` shows where the border goes wrong if only the interior is merged, `split` is the way back.
`python -m lessonlib.merging model.pt2 -o merged.pt2` merges an exported model. Needs torch only.
"""

from lessonlib.merging.layer_types import PadWith
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.models import merge_chains, plan
from lessonlib.merging.pairs import differs, merge
from lessonlib.merging.plans import Plan
from lessonlib.merging.splitting import SplitLayer, split
from lessonlib.merging.torch_export import merge_exported

__all__ = [
    "merge",
    "differs",
    "plan",
    "Plan",
    "merge_chains",
    "merge_exported",
    "split",
    "SplitLayer",
    "PadWith",
    "CannotMerge",
]
