"""Stills to step through, the cone and the slice: their words, and what they draw."""

import re
from html import unescape

import numpy as np
import pytest
import torch

from lessonlib.algebra.named_kernels import THREE
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.figures.kernel_space import double_cone, mixtures, residual_slice, turned_cone
from lessonlib.figures.pictures import Picture, pixels
from lessonlib.figures.sliding import patch_steps, slide_steps
from lessonlib.figures.steps import Steps
from lessonlib.kernels import correlate

PNG = pixels(torch.zeros(2, 2))
ROWS = {"blur": (2, 1), "box": (1, 1), "difference": (0, -1)}


def words(steps):
    """The alternative texts and the captions, as the page has them."""
    page = steps._repr_mimebundle_()[0]["text/html"]
    alts = re.findall(r'alt="(.*?)"', page)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    return [unescape(alt) for alt in alts], [unescape(caption) for caption in captions]


def test_the_page_has_every_still_with_its_words_and_the_png_is_the_last():
    first, last = Picture(PNG, 'a "first" < one'), Picture(pixels(torch.ones(2, 2)), "the last one")
    steps = Steps({"x & y": first, "z": last})
    assert words(steps) == (['a "first" < one', "the last one"], ["x & y", "z"])
    data, metadata = steps._repr_mimebundle_()
    assert data["text/html"].count("data:image/png;base64,") == 2
    assert data["image/png"] in data["text/html"].rpartition("<figure")[2]
    assert metadata["image/png"]["alt"] == "The last of 2 steps, z. the last one"


@pytest.mark.parametrize(
    "stills, error, said",
    [
        ({}, ValueError, "at least two"),
        ({"one": Picture(PNG, "one")}, ValueError, "not 1"),
        ([Picture(PNG, "one")] * 2, TypeError, "give a dict"),
        ({"one": Picture(PNG, "one"), "two": PNG}, TypeError, "still 'two' is of type bytes"),
    ],
)
def test_what_is_no_row_of_stills_is_refused(stills, error, said):
    with pytest.raises(error, match=said):
        Steps(stills)


def test_a_kernel_that_slides_says_its_products():
    x = torch.tensor([[1.0, 2, 0], [0, 1, 3], [4, 0, 1]])
    K = torch.tensor([[1.0, -1], [2, 0]])
    _, captions = words(slide_steps(x, K))
    assert captions[0].startswith(
        "row 0, column 0: 1\u00b71 + (\u22121)\u00b72 + 2\u00b70 + 0\u00b71"
    )
    said = [float(caption.rpartition(" ")[2].replace("\u2212", "-")) for caption in captions]
    assert said == correlate(x, K).flatten().tolist()


def test_a_patch_is_a_column():
    alts, captions = words(patch_steps(torch.arange(12.0).view(3, 4), 2))
    assert len(alts) == 6
    assert captions[4] == "the patch at row 1, column 1 is column 4 of the matrix"


def test_the_cone_is_where_the_discriminant_is_zero():
    a, c, b = double_cone()
    np.testing.assert_allclose(b**2, 4 * a * c, atol=1e-12)
    assert a.min() == -a.max() < -1


def test_the_cone_says_what_is_inside():
    alts, _ = words(turned_cone(ROWS))
    assert len(set(alts)) == len(alts)
    assert all("inside box; outside difference;" in alt for alt in alts)


def test_the_slice_has_its_corners_and_a_mixture_in_the_middle():
    corners = [THREE[name] for name in ("Sobel", "Prewitt", "Laplacian", "box blur")]
    made = mixtures(corners, torch.tensor([0, 0.5, 1], dtype=torch.float64))
    scaled = [corner / corner.norm() for corner in corners]
    torch.testing.assert_close(made[[0, 0, 2, 2], [0, 2, 0, 2]], torch.stack(scaled))
    torch.testing.assert_close(made[1, 1], sum(scaled) / 4)


def test_the_slice_says_how_far_its_corners_are():
    corners = {name: THREE[name] for name in ("Sobel", "Prewitt", "Laplacian", "box blur")}
    alt = residual_slice(corners).alt
    for name, kernel in corners.items():
        assert f"{name} {nearest_product(kernel).relative.abs():.0%}" in alt
