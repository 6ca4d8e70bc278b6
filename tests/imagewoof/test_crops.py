"""Crops: against Pillow, against fastai's own RandomResizedCrop, and one way against the other."""

import io
import random

import numpy as np
import pytest
import torch
from fastai.vision.augment import RandomResizedCrop
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lessonlib.imagewoof.cache import _squeezed
from lessonlib.imagewoof.crops import (
    crop_by_matrices,
    crop_one_by_one,
    middle,
    mirror,
    random_boxes,
)
from lessonlib.sample_photos import sample_photo

SIDES = st.integers(1, 40)
PLACES = st.integers(0, 20)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def noise(n, size):
    images = torch.randint(256, (n, size, size, 3), generator=seeded(0), dtype=torch.uint8)
    return images.permute(0, 3, 1, 2)


def to_pillow(image):
    return Image.fromarray(image.permute(1, 2, 0).contiguous().numpy())


def from_pillow(photo):
    return torch.from_numpy(np.array(photo)).permute(2, 0, 1)


def by_pillow(image, box, px):
    return from_pillow(to_pillow(image).crop(box).resize((px, px), Image.Resampling.BILINEAR))


@settings(max_examples=60)
@given(SIDES, SIDES, PLACES, PLACES, st.integers(1, 48))
def test_both_ways_are_pillows_crop_and_resize(width, height, left, top, px):
    images = noise(3, 60)
    box = (left, top, left + width, top + height)
    chosen = torch.tensor([2, 0])
    boxes = torch.tensor([box, box])
    expected = torch.stack([by_pillow(images[k], box, px) for k in (2, 0)]).float()
    by_one = crop_one_by_one(images, chosen, boxes, px).float()
    by_matrices = crop_by_matrices(images, chosen, boxes, px)
    # The matrices do not round; Pillow and torch round after the columns and after the rows, so
    # each is within one level of the matrices, and a hundredth for their whole-number weights
    assert (by_matrices - expected).abs().max() <= 1.02
    assert (by_matrices - by_one).abs().max() <= 1.02


@pytest.mark.parametrize("way", [crop_one_by_one, crop_by_matrices])
def test_a_batch_is_channels_last_either_way(way):
    boxes = torch.tensor([[0, 0, 20, 30]] * 4)
    batch = way(noise(4, 32), torch.arange(4), boxes, 16)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_only_the_chosen_pieces_are_mirrored():
    pieces = noise(5, 12)
    which = torch.tensor([True, False, False, True, True])
    expected = torch.stack([p.flip(2) if w else p for p, w in zip(pieces, which)])
    assert torch.equal(mirror(pieces.clone(), which), expected)
    on_a_gpu = mirror(pieces.to("meta"), which)
    assert on_a_gpu.shape == pieces.shape


def test_validation_is_fastais():
    image = noise(1, 90)
    # 80 is 64 + 16, as RandomResizedCrop for 64 has it
    larger = to_pillow(image[0]).resize((80, 80), Image.Resampling.BILINEAR)
    expected = from_pillow(larger.crop((8, 8, 72, 72))).int()
    assert (middle(image, 64)[0].int() - expected).abs().max() <= 1


def fastais_boxes(aspect, n, size):
    width, height = (size, round(size / aspect)) if aspect > 1 else (round(size * aspect), size)
    photo = Image.new("RGB", (width, height))
    transform = RandomResizedCrop(64, min_scale=0.35)
    boxes = []
    for _ in range(n):
        transform.before_call(photo, 0)
        left, top = transform.tl
        w, h = transform.cp_size
        boxes.append([left / width, top / height, (left + w) / width, (top + h) / height])
    return np.array(boxes)


def means_and_spreads(boxes, aspect):
    """Of the four sides, the area and the shape."""
    left, top, right, bottom = boxes.T
    wide = right - left
    high = bottom - top
    each = np.stack([left, top, right, bottom, wide * high, wide * aspect / high])
    return np.concatenate([each.mean(1), each.std(1)])


@pytest.mark.parametrize("aspect", [0.4, 0.75, 1.0, 1.33, 3.0])
def test_boxes_are_spread_as_fastais(aspect):
    random.seed(0)
    size = 1000
    theirs = fastais_boxes(aspect, 4000, size)
    ours = random_boxes(np.full(4000, aspect), size, seeded(0)).numpy() / size
    gap = means_and_spreads(ours, aspect) - means_and_spreads(theirs, aspect)
    assert np.abs(gap).max() < 0.02


ASPECTS = st.lists(st.floats(0.2, 5), min_size=1, max_size=5)


@given(ASPECTS, st.integers(8, 200), st.integers(0, 2**31))
def test_boxes_lie_inside(aspects, size, seed):
    boxes = random_boxes(aspects, size, seeded(seed))
    left, top, right, bottom = boxes.T
    assert (boxes >= 0).all() and (boxes <= size).all()
    assert (right > left).all() and (bottom > top).all()


@pytest.mark.parametrize("stored, px", [(128, 64), (192, 128)])
def test_a_crop_of_the_stored_square_is_faithful_to_the_photo(stored, px):
    """At the tiers' sizes the detour by the square matters less than moving by one source pixel."""
    pixels = sample_photo("flower", 200).permute(1, 2, 0).numpy() * 255
    source = Image.fromarray(pixels.astype(np.uint8)).crop((0, 0, 200, 160))
    file = io.BytesIO()
    source.save(file, "JPEG", quality=95)
    square, aspect = _squeezed(file.getvalue(), stored, "here")
    assert aspect == 1.25
    squares = from_pillow(square)[None]
    photo = Image.open(file)

    def from_photo(left, top, right, bottom):
        box = (left, top, right, bottom)
        return from_pillow(photo.resize((px, px), Image.Resampling.BILINEAR, box=box)).float()

    lost = 0
    moved = 0
    for box in random_boxes(np.full(20, aspect), stored, seeded(1)):
        left, top, right, bottom = (box.double() * torch.tensor([200, 160] * 2) / stored).tolist()
        away = 1 if right < 199 else -1
        direct = from_photo(left, top, right, bottom)
        by_square = crop_one_by_one(squares, torch.tensor([0]), box[None], px)[0].float()
        lost += (by_square - direct).abs().mean()
        moved += (from_photo(left + away, top, right + away, bottom) - direct).abs().mean()
    assert lost < 0.5 * moved
