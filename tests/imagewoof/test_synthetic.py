"""The synthetic stand-in: the same for the same seed, and no class is told by pixels alone."""

import numpy as np
from sklearn.linear_model import RidgeClassifier

from lessonlib.imagewoof import synthetic


def test_the_stand_in_is_the_same_every_time_and_shuffled():
    images, labels = synthetic.draw(3, 24, seed=1)
    again, _ = synthetic.draw(3, 24, seed=1)
    other, _ = synthetic.draw(3, 24, seed=2)
    assert np.array_equal(images, again) and not np.array_equal(images, other)
    assert np.bincount(labels).tolist() == [3] * 10 and images.dtype == np.uint8


def flat(images):
    return images.reshape(len(images), -1) / 255


def test_pixels_alone_do_not_tell_the_shapes():
    images, labels = synthetic.draw(150, 32, seed=0)
    valid_images, valid_labels = synthetic.draw(50, 32, seed=1)
    for alpha in (1, 100, 10_000):
        linear = RidgeClassifier(alpha=alpha).fit(flat(images), labels)
        assert linear.score(flat(valid_images), valid_labels) < 0.3
