"""One colour, one meaning: the same colour for an arm in every chart, and one scale for errors."""

import torch

from lessonlib.arms import ARMS

__all__ = ["COLORS", "DASHES", "arm_style", "entry_color", "error_strength"]

# Okabe and Ito's colours, told apart in the common kinds of colour blindness. The dash says the
# same without colour.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))

PALEST = 0.25  # of the colour: the smallest error can still be seen


def arm_style(name):
    """The colour and dash of an arm, the same in every chart: its place in the registry decides.

    An arm of 2019 has the colour of its twin without the confounds, and a dash of its own. Those
    that the registry does not know share a place after the last.
    """
    twin = name.removesuffix("-2019")
    i = [*ARMS, twin].index(twin)
    dash = i if twin == name else i + 3
    return {"color": COLORS[i % len(COLORS)], "linestyle": DASHES[dash % len(DASHES)]}


def entry_color(share):
    """The colour of an entry, `share` of the largest in size: blue 1, white 0, orange -1.

    Told apart in the common colour blindnesses, and pale enough for a black number. The playgrounds
    that compute in the page have it too (`shade` in live/numbers.js).
    """
    end = (122, 177, 224) if share > 0 else (240, 178, 102)
    strength = min(abs(share), 1)
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in end)


def error_strength(error, rounding):
    """How much of the error colour each position gets, from 0 (none) to 1 for the largest error.

    error: absolute differences, a tensor; up to `rounding` they count as equal and get 0.
    """
    share = error / max(error.max().item(), 1e-12)
    return torch.where(error > rounding, PALEST + (1 - PALEST) * share, 0)
