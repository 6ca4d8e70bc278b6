"""A stand-in for the dogs where there are none: ten classes of shapes, drawn by formula, each time the same.

A class is a shape; place, size, angle, light, contrast and both colours are drawn at random, so that no pixel by itself
tells the class. It shows that the machinery works and says nothing about photos.
"""

from functools import cache

import numpy as np

from lessonlib.checks import require_int

__all__ = ["CLASSES", "PER_CLASS", "draw"]

PER_CLASS = (400, 100)  # training and validation drawings a class

# Each shape in its own coordinates x, y with |x|, |y| <= 1, r and t their polar form.
SHAPES = {
    "disc": lambda x, y, r, t: r < 0.9,
    "ring": lambda x, y, r, t: (0.5 < r) & (r < 0.95),
    "square": lambda x, y, r, t: np.maximum(abs(x), abs(y)) < 0.8,
    "frame": lambda x, y, r, t: (
        (0.45 < np.maximum(abs(x), abs(y))) & (np.maximum(abs(x), abs(y)) < 0.85)
    ),
    "triangle": lambda x, y, r, t: (y > -0.6) & (1.7 * abs(x) + y < 0.9),
    "cross": lambda x, y, r, t: (
        (np.minimum(abs(x), abs(y)) < 0.28) & (np.maximum(abs(x), abs(y)) < 0.95)
    ),
    "star": lambda x, y, r, t: r < 0.6 + 0.4 * np.cos(5 * t),
    "crescent": lambda x, y, r, t: (r < 0.95) & (np.hypot(x - 0.5, y) > 0.75),
    "two bars": lambda x, y, r, t: (abs(abs(y) - 0.6) < 0.25) & (abs(x) < 0.9),
    "four dots": lambda x, y, r, t: np.hypot(abs(x) - 0.6, abs(y) - 0.6) < 0.33,
}
CLASSES = tuple(SHAPES)


def draw(per_class, size, seed):
    """`per_class` drawings of each class, shuffled: uint8 images `(n, 3, size, size)` and int64 labels `(n,)`.

    ValueError for what are no whole numbers.
    """
    require_int("draw", per_class=per_class, size=size)
    require_int("draw", 0, seed=seed)
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(CLASSES)), per_class))
    images = np.stack([_drawing(SHAPES[CLASSES[label]], size, random) for label in labels])
    return images, labels


def _drawing(shape, size, random):
    background, colour = random.uniform(0, 255, (2, 3, 1, 1))
    outside, inside = (flat + _shading(size, random) for flat in (background, colour))
    contrast = random.uniform(0.7, 1)
    where = _place(shape, size, random.uniform(0.3, 0.46), random)
    picture = np.where(where, (1 - contrast) * outside + contrast * inside, outside)
    noise = 10 * random.standard_normal(picture.shape, dtype=np.float32)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def _place(shape, size, scale, random):
    """Where `shape` lies in the picture: turned, moved, `scale` of the picture's side from its middle to its edge."""
    row, col = _grid(size)
    y0, x0 = random.uniform(scale, 1 - scale, 2)
    angle = random.uniform(-0.6, 0.6)
    x, y = (col - x0) / scale, (row - y0) / scale
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return shape(x, y, np.hypot(x, y), np.arctan2(y, x))


def _shading(size, random):
    """A slope of light across the picture."""
    row, col = _grid(size)
    down, across = random.uniform(-30, 30, 2)
    return down * (row - 0.5) + across * (col - 0.5)


@cache
def _grid(size):
    """Row and column of every pixel's middle, in shares of the picture's side."""
    return np.ogrid[0.5 / size : 1 : 1 / size, 0.5 / size : 1 : 1 / size]
