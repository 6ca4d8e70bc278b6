"""The composition playground without a browser: its two routes, its presets, its bad numbers."""

import pytest
import torch

from helpers.playgrounds import run_code, values
from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import pixels
from lessonlib.kernels import embed
from lessonlib.playgrounds.composition import SIDE, CompositionPlayground


def thirds(box):
    """The three pictures of the strip."""
    strip = values(box.after.image.value)
    step = SIDE + box.after.GAP
    assert strip.shape == (3, SIDE, 2 * step + SIDE)
    shown = SIDE - 2  # what the two kernels leave of the photo
    return [strip[:, :shown, left : left + shown] for left in (0, step, 2 * step)]


def test_it_shows_two_equal_routes():
    box = CompositionPlayground()
    assert torch.equal(box.kernel, named_kernels.THREE["Sobel"])
    photo = box.before.image.value
    before = thirds(box)
    box.b.cells[1].value = -0.5
    after = thirds(box)
    assert box.before.image.value == photo
    assert not any(map(torch.equal, before, after))
    assert box.preset.value == "custom"
    assert box.difference < 1e-13
    assert (after[1].int() - after[2].int()).abs().max() <= 1  # a rounding apart at most
    assert "-0.5" in box.table.value


def test_the_code_gives_the_same_pictures():
    box = CompositionPlayground()
    box.b.cells[0].value = 3
    names = run_code(box)
    assert torch.allclose(names["two_steps"], names["one_step"], atol=1e-13)
    assert torch.equal(names["A"], box.kernel)
    assert torch.equal(values(pixels(0.5 + names["one_step"] / 2)), thirds(box)[2])


def test_undo_brings_a_photo_and_a_preset_back():
    box = CompositionPlayground()
    start = box.still()
    box.picker.choice.value = "temple"
    box.preset.value = "binomial blur"
    box._undo.click()
    assert box.preset.value == "Sobel"
    assert box.picker.choice.value == "temple"
    box._undo.click()
    assert box.picker.choice.value == "flower"
    assert box.still() == start


@pytest.mark.parametrize("name", sorted(named_kernels.PAIRS))
def test_every_pair_can_be_chosen(name):
    box = CompositionPlayground()
    box.preset.value = name
    assert box.preset.value == name
    assert torch.equal(box.b.kernel, named_kernels.PAIRS[name][0])
    assert torch.equal(box.c.kernel, named_kernels.PAIRS[name][1])


BINOMIAL = torch.tensor([1.0, 4, 6, 4, 1], dtype=torch.float64)
SLOPE = torch.tensor([-1.0, -2, 0, 2, 1], dtype=torch.float64)
WANTED = {
    "identity": embed(named_kernels.THREE["identity"], 5, 1, 1),
    "binomial blur": torch.outer(BINOMIAL, BINOMIAL) / 256,
    "box blur": torch.full((5, 5), 1 / 25, dtype=torch.float64),
    "Sobel": torch.outer(BINOMIAL, SLOPE),
}


@pytest.mark.parametrize("name", sorted(named_kernels.PAIRS_OF_THREE))
def test_two_3x3_compose_to_a_named_5x5(name):
    box = CompositionPlayground(named_kernels.PAIRS_OF_THREE)
    box.preset.value = name
    assert box.preset.value == name
    assert box.kernel.shape == (5, 5)
    assert box.difference < 1e-12
    if name in WANTED:
        torch.testing.assert_close(box.kernel, WANTED[name])
    if name in ("Sobel", "blurred Laplacian"):
        assert box.kernel.sum().abs() < 1e-12


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e308, -100.0])
def test_a_bad_number_is_answered_and_the_last_good_one_is_back(bad):
    box = CompositionPlayground()
    kernel = box.kernel
    picture = box.after.image.value
    box.b.cells[2].value = bad
    assert "finite number between -99 and 99" in box.message.value
    assert "The last good value, 1, is back." in box.message.value
    assert box.b.cells[2].value == 1
    assert torch.equal(box.kernel, kernel)
    assert box.after.image.value == picture
    box.b.cells[2].value = 2  # and goes on
    assert not torch.equal(box.kernel, kernel)
