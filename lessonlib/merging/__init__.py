"""A chain of convolutions becomes one: exactly, borders included, or with the reason why not.

    merged = merge_chains(model.eval())

`plan(model)` shows what that would do before anything is changed. `merge(a, b)` does it to two layers, `differs` shows where
merging only the interior goes wrong, `split` is the way back. `python -m lessonlib.merging model.pt2 -o merged.pt2` merges an
exported model. Needs torch only.
"""

from lessonlib.merging.layer_types import PadWith
from lessonlib.merging.layers import CannotMerge
from lessonlib.merging.models import Plan, merge_chains, plan
from lessonlib.merging.pairs import differs, merge
from lessonlib.merging.splitting import SplitLayer, split

__all__ = [
    "merge",
    "differs",
    "plan",
    "Plan",
    "merge_chains",
    "split",
    "SplitLayer",
    "PadWith",
    "CannotMerge",
]
