"""A synthetic stand-in for the dogs: ten classes of shapes, drawn by formula.

A class is a shape. Place, size, angle, light, contrast and both colours are drawn at random, so no
single pixel tells the class; the same seed gives the same drawings. The stand-in shows that the
machinery works and says nothing about photos.
"""

from functools import cache

import numpy as np

from lessonlib.checks import require_int

__all__ = ["CLASSES", "PER_CLASS", "draw"]

PER_CLASS = (400, 100)  # training and validation drawings per class


def _larger_side(x, y):
    return np.maximum(abs(x), abs(y))


# Each shape in its own coordinates x, y with |x|, |y| <= 1; r and t are their polar form.
SHAPES = {
    "disc": lambda x, y, r, t: r < 0.9,
    "ring": lambda x, y, r, t: (0.5 < r) & (r < 0.95),
    "square": lambda x, y, r, t: _larger_side(x, y) < 0.8,
    "frame": lambda x, y, r, t: (0.45 < _larger_side(x, y)) & (_larger_side(x, y) < 0.85),
    "triangle": lambda x, y, r, t: (y > -0.6) & (1.7 * abs(x) + y < 0.9),
    "cross": lambda x, y, r, t: (np.minimum(abs(x), abs(y)) < 0.28) & (_larger_side(x, y) < 0.95),
    "star": lambda x, y, r, t: r < 0.6 + 0.4 * np.cos(5 * t),
    "crescent": lambda x, y, r, t: (r < 0.95) & (np.hypot(x - 0.5, y) > 0.75),
    "two bars": lambda x, y, r, t: (abs(abs(y) - 0.6) < 0.25) & (abs(x) < 0.9),
    "four dots": lambda x, y, r, t: np.hypot(abs(x) - 0.6, abs(y) - 0.6) < 0.33,
}
CLASSES = tuple(SHAPES)


def draw(per_class, size, seed):
    """`per_class` drawings of each class, shuffled.

    Returns uint8 images `(n, 3, size, size)` and int64 labels `(n,)`. ValueError unless per_class
    and size are whole numbers from 1 up and seed from 0 up.
    """
    require_int("draw", per_class=per_class, size=size)
    require_int("draw", 0, seed=seed)
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(CLASSES)), per_class))
    images = np.stack([_drawing(SHAPES[CLASSES[label]], size, random) for label in labels])
    return images, labels


def _drawing(shape, size, random):
    background, colour = random.uniform(0, 255, (2, 3, 1, 1))
    outside = background + _shading(size, random)
    inside = colour + _shading(size, random)
    contrast = random.uniform(0.7, 1)
    where = _place(shape, size, random.uniform(0.3, 0.46), random)
    picture = np.where(where, (1 - contrast) * outside + contrast * inside, outside)
    noise = 10 * random.standard_normal(picture.shape, dtype=np.float32)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def _place(shape, size, scale, random):
    """The pixels `(size, size)`, True or False, of `shape`, rotated and moved at random.

    scale: from the shape's middle to its edge, as a share of the picture's side.
    """
    row, col = _grid(size)
    y0, x0 = random.uniform(scale, 1 - scale, 2)
    angle = random.uniform(-0.6, 0.6)
    right = (col - x0) / scale
    down = (row - y0) / scale
    x = right * np.cos(angle) + down * np.sin(angle)
    y = down * np.cos(angle) - right * np.sin(angle)
    return shape(x, y, np.hypot(x, y), np.arctan2(y, x))


def _shading(size, random):
    """A slope of light across the picture, `(size, size)`, to be added to its values."""
    row, col = _grid(size)
    down, across = random.uniform(-30, 30, 2)
    return down * (row - 0.5) + across * (col - 0.5)


@cache
def _grid(size):
    """Row `(size, 1)` and column `(1, size)` of each pixel's middle, as shares of the side."""
    middles = slice(0.5 / size, 1, 1 / size)
    return np.ogrid[middles, middles]
