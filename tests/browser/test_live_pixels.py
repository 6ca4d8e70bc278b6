"""The playgrounds that compute in the page give torch's pixels, within one level of 255."""

import pytest
import torch
from torch.nn.functional import conv1d, pad

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


# the middle of each cell of the first row that is seen, in pixels, and its red
SEEN = """box => {
    const svg = box.querySelector('.lesson-field svg');
    const cells = [...svg.querySelectorAll('rect')].filter(cell => cell.y.baseVal.value < 2);
    return cells.map(({ x, width, style, attributes }) => [
        (x.baseVal.value + width.baseVal.value / 2) * 33 / svg.clientWidth - 1,
        Number(attributes.fill.value.match(/\\d+/)[0])]); }"""


def seen_by(output, layers):
    """Along how many paths that output reaches each of 32 pixels, by torch's gradient."""
    x = torch.zeros(1, 1, 32, dtype=torch.float64, requires_grad=True)
    y = x
    odd = 1  # of an even kernel's padding the odd one is in turn before and behind
    for k, stride in layers:
        before = (k - 1 + odd) // 2
        odd = odd if k % 2 else 1 - odd
        ones = torch.ones(1, 1, k, dtype=torch.float64)
        y = conv1d(pad(y, (before, k - 1 - before)), ones, stride=stride)
    y[0, 0, output].backward()
    return x.grad[0, 0]


@pytest.mark.parametrize(
    "layers",
    [
        [(2, 1), (2, 1)],
        [(2, 1)] * 5,
        [(3, 2), (3, 1), (2, 3)],
        [(4, 1), (2, 2), (5, 1)],
        [(7, 3)] * 5,
    ],
)
def test_a_stack_shows_and_says_what_one_output_sees(opened, layers):
    box = opened("stack")
    layers = layers + [(1, 1)] * (5 - len(layers))
    for n, (size, stride) in enumerate(layers, 1):
        box.get_by_label(f"size of layer {n}").fill(str(size))
        box.get_by_label(f"stride of layer {n}").fill(str(stride))
    sizes, strides = zip(*layers)
    field = receptive_field(sizes, strides)
    outputs = 32
    for k, stride in layers:
        outputs = output_size(outputs, k, stride, (k // 2, k - 1 - k // 2))
    box.get_by_text(f"sees {field} pixels a side; 32 pixels become {outputs}").wait_for()
    weights = sum(k * k for k in sizes if k > 1)
    assert f"{weights} weights per channel" in box.inner_text()
    slider = box.get_by_role("slider")
    assert slider.get_attribute("aria-valuemax") == str(outputs)
    expected = seen_by(int(slider.get_attribute("aria-valuenow")) - 1, layers)
    shown = torch.zeros(32, dtype=torch.float64)
    for pixel, red in box.evaluate(SEEN):
        shown[round(pixel)] = (255 - red) / (255 - 122)
    assert (shown - expected / expected.max()).abs().max() < 0.01
    inside = expected[expected > 0]
    if field <= 20:  # no edge is near the middle
        assert torch.equal(inside, paths(sizes, strides))
