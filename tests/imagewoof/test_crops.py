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

from lessonlib.imagewoof.crops import crop_by_matrices, crop_one_by_one, middle, random_boxes
from lessonlib.imagewoof.photos import _squeezed
from lessonlib.sample_photos import sample_photo

SIDES = st.integers(1, 40)


def noise(n, size, seed=0):
    images = torch.randint(
        256, (n, size, size, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
    )
    return images.permute(0, 3, 1, 2)


def by_pillow(image, box, px):
    photo = Image.fromarray(image.permute(1, 2, 0).contiguous().numpy())
    return torch.from_numpy(
        np.array(photo.crop(box).resize((px, px), Image.Resampling.BILINEAR))
    ).permute(2, 0, 1)


@settings(max_examples=60)
@given(SIDES, SIDES, st.integers(0, 20), st.integers(0, 20), st.integers(1, 48))
def test_both_ways_are_pillows_crop_and_resize(width, height, left, top, px):
    images, box = noise(3, 60), (left, top, left + width, top + height)
    chosen, boxes = torch.tensor([2, 0]), torch.tensor([box, box])
    expected = torch.stack([by_pillow(images[k], box, px) for k in (2, 0)]).float()
    assert (crop_one_by_one(images, chosen, boxes, px).float() - expected).abs().max() <= 1
    assert (
        crop_by_matrices(images, chosen, boxes, px) - expected
    ).abs().max() <= 1.01  # Pillow rounds twice


def test_a_batch_is_channels_last_either_way():
    images, boxes = noise(4, 32), torch.tensor([[0, 0, 20, 30]] * 4)
    for way in (crop_one_by_one, crop_by_matrices):
        assert way(images, torch.arange(4), boxes, 16).is_contiguous(
            memory_format=torch.channels_last
        )


def test_validation_is_fastais():
    image = noise(1, 90)
    photo = Image.fromarray(image[0].permute(1, 2, 0).contiguous().numpy())
    larger = photo.resize((80, 80), Image.Resampling.BILINEAR).crop(
        (8, 8, 72, 72)
    )  # 64 + 16, as RandomResizedCrop for 64
    assert (
        middle(image, 64)[0].permute(1, 2, 0).int() - torch.from_numpy(np.array(larger)).int()
    ).abs().max() <= 1


def fastais_boxes(aspect, n, size):
    width, height = (size, round(size / aspect)) if aspect > 1 else (round(size * aspect), size)
    photo, transform = Image.new("RGB", (width, height)), RandomResizedCrop(64, min_scale=0.35)
    boxes = []
    for _ in range(n):
        transform.before_call(photo, 0)
        (left, top), (w, h) = transform.tl, transform.cp_size
        boxes.append([left / width, top / height, (left + w) / width, (top + h) / height])
    return np.array(boxes)


@pytest.mark.parametrize("aspect", [0.4, 0.75, 1.0, 1.33, 3.0])
def test_boxes_are_spread_as_fastais(aspect):
    """Means and spreads of the four sides, of the area and of the shape, of 4,000 boxes each."""
    random.seed(0)
    n, size = 4000, 1000
    ours = random_boxes(np.full(n, aspect), size, torch.Generator().manual_seed(0)).numpy() / size
    theirs = fastais_boxes(aspect, n, size)

    def statistics(boxes):
        left, top, right, bottom = boxes.T
        each = np.stack(
            [*boxes.T, (right - left) * (bottom - top), (right - left) * aspect / (bottom - top)]
        )
        return np.concatenate([each.mean(1), each.std(1)])

    assert np.abs(statistics(ours) - statistics(theirs)).max() < 0.02


@given(
    st.lists(st.floats(0.2, 5), min_size=1, max_size=5), st.integers(8, 200), st.integers(0, 2**31)
)
def test_boxes_lie_inside(aspects, size, seed):
    left, top, right, bottom = random_boxes(aspects, size, torch.Generator().manual_seed(seed)).T
    assert (
        (left >= 0).all() and (top >= 0).all() and (right <= size).all() and (bottom <= size).all()
    )
    assert (right > left).all() and (bottom > top).all()


@pytest.mark.parametrize("stored, px", [(128, 64), (192, 128)])
def test_a_crop_of_the_kept_square_is_faithful_to_the_source(stored, px):
    """At the tiers' sizes the detour through the square changes a crop less than moving it by one source pixel would."""
    source = Image.fromarray(
        (sample_photo("flower", 200).permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    ).crop((0, 0, 200, 160))
    file = io.BytesIO()
    source.save(file, "JPEG", quality=95)
    kept, aspect = _squeezed(file.getvalue(), stored, "here")
    assert aspect == 1.25
    photo, kept = Image.open(file), torch.from_numpy(kept.copy()).permute(2, 0, 1)[None]

    def cut(left, top, right, bottom):
        resized = photo.resize((px, px), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
        return torch.from_numpy(np.array(resized)).permute(2, 0, 1).float()

    lost, moved = 0, 0
    for box in random_boxes(np.full(20, aspect), stored, torch.Generator().manual_seed(1)):
        left, top, right, bottom = (
            float(side) * full / stored for side, full in zip(box, (200, 160, 200, 160))
        )
        away = 1 if right < 199 else -1
        direct = cut(left, top, right, bottom)
        lost += (
            (crop_one_by_one(kept, torch.tensor([0]), box[None], px)[0].float() - direct)
            .abs()
            .mean()
        )
        moved += (cut(left + away, top, right + away, bottom) - direct).abs().mean()
    assert lost < 0.5 * moved
