"""The playgrounds that compute in the page give torch's pixels, within one level of 255."""

import pytest
import torch
from torch.nn.functional import pad

from helpers.live_pages import as_text, by_torch, furthest, levels, shown
from lessonlib.algebra import named_kernels
from lessonlib.kernels import compose, output_size, receptive_field
from lessonlib.playgrounds.receptive_field import paths
from lessonlib.sample_photos import sample_photo


@pytest.mark.parametrize("photo", ["flower", "temple"])
@pytest.mark.parametrize("size", ["3x3", "2x2"])
def test_a_kernel_gives_torchs_pixels_for_each_preset(opened, photo, size):
    box = opened("kernel")
    x = sample_photo(photo, 120)
    box.locator("select").first.select_option(photo)
    box.get_by_role("button", name=size).click()
    for name, kernel in {"3x3": named_kernels.THREE, "2x2": named_kernels.TWO}[size].items():
        box.get_by_label("preset").select_option(name)
        assert furthest(shown(box), [255 * x, by_torch(x, kernel)]) <= 1, name


def routes(x, b, c):
    """The four pictures of the composition playground."""
    return [255 * x, by_torch(x, b), by_torch(x, b, c), by_torch(x, compose(b, c))]


@pytest.mark.parametrize("photo", ["flower", "temple"])
@pytest.mark.parametrize(
    "size, pairs", [("2x2", named_kernels.PAIRS), ("3x3", named_kernels.PAIRS_OF_THREE)]
)
def test_two_kernels_give_torchs_pixels_for_each_preset(opened, photo, size, pairs):
    box = opened(f"composition of {size}")
    x = sample_photo(photo, 120)
    box.locator("select").first.select_option(photo)
    for name, pair in pairs.items():
        box.get_by_label("preset").select_option(name)
        assert furthest(shown(box), routes(x, *pair)) <= 1, name
        assert box.get_by_label("preset").input_value() == name


@pytest.mark.parametrize("size", [2, 3])
def test_random_kernels_give_torchs_pixels(opened, size):
    box = opened(f"composition of {size}x{size}")
    x = sample_photo("flower", 120)
    draw = torch.Generator().manual_seed(size)
    kernels = 6 * torch.rand(25, 2, size, size, generator=draw, dtype=torch.float64) - 3
    texts = [[as_text(b), as_text(c)] for b, c in kernels]
    pictures = box.evaluate(
        """(box, texts) => texts.map(pair => {
            const grids = box.querySelectorAll('[role=group].lesson-cells');
            pair.forEach((text, i) => paste(grids[i].querySelector('input'), text));
            return levels(box).slice(1); })""",
        texts,
    )
    for (b, c), found in zip(kernels, pictures, strict=True):
        assert furthest(levels(found), routes(x, b, c)[1:]) <= 1


@pytest.mark.parametrize(
    "place, corner",
    [
        ("top left", (0, 0)),
        ("top right", (0, 1)),
        ("bottom left", (1, 0)),
        ("bottom right", (1, 1)),
    ],
)
def test_a_placed_kernel_gives_torchs_pixels_and_says_where_the_picture_goes(opened, place, corner):
    box = opened("placement")
    x = sample_photo("flower", 48)
    box.get_by_role("button", name=place).click()
    box.get_by_label("times").fill("3")
    row, column = corner
    blur = torch.full((2, 2), 0.25, dtype=torch.float64)
    kernel = pad(blur, (column, 1 - column, row, 1 - row))
    assert furthest(shown(box), [255 * x, by_torch(x, *[kernel] * 3, padding=1)]) <= 1
    ways = f"1.5 pixels {['down', 'up'][row]} and 1.5 {['right', 'left'][column]}"
    box.get_by_text(f"A window at the {place} moves the picture {ways}").wait_for()
    box.get_by_role("button", name="Undo").click()
    assert box.get_by_label("times").input_value() == "1"


@pytest.mark.parametrize(
    "layers",
    [[(2, 1), (2, 1)], [(3, 2), (3, 1), (2, 3)], [(7, 3)] * 5],
)
def test_a_stack_says_what_one_output_sees(opened, layers):
    box = opened("stack")
    layers = layers + [(1, 1)] * (5 - len(layers))
    for n, (size, stride) in enumerate(layers, 1):
        box.get_by_label(f"size {n}").fill(str(size))
        box.get_by_label(f"stride {n}").fill(str(stride))
    sizes, strides = zip(*layers)
    field = receptive_field(sizes, strides)
    outputs = 64
    for k, stride in layers:
        outputs = output_size(outputs, k, stride, (k // 2, k - 1 - k // 2))
    box.get_by_text(f"sees {field} pixels a side; 64 pixels become {outputs}").wait_for()
    weights = sum(k * k for k in sizes if k > 1)
    assert f"{weights} weights per channel" in box.inner_text()
    [row] = shown(box)
    seen = paths(sizes, strides)
    inside = min(64, len(seen))
    share = 1 - row[0, 0].double() / 255
    start = (64 - inside) // 2
    middle = seen[max(0, (len(seen) - 64) // 2) :][:64] / seen.max()
    assert (share[start : start + inside] - middle).abs().max() < 0.01
    assert share.sum().item() == pytest.approx(middle.sum().item(), abs=0.2)
