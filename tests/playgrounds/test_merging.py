"""The merging playground without a browser: what it says and shows against torch, tap by tap and position by position."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lessonlib.merging import CannotMerge, merge
from lessonlib.playgrounds.chain_pictures import SIDE
from lessonlib.playgrounds.merging import MergingPlayground, link

# kernel, stride, dilation, padding, bias of each link
CHAINS = [
    [(2, 1, 1, 1, False), (2, 1, 1, 0, False)],
    [(3, 1, 1, 2, True), (3, 1, 1, 1, False)],
    [(3, 1, 1, 1, False), (3, 1, 1, 1, False)],
    [(3, 1, 1, 3, False), (3, 2, 1, 0, True), (3, 1, 2, 1, False), (2, 1, 1, 0, False)],
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


def impulse_response(layers, size=121):
    """The kernel that a chain of strided, dilated layers is, by what each pixel of a large photo does to one output."""
    x = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    y = nn.Sequential(*layers)(x)
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()
    seen = x.grad[0, 0]
    rows, columns = seen.nonzero().T
    return seen[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_the_mask_and_the_verdict_are_those_of_torch(chain):
    box = set_to(chain)
    one = box.layers[0]
    try:
        for after in box.layers[1:]:
            one = merge(one, after)
        exact = True
    except CannotMerge:
        exact = False
        one = box.layers[0]
        for after in box.layers[1:]:
            one = merge(one, after, interior=True)
    x = box.picker.photo.mean(0)[None, None]
    assert torch.equal((nn.Sequential(*box.layers)(x) - one(x))[0, 0].abs() > 1e-12, box.mask)
    assert box.exact == exact == (not box.mask.any())
    assert ("Exactly one" in box.message.value) == exact and (
        "Refused: of link" in box.message.value
    ) == (not exact)
    if not exact:
        assert f"{box.mask.double().mean():.1%} of the positions differ" in box.message.value


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_the_kernel_that_has_grown_is_drawn_as_wide_as_what_one_output_sees(chain):
    box = set_to(chain)
    picture = np.asarray(Image.open(io.BytesIO(box.pictures.grown.image.value)).convert("RGB"))
    widths = [len(impulse_response(box.layers[: n + 1])) for n in range(len(chain))]
    largest = max(*widths, *((k - 1) * d + 1 for k, _, d, *_ in chain))
    for n, wide in enumerate(widths):
        left = n * (SIDE + box.pictures.grown.GAP)
        inked = (picture[:, left : left + SIDE] < 255).any(2)
        zoom = SIDE // largest
        line = zoom > 4  # the last row of a tap is a white line
        assert (
            inked.any(0).nonzero()[0].max() + 1
            == inked.any(1).nonzero()[0].max() + 1
            == wide * zoom - line
        )


def test_the_taps_are_binomial_and_dilated():
    layer = link(4, 1, 2, 0, True)
    row = torch.tensor([1, 3, 3, 1], dtype=torch.float64) / 8
    torch.testing.assert_close(layer.weight[0, 0].detach(), torch.outer(row, row))
    assert (layer.dilation, layer.bias.item()) == ((2, 2), 0.25)


def test_a_photo_that_is_too_small_is_said_and_it_goes_on():
    box = set_to([(5, 2, 3, 0, False)] * 4)
    assert "too small for a kernel" in box.message.value and box.exact is None
    box.count.value = 2
    assert "Exactly one" in box.message.value and box.exact
