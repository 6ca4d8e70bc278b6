"""The placement playground without a browser."""

import torch

from helpers.playgrounds import furthest, message_of, run_code
from lessonlib.figures.pictures import pixels
from lessonlib.playgrounds.placement import PlacementPlayground


def test_the_picture_drifts_by_half_a_pixel_per_layer():
    box = PlacementPlayground()
    assert "0.5 pixel down and 0.5 right" in message_of(box)
    before = box.after.image.value
    box.layers.value = 4
    assert "2 pixels down and 2 right" in message_of(box)
    assert box.after.image.value != before
    box.place.value = "bottom right"
    assert "2 pixels up and 2 left" in message_of(box)
    assert torch.equal(box.kernel[1:, 1:], box.editor.kernel)


def test_the_code_gives_the_same_picture():
    box = PlacementPlayground()
    box.editor.cells[0].value = 3
    box.layers.value = 2
    seen = run_code(box)["y"] / max(1, box.kernel.sum())
    assert furthest(pixels(seen, 5), box.after.image.value) <= 1
