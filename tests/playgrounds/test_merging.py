"""The merging playground without a browser: its words and pictures against torch.

Tap by tap and position by position.
"""

import pytest
import torch
from torch import nn

from helpers.playgrounds import message_of, run_code, values
from lessonlib.merging import CannotMerge, merge
from lessonlib.playgrounds.chain_pictures import TAPS
from lessonlib.playgrounds.merging import MergingPlayground, link

# kernel, stride, dilation, padding, bias of each link
PLAIN = (2, 1, 1, 0, False)
CHAINS = [
    [(2, 1, 1, 1, False), PLAIN],
    [(3, 1, 1, 2, True), (3, 1, 1, 1, False)],
    [(3, 1, 1, 1, False), (3, 1, 1, 1, False)],
    [(3, 1, 1, 3, False), (3, 2, 1, 0, True), (3, 1, 2, 1, False), PLAIN],
    [(2, 2, 3, 3, False), (1, 1, 1, 0, True), (4, 1, 1, 0, False)],
    [(5, 1, 1, 0, True)],
]


def set_to(chain):
    box = MergingPlayground()
    box.count.value = len(chain)
    for controls, numbers in zip(box.links, chain):
        for control, value in zip(controls, numbers):
            control.value = value
    return box


def as_one(layers, **how):
    one = layers[0]
    for after in layers[1:]:
        one = merge(one, after, **how)
    return one


def is_exact(layers):
    try:
        as_one(layers)
    except CannotMerge:
        return False
    return True


def impulse_response(layers, size=121):
    """The kernel of a chain of layers, by what each pixel of a large photo does to one output."""
    x = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    y = nn.Sequential(*layers)(x)
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()
    seen = x.grad[0, 0]
    rows, columns = seen.nonzero().T
    return seen[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_the_mask_and_the_verdict_are_those_of_torch(chain):
    box = set_to(chain)
    x = box.picker.photo.mean(0)[None, None]
    one = as_one(box.layers, interior=True)
    difference = nn.Sequential(*box.layers)(x) - one(x)
    assert torch.equal(difference[0, 0].abs() > 1e-12, box.mask)
    assert box.exact == is_exact(box.layers) == (not box.mask.any())
    if box.exact:
        assert "Exactly one" in message_of(box)
    else:
        assert "Refused: of link" in message_of(box)
        assert f"{box.mask.double().mean():.1%} of the positions differ" in message_of(box)


def ink(picture):
    """Rows and columns of the picture up to the last that is not white."""
    inked = (picture < 255).any(0)
    rows, columns = inked.nonzero().T
    return rows.max().item() + 1, columns.max().item() + 1


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_the_kernel_that_has_grown_is_drawn_as_wide_as_what_one_output_sees(chain):
    box = set_to(chain)
    strip = values(box.pictures.grown.image.value)
    widths = [len(impulse_response(box.layers[: n + 1])) for n in range(len(chain))]
    reaches = [(k - 1) * dilation + 1 for k, _, dilation, *_ in chain]
    zoom = TAPS // max(*widths, *reaches)
    line = zoom > 4  # the last row of a tap is a white line
    for n, wide in enumerate(widths):
        left = n * (TAPS + box.pictures.grown.GAP)
        side = wide * zoom - line
        assert ink(strip[:, :, left : left + TAPS]) == (side, side)


def test_the_taps_are_binomial_and_dilated():
    layer = link(4, 1, 2, 0, True)
    row = torch.tensor([1, 3, 3, 1], dtype=torch.float64) / 8
    torch.testing.assert_close(layer.weight[0, 0].detach(), torch.outer(row, row))
    assert layer.dilation == (2, 2)
    assert layer.bias.item() == 0.25


def test_a_photo_that_is_too_small_is_said_and_it_goes_on():
    box = set_to([(5, 2, 3, 0, False)] * 4)
    assert "too small for a kernel" in message_of(box)
    assert box.exact is None
    box.count.value = 2
    assert "Exactly one" in message_of(box)
    assert box.exact


def test_the_code_gives_the_same_mask():
    box = MergingPlayground()
    box.count.value = 3
    names = run_code(box)
    assert torch.equal((names["chain"] - names["merged"])[0, 0].abs() > 1e-10, box.mask)
